// What happens in the server's store, in order, across broken connections.
//
// The worker thread reads updates, puts takes together and fills a queue; the host polls the queue. `since` moves when
// an update that completes a sequence enters the queue, so a new connection goes on exactly there: what is in the queue
// is not asked for again, what did not get in is.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client.h"
#include "messages.h"
#include "task.h"

namespace microexpr {

// One update for the host.
struct Event {
  int kind = 0;  // microexpr_update_kind
  Update update;
  std::string store_id;
  TakeHandle take;
  Status take_status;
};

struct SubscriptionLimits {
  std::size_t updates = 64;      // of takes, waiting for the host
  std::size_t all = 4096;        // with live headers and frames
  std::size_t live_frames = 16;  // of one subject
};

class Subscription {
 public:
  Subscription(std::shared_ptr<ClientState> client, Subscribing from, SubscriptionLimits limits);

  Status start();
  void cancel() { task_->stop(); }
  void join() { task_->join(); }

  // For the host: the next event, PENDING, or why it has ended.
  int poll(Event* event);
  bool is_connected() const;
  std::string message() const;

 private:
  // A committed take whose parts are still coming.
  struct Pending {
    Update update;
    TakeBuilder builder;
    Status broken;  // the first thing that was wrong with it; the rest of its parts is passed over
  };

  void run();
  Status run_stream();  // from opening to the end of one connection
  Status handle(Update update);
  Status welcome(Update update);
  Status add_part(Update update);
  Status finish_take(const Update& end);
  Status handle_live(Update update);
  Status push(Event event);  // waits for room; CANCELLED while stopping
  void push_frame(Event event);
  void lose(const Status& why);
  void end(Status why);
  bool has_room() const;
  static std::uint64_t held_bytes(const Event& event);

  const std::shared_ptr<ClientState> client_;
  const SubscriptionLimits limits_;
  const std::shared_ptr<Task> task_ = std::make_shared<Task>();

  // The worker's own.
  Subscribing from_;
  std::unique_ptr<Pending> pending_;
  std::map<std::uint64_t, std::size_t> subjects_;  // number of names of each

  mutable std::mutex mutex_;
  std::deque<Event> queue_;
  std::size_t take_updates_ = 0;
  std::uint64_t content_bytes_ = 0;
  bool connected_ = false;
  bool ended_ = false;
  Status state_;  // why it is not connected, or why it ended
};

// Whether a new connection may help.
bool is_passing(int code);

}  // namespace microexpr
