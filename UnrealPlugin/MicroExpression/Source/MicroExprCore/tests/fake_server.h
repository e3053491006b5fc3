// A microexpr server inside the test: the store, subscriptions and calls of bridge.proto, over the Transport interface.
// Streams compute their messages when they are read, under one lock, so every interleaving is possible.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "client.h"
#include "samples.h"
#include "transport.h"

class FakeServer : public microexpr::Transport, public std::enable_shared_from_this<FakeServer> {
 public:
  explicit FakeServer(std::string store_id = "store-a") : store_id_(std::move(store_id)) {}
  // The server that clients of microexpr_client_create reach from now on; nullptr: none answers.
  static void reachable(std::shared_ptr<FakeServer> server);
  std::unique_ptr<microexpr::Stream> open(const char* method, std::uint32_t deadline_ms) override;

  // The store.
  void commit(const std::string& take_id, const samples::Parts& parts);
  void remove(const std::string& take_id);
  void recreate(const std::string& store_id);                 // another store: empty, with another id
  void announce_without_content(const std::string& take_id);  // a commit whose take is gone when its content is due

  // Live subjects, to subscriptions that are open.
  void live_header(std::uint64_t subject, const std::string& name, const std::vector<std::string>& names);
  void live_frame(std::uint64_t subject, double time_s, const std::vector<float>& values);
  void live_end(std::uint64_t subject);

  // Faults.
  void set_down(bool down);  // connections are refused
  void break_now();          // ends open streams with UNAVAILABLE
  // Ends each subscription after this many messages, the next one after one more, and so on; 0: never.
  void break_after(std::size_t messages);
  void hang(const std::string& method);  // its streams say nothing until they are cancelled
  // Answers with these messages and this status instead.
  void script(const std::string& method, std::vector<std::string> messages, microexpr::Status status);

  std::size_t subscriptions() const;  // opened so far
  std::size_t open_streams() const;

  struct Entry {
    std::uint64_t sequence;
    std::string take_id;
    bool deleted;
    samples::Parts parts;  // empty: its content is gone
  };
  struct Script {
    std::vector<std::string> messages;
    microexpr::Status status;
  };

 private:
  friend class FakeStream;
  void deliver_live(const std::string& update);  // the lock is held

  std::string store_id_;
  std::uint64_t sequence_ = 0;
  std::vector<Entry> log_;
  std::map<std::string, samples::Parts> takes_;
  std::set<class FakeStream*> streams_;
  std::map<std::string, Script> scripts_;
  std::set<std::string> hanging_;
  std::map<std::uint64_t, std::string> live_headers_;
  bool down_ = false;
  std::size_t break_after_ = 0;
  std::size_t subscriptions_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
};

// A client of the fake; destroyed with it.
class FakeClient {
 public:
  explicit FakeClient(std::shared_ptr<FakeServer> server, microexpr::ClientSettings settings = {});
  ~FakeClient() { microexpr_client_destroy(client_); }
  FakeClient(const FakeClient&) = delete;
  FakeClient& operator=(const FakeClient&) = delete;
  operator microexpr_client*() const { return client_; }

 private:
  microexpr_client* client_;
};

// Polls a call until it is done, at most some seconds; PENDING if it is not done then.
int wait_for(microexpr_call* call);
// Polls a subscription until there is an update or it has ended; PENDING after `patience_ms`.
int wait_for(microexpr_subscription* subscription, microexpr_update* update, int patience_ms = 10000);
