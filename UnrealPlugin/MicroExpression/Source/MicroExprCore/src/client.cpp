#include "client.h"

#include <algorithm>
#include <utility>

namespace microexpr {
namespace {

constexpr std::size_t kMaxRunning = 64;

}  // namespace

ClientState::ClientState(ClientSettings chosen, std::shared_ptr<Transport> way)
    : settings(std::move(chosen)), transport(std::move(way)) {}

Status ClientState::adopt(const std::shared_ptr<Task>& task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return {MICROEXPR_CANCELLED, "the client is being destroyed"};
  const auto is_over = [](const std::weak_ptr<Task>& weak) {
    const std::shared_ptr<Task> held = weak.lock();
    return held == nullptr || !held->is_running();
  };
  tasks_.erase(std::remove_if(tasks_.begin(), tasks_.end(), is_over), tasks_.end());
  if (tasks_.size() >= kMaxRunning) {
    return {MICROEXPR_RESOURCE_EXHAUSTED, "64 calls are running: destroy some, or wait until they are done"};
  }
  tasks_.push_back(task);
  return {};
}

void ClientState::stop_all() {
  std::vector<std::shared_ptr<Task>> held;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    for (const auto& weak : tasks_) held.push_back(weak.lock());
    tasks_.clear();
  }
  held.erase(std::remove(held.begin(), held.end(), nullptr), held.end());
  for (const auto& task : held) task->stop();
  for (const auto& task : held) task->join();
}

microexpr_client* make_client(ClientSettings settings, std::shared_ptr<Transport> transport) {
  return new microexpr_client{std::make_shared<ClientState>(std::move(settings), std::move(transport))};
}

}  // namespace microexpr
