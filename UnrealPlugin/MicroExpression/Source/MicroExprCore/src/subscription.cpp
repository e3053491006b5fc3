#include "subscription.h"

#include <algorithm>
#include <new>
#include <utility>

namespace microexpr {
namespace {

using Kind = Update::Kind;

bool is_live(int kind) {
  return kind == MICROEXPR_UPDATE_LIVE_HEADER || kind == MICROEXPR_UPDATE_LIVE_FRAME ||
         kind == MICROEXPR_UPDATE_LIVE_END;
}

Status stopped() { return {MICROEXPR_CANCELLED, "the subscription was cancelled"}; }

}  // namespace

bool is_passing(int code) {
  switch (code) {
    case MICROEXPR_OK:  // the server shut down in order
    case MICROEXPR_UNAVAILABLE:
    case MICROEXPR_CANCELLED:
    case MICROEXPR_ABORTED:
    case MICROEXPR_DEADLINE_EXCEEDED:
    case MICROEXPR_RESOURCE_EXHAUSTED:
    case MICROEXPR_INTERNAL:
      return true;
    default:
      return false;
  }
}

Subscription::Subscription(std::shared_ptr<ClientState> client, Subscribing from, SubscriptionLimits limits)
    : client_(std::move(client)), limits_(limits), from_(std::move(from)) {}

Status Subscription::start() {
  if (Status status = client_->adopt(task_); !status.ok()) return status;
  task_->start([this] { run(); });
  return {};
}

void Subscription::run() {
  std::chrono::milliseconds pause = client_->settings.first_pause;
  try {
    while (!task_->is_stopping()) {
      const Status status = run_stream();
      task_->close();
      if (task_->is_stopping()) break;
      if (!is_passing(status.code)) return end(status);
      if (is_connected()) pause = client_->settings.first_pause;
      lose(status);
      if (!task_->pause(pause)) break;
      pause = std::min(pause * 2, client_->settings.longest_pause);
    }
    end(stopped());
  } catch (const std::bad_alloc&) {
    end({MICROEXPR_OUT_OF_MEMORY, "there is not enough memory for an update"});
  } catch (const std::exception& error) {
    end({MICROEXPR_INTERNAL, error.what()});
  }
  task_->close();
}

Status Subscription::run_stream() {
  pending_.reset();
  subjects_.clear();
  Stream* const stream = task_->open(*client_->transport, method::kSubscribe, 0);
  if (stream->write(encode_subscribe(from_))) stream->writes_done();
  std::string bytes;
  Status status;
  while (status.ok() && stream->read(&bytes)) {
    Update update;
    status = decode_update(bytes, &update);
    if (status.ok()) status = handle(std::move(update));
  }
  if (!status.ok()) stream->cancel();
  Status finished = stream->finish();
  return status.ok() ? finished : status;
}

Status Subscription::handle(Update update) {
  if (update.kind == Kind::kWelcome) return welcome(std::move(update));
  if (!is_connected()) return damaged("the server sent an update before its welcome");
  switch (update.kind) {
    case Kind::kHeader:
    case Kind::kChunk:
    case Kind::kEnd:
      return add_part(std::move(update));
    case Kind::kLiveHeader:
    case Kind::kLiveFrame:
    case Kind::kLiveEnd:
      return handle_live(std::move(update));
    default:
      break;
  }
  pending_.reset();  // a take that was replaced or deleted while its parts came has no end: this is what overtook it
  if (update.kind == Kind::kSummary && from_.content && update.resume_sequence == 0) {
    pending_.reset(new Pending{std::move(update), TakeBuilder(client_->settings.max_take_bytes), {}});
    return {};
  }
  Event event;
  event.kind = update.kind == Kind::kSummary   ? MICROEXPR_UPDATE_COMMITTED
               : update.kind == Kind::kDeleted ? MICROEXPR_UPDATE_DELETED
                                               : MICROEXPR_UPDATE_OTHER;
  if (event.kind == MICROEXPR_UPDATE_OTHER && update.resume_sequence == 0) return {};
  event.update = std::move(update);
  return push(std::move(event));
}

Status Subscription::welcome(Update update) {
  if (is_connected()) return damaged("the server sent a second welcome");
  if (update.text.empty()) return damaged("the server's welcome names no store");
  const bool other = update.reset || (!from_.store_id.empty() && update.text != from_.store_id);
  if (other || from_.store_id.empty()) from_.since_sequence = 0;
  update.reset = other;
  from_.store_id = update.text;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    connected_ = true;
    state_ = {};
  }
  Event event;
  event.kind = MICROEXPR_UPDATE_WELCOME;
  event.update = std::move(update);
  return push(std::move(event));
}

Status Subscription::add_part(Update update) {
  if (pending_ == nullptr) return damaged("the server sent a part of no take");
  if (update.kind == Kind::kEnd) return finish_take(update);
  if (!pending_->broken.ok()) return {};
  pending_->broken = update.kind == Kind::kHeader ? pending_->builder.add_header(std::move(update.text))
                                                  : pending_->builder.add_chunk(std::move(update.text));
  return {};
}

Status Subscription::finish_take(const Update& end) {
  Event event;
  event.kind = MICROEXPR_UPDATE_COMMITTED;
  event.take_status = std::move(pending_->broken);
  std::unique_ptr<TakeContent> content;
  if (event.take_status.ok()) event.take_status = pending_->builder.finish(&end.sha256, &content);
  if (event.take_status.ok()) event.take.reset(new microexpr_take(std::move(content)));
  event.update = std::move(pending_->update);
  event.update.resume_sequence = end.resume_sequence;
  pending_.reset();
  return push(std::move(event));
}

Status Subscription::handle_live(Update update) {
  Event event;
  if (update.kind == Kind::kLiveHeader) {
    subjects_[update.subject_id] = update.names.size();
    event.kind = MICROEXPR_UPDATE_LIVE_HEADER;
  } else if (update.kind == Kind::kLiveEnd) {
    if (subjects_.erase(update.subject_id) == 0) return damaged("the server ended a live subject that it never named");
    event.kind = MICROEXPR_UPDATE_LIVE_END;
  } else {
    const auto subject = subjects_.find(update.subject_id);
    if (subject == subjects_.end() || subject->second != update.values.size()) {
      return damaged("the server sent a live frame that does not fit the names of its subject");
    }
    event.kind = MICROEXPR_UPDATE_LIVE_FRAME;
    event.update = std::move(update);
    push_frame(std::move(event));
    return {};
  }
  event.update = std::move(update);
  return push(std::move(event));
}

std::uint64_t Subscription::held_bytes(const Event& event) {
  return event.take == nullptr ? 0 : event.take->content->content_bytes;
}

// One take always fits; behind it, no more than the largest take's bytes.
bool Subscription::has_room() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return take_updates_ < limits_.updates && queue_.size() < limits_.all &&
         (content_bytes_ == 0 || content_bytes_ < client_->settings.max_take_bytes);
}

Status Subscription::push(Event event) {
  if (!task_->pause_until([this] { return has_room(); })) return stopped();
  if (event.update.resume_sequence != 0) from_.since_sequence = event.update.resume_sequence;
  event.store_id = from_.store_id;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!is_live(event.kind)) ++take_updates_;
  content_bytes_ += held_bytes(event);
  queue_.push_back(std::move(event));
  return {};
}

// Never waits: of a subject that has too many frames in the queue the oldest goes, and its successor counts it.
void Subscription::push_frame(Event event) {
  event.store_id = from_.store_id;
  const std::uint64_t subject = event.update.subject_id;
  const auto is_same = [subject](const Event& other) {
    return other.kind == MICROEXPR_UPDATE_LIVE_FRAME && other.update.subject_id == subject;
  };
  const std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back(std::move(event));
  const auto count = static_cast<std::size_t>(std::count_if(queue_.begin(), queue_.end(), is_same));
  if (count <= limits_.live_frames && queue_.size() <= limits_.all) return;
  const auto oldest = std::find_if(queue_.begin(), queue_.end(), is_same);
  const auto next = std::find_if(oldest + 1, queue_.end(), is_same);
  if (next == queue_.end()) return;  // the only frame of its subject stays
  next->update.dropped += oldest->update.dropped + 1;
  queue_.erase(oldest);
}

void Subscription::lose(const Status& why) {
  bool was_connected = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    was_connected = connected_;
    connected_ = false;
    state_ = why.ok() ? Status(MICROEXPR_UNAVAILABLE, "the server ended the subscription") : why;
  }
  if (!was_connected) return;
  Event event;
  event.kind = MICROEXPR_UPDATE_LOST;
  event.take_status = state_;
  (void)push(std::move(event));
}

void Subscription::end(Status why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  connected_ = false;
  ended_ = true;
  state_ = std::move(why);
}

int Subscription::poll(Event* event) {
  int code = MICROEXPR_PENDING;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!queue_.empty()) {
      *event = std::move(queue_.front());
      queue_.pop_front();
      if (!is_live(event->kind)) --take_updates_;
      content_bytes_ -= held_bytes(*event);
      code = MICROEXPR_OK;
    } else if (ended_) {
      code = state_.code;
    }
  }
  if (code == MICROEXPR_OK) task_->wake();
  return code;
}

bool Subscription::is_connected() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return connected_;
}

std::string Subscription::message() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_.message;
}

}  // namespace microexpr
