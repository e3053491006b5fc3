// What calls and subscriptions of one client share.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "task.h"
#include "transport.h"

namespace microexpr {

struct ClientSettings {
  std::string client_name;
  std::string client_version;
  std::uint32_t deadline_ms = 10000;
  std::uint32_t transfer_deadline_ms = 120000;
  std::uint64_t max_take_bytes = std::uint64_t{512} << 20;
  std::chrono::milliseconds first_pause{100};  // of a subscription before it connects again; doubled up to the longest
  std::chrono::milliseconds longest_pause{5000};
};

class ClientState {
 public:
  ClientState(ClientSettings settings, std::shared_ptr<Transport> transport);
  // Keeps the task until it has ended, so that stop_all finds it. RESOURCE_EXHAUSTED: too many are running.
  Status adopt(const std::shared_ptr<Task>& task);
  void stop_all();  // and joins; nothing is adopted afterwards

  const ClientSettings settings;
  const std::shared_ptr<Transport> transport;

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Task>> tasks_;
  bool closed_ = false;
};

}  // namespace microexpr

struct microexpr_client {
  std::shared_ptr<microexpr::ClientState> state;
};

namespace microexpr {
// The client of a host, over any transport: the border uses gRPC, tests a fake.
microexpr_client* make_client(ClientSettings settings, std::shared_ptr<Transport> transport);
}  // namespace microexpr
