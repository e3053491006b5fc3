#include "call.h"

#include <new>
#include <utility>

namespace microexpr {

Call::Call(std::shared_ptr<ClientState> client, Body body) : client_(std::move(client)), body_(std::move(body)) {}

Status Call::start() {
  if (Status status = client_->adopt(task_); !status.ok()) return status;
  task_->start([this] { run(); });
  return {};
}

Stream* Call::open(const char* method, std::uint32_t deadline_ms) {
  return task_->open(*client_->transport, method, deadline_ms);
}

void Call::set_progress(std::string stage, std::uint64_t done, std::uint64_t total) {
  const std::lock_guard<std::mutex> lock(mutex_);
  progress_ = {std::move(stage), done, total};
}

void Call::run() {
  Status status;
  try {
    status = body_(*this);
  } catch (const std::bad_alloc&) {
    status = {MICROEXPR_OUT_OF_MEMORY, "there is not enough memory for the answer"};
  } catch (const std::exception& error) {
    status = {MICROEXPR_INTERNAL, error.what()};
  }
  task_->close();
  // What broke because it was stopped is no error of its own; what was done before that stays done.
  if (!status.ok() && task_->is_stopping()) status = {MICROEXPR_CANCELLED, "the call was cancelled"};
  const std::lock_guard<std::mutex> lock(mutex_);
  code_ = status.code;
  message_ = std::move(status.message);
}

int Call::poll(Progress* progress, std::string* message) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (progress != nullptr) *progress = progress_;
  if (message != nullptr) *message = message_;
  return code_;
}

bool Call::is_done() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return code_ != MICROEXPR_PENDING;
}

}  // namespace microexpr
