// Destroying while everything streams: within 2 s, from any thread, in any order.
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "fake_server.h"
#include "messages.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

microexpr_subscription* subscribe(microexpr_client* client) {
  microexpr_subscribe_options options;
  MICROEXPR_INIT(&options);
  options.takes = options.live = options.content = 1;
  microexpr_subscription* subscription = nullptr;
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), MICROEXPR_OK);
  return subscription;
}

// A server that never stops talking, to subscriptions whose host never polls.
void check_destroy_while_streaming() {
  for (int round = 0; round < 10; ++round) {
    const auto server = std::make_shared<FakeServer>();
    for (int i = 0; i < 200; ++i) server->commit("take-" + std::to_string(i), samples::take(2));
    std::atomic<bool> stop{false};
    std::thread talker([&] {
      server->live_header(1, "subject", {"a"});
      for (int i = 0; !stop; ++i) {
        server->live_frame(1, i, {0.5f});
        if (i % 10 == 0) server->commit("more-" + std::to_string(i), samples::take(1));
        if (i % 50 == 0) server->break_now();
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
    std::vector<microexpr_subscription*> subscriptions;
    const auto begin = Clock::now();
    {
      const FakeClient client(server);
      for (int i = 0; i < 4; ++i) subscriptions.push_back(subscribe(client));
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * round));
      if (round % 2 == 0) microexpr_subscription_destroy(subscriptions[0]);
    }  // the client goes first
    CHECK(seconds_since(begin) < 2.0);
    for (std::size_t i = round % 2 == 0 ? 1 : 0; i < subscriptions.size(); ++i) {
      microexpr_update update;
      int code = MICROEXPR_OK;
      while (code == MICROEXPR_OK) code = wait_for(subscriptions[i], &update, 10);
      CHECK_EQUAL(code, MICROEXPR_CANCELLED);  // what had come can still be polled
      microexpr_subscription_destroy(subscriptions[i]);
    }
    stop = true;
    talker.join();
  }
}

// While it waits for a server that is not there.
void check_destroy_while_waiting() {
  const auto server = std::make_shared<FakeServer>();
  server->set_down(true);
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));  // into a longer pause
  const auto begin = Clock::now();
  microexpr_subscription_destroy(subscription);
  CHECK(seconds_since(begin) < 1.0);
}

// One thread destroys calls, another the client.
void check_destroy_at_once() {
  for (int round = 0; round < 20; ++round) {
    const auto server = std::make_shared<FakeServer>();
    server->hang(microexpr::method::kGet);
    auto client = std::make_unique<FakeClient>(server);
    std::vector<microexpr_call*> calls(8, nullptr);
    for (auto& call : calls) CHECK_EQUAL(microexpr_start_fetch(*client, "take", &call), MICROEXPR_OK);
    std::thread other([&] {
      for (microexpr_call* call : calls) microexpr_call_destroy(call);
    });
    client.reset();
    other.join();
    CHECK_EQUAL(server->open_streams(), 0);
  }
}

// Polling on one thread, cancelling on another.
void check_cancel_while_polling() {
  for (int round = 0; round < 20; ++round) {
    const auto server = std::make_shared<FakeServer>();
    for (int i = 0; i < 50; ++i) server->commit("take-" + std::to_string(i), samples::take(1));
    const FakeClient client(server);
    microexpr_subscription* const subscription = subscribe(client);
    std::thread other([&] { CHECK_EQUAL(microexpr_subscription_cancel(subscription), MICROEXPR_OK); });
    microexpr_update update;
    int code = MICROEXPR_OK;
    while (code == MICROEXPR_OK) code = wait_for(subscription, &update);
    other.join();
    CHECK_EQUAL(code, MICROEXPR_CANCELLED);
    microexpr_subscription_destroy(subscription);
  }
}

}  // namespace

int main() {
  check_destroy_while_streaming();
  check_destroy_while_waiting();
  check_destroy_at_once();
  check_cancel_while_polling();
  return report_checks();
}
