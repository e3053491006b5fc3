#include "task.h"

#include <utility>

namespace microexpr {

Task::~Task() {
  stop();
  join();
}

void Task::start(std::function<void()> body) {
  const std::lock_guard<std::mutex> joining(joining_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = true;
  }
  thread_ = std::thread([this, work = std::move(body)] {
    work();
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = false;
  });
}

void Task::stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = true;
  if (stream_ != nullptr) stream_->cancel();
  changed_.notify_all();
}

void Task::join() {
  const std::lock_guard<std::mutex> joining(joining_);
  if (thread_.joinable()) thread_.join();
}

bool Task::is_stopping() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

bool Task::is_running() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return running_;
}

Stream* Task::open(Transport& transport, const char* method, std::uint32_t deadline_ms) {
  std::unique_ptr<Stream> stream = transport.open(method, deadline_ms);
  const std::lock_guard<std::mutex> lock(mutex_);
  stream_ = std::move(stream);
  if (stopping_) stream_->cancel();
  return stream_.get();
}

void Task::close() {
  std::unique_ptr<Stream> stream;  // destroyed outside the lock: that may wait for the server
  const std::lock_guard<std::mutex> lock(mutex_);
  stream = std::move(stream_);
}

bool Task::pause(std::chrono::milliseconds duration) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !changed_.wait_for(lock, duration, [this] { return stopping_; });
}

bool Task::pause_until(const std::function<bool()>& ready) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || ready(); });
  return !stopping_;
}

void Task::wake() {
  const std::lock_guard<std::mutex> lock(mutex_);
  changed_.notify_all();
}

}  // namespace microexpr
