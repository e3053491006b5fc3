// A thread that talks to the server, one stream at a time, and can be stopped from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "transport.h"

namespace microexpr {

class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task();

  void start(std::function<void()> body);  // once
  void stop();                             // any thread, at once: cancels the stream, ends pauses
  void join();                             // any thread but its own; returns when the body has ended
  bool is_stopping() const;
  bool is_running() const;

  // For the body. A stream opened while stopping is cancelled already. Streams are destroyed by close alone.
  Stream* open(Transport& transport, const char* method, std::uint32_t deadline_ms);
  void close();
  // Waits; false as soon as the task is being stopped.
  bool pause(std::chrono::milliseconds duration);
  // Waits until ready() holds; false as soon as the task is being stopped. wake makes it look again.
  bool pause_until(const std::function<bool()>& ready);
  void wake();

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Stream> stream_;
  bool stopping_ = false;
  bool running_ = false;
  std::mutex joining_;
  std::thread thread_;
};

}  // namespace microexpr
