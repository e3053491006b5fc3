// The library itself, with gRPC inside, and no server: it says so, in time, and stops in time.
#include <chrono>
#include <string>
#include <thread>

#include "check.h"
#include "microexpr_core.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

microexpr_client* connect(const char* address) {
  microexpr_client_options options;
  MICROEXPR_INIT(&options);
  options.address = address;
  options.token = "secret";
  options.deadline_ms = 3000;
  microexpr_client* client = nullptr;
  CHECK_EQUAL(microexpr_client_create(&options, &client), MICROEXPR_OK);
  return client;
}

int wait_for(microexpr_call* call) {
  int code = MICROEXPR_PENDING;
  for (int i = 0; i < 8000 && code == MICROEXPR_PENDING; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    code = microexpr_call_poll(call, nullptr);
  }
  return code;
}

void check_nobody_there() {
  microexpr_client* const client = connect("127.0.0.1:1");
  microexpr_call* call = nullptr;
  CHECK_EQUAL(microexpr_start_info(client, &call), MICROEXPR_OK);
  CHECK_EQUAL(wait_for(call), MICROEXPR_UNAVAILABLE);
  CHECK(std::string(microexpr_call_message(call)).find("127.0.0.1:1") != std::string::npos);
  microexpr_call_destroy(call);
  microexpr_client_destroy(client);
}

void check_stop() {
  for (int round = 0; round < 3; ++round) {
    microexpr_client* const client = connect("127.0.0.1:1");
    microexpr_subscribe_options options;
    MICROEXPR_INIT(&options);
    options.takes = options.live = options.content = 1;
    microexpr_subscription* subscription = nullptr;
    CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), MICROEXPR_OK);
    microexpr_call* call = nullptr;
    CHECK_EQUAL(microexpr_start_fetch(client, "take", &call), MICROEXPR_OK);
    std::this_thread::sleep_for(std::chrono::milliseconds(100 * round));
    const auto begin = Clock::now();
    if (round == 1) microexpr_client_destroy(client);
    microexpr_subscription_destroy(subscription);
    microexpr_call_destroy(call);
    if (round != 1) microexpr_client_destroy(client);
    CHECK(seconds_since(begin) < 2.0);
  }
}

}  // namespace

int main() {
  check_nobody_there();
  check_stop();
  return report_checks();
}
