// One question to the server, answered on its own thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client.h"
#include "messages.h"
#include "task.h"

namespace microexpr {

// What a call can answer; which of it counts depends on the call.
struct CallResult {
  bool has_info = false;
  ServerInfo info;
  std::vector<const char*> rigs;
  std::vector<const char*> emotions;
  std::vector<Summary> summaries;
  bool has_page_token = false;
  std::string page_token;
  bool has_already_stored = false;
  bool already_stored = false;
  TakeHandle take;
};

struct Progress {
  std::string stage = "connect";
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

class Call {
 public:
  using Body = std::function<Status(Call&)>;

  Call(std::shared_ptr<ClientState> client, Body body);

  Status start();
  void cancel() { task_->stop(); }
  void join() { task_->join(); }

  // For the host.
  int poll(Progress* progress, std::string* message) const;
  bool is_done() const;
  const CallResult& result() const { return result_; }  // once it is done

  // For the body.
  const ClientSettings& settings() const { return client_->settings; }
  Stream* open(const char* method, std::uint32_t deadline_ms);
  void set_progress(std::string stage, std::uint64_t done, std::uint64_t total);
  CallResult& answer() { return result_; }

 private:
  void run();

  const std::shared_ptr<ClientState> client_;
  const Body body_;
  const std::shared_ptr<Task> task_ = std::make_shared<Task>();
  mutable std::mutex mutex_;
  int code_ = MICROEXPR_PENDING;
  std::string message_;
  Progress progress_;
  CallResult result_;
};

// The bodies of calls (call_bodies.cpp).
Status ask_info(Call& call);
Status ask_list(Call& call, std::uint32_t page_size, const std::string& page_token);
Status fetch_take(Call& call, const std::string& take_id);
Status remap_take(Call& call, const std::string& take_id, const Mapping& mapping);
Status delete_take(Call& call, const std::string& take_id);
Status push_take(Call& call, const std::string& take_id, bool replace, const TakeContent& take);
Status analyze_video(Call& call, const Analysis& analysis);

}  // namespace microexpr
