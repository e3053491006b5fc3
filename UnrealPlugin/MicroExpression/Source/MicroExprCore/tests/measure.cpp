// What benchmarks/bridge.py measures where a host would be:
//   microexpr_measure live HOST:PORT SUBSCRIBERS
// says "ready" when all subscriptions are welcomed, and when the subject has ended for each of them: for every frame
// that was polled its delay in seconds, then "dropped N". The loop rests 0.1 ms between rounds; a host that polls once
// a frame adds up to its frame's length. The publisher must run on this machine: its clock is compared with ours.
//   microexpr_measure fetch HOST:PORT TAKE_ID
// fetches a take, reads all its keys, and says the seconds and the number of keys.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "microexpr_core.h"

namespace {

constexpr auto kRest = std::chrono::microseconds(100);
constexpr auto kPatience = std::chrono::seconds(300);

struct Listener {
  microexpr_client* client = nullptr;
  microexpr_subscription* subscription = nullptr;
  bool welcomed = false;
  bool ended = false;
};

double unix_now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

microexpr_client* connect(const char* address) {
  microexpr_client_options options;
  MICROEXPR_INIT(&options);
  options.address = address;
  microexpr_client* client = nullptr;
  (void)microexpr_client_create(&options, &client);
  return client;
}

bool start(const char* address, Listener* listener) {
  listener->client = connect(address);
  if (listener->client == nullptr) return false;
  microexpr_subscribe_options wanted;
  MICROEXPR_INIT(&wanted);
  wanted.live = 1;
  return microexpr_subscribe(listener->client, &wanted, &listener->subscription) == MICROEXPR_OK;
}

// All that one subscription has now; false if it has ended.
bool drain(Listener* listener, std::vector<double>* delays, unsigned long long* dropped) {
  microexpr_update update;
  for (;;) {
    MICROEXPR_INIT(&update);
    const int code = microexpr_subscription_poll(listener->subscription, &update);
    if (code != MICROEXPR_OK) return code == MICROEXPR_PENDING;
    if (update.kind == MICROEXPR_UPDATE_LIVE_FRAME) {
      delays->push_back(unix_now() - update.sent_unix_s);
      *dropped += update.dropped;
    }
    listener->welcomed = listener->welcomed || update.kind == MICROEXPR_UPDATE_WELCOME;
    listener->ended = listener->ended || update.kind == MICROEXPR_UPDATE_LIVE_END;
  }
}

int listen(std::vector<Listener>* listeners, std::vector<double>* delays, unsigned long long* dropped) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  bool told = false;
  while (std::chrono::steady_clock::now() < end) {
    std::size_t welcomed = 0;
    std::size_t ended = 0;
    for (Listener& listener : *listeners) {
      if (!drain(&listener, delays, dropped)) return 1;
      welcomed += listener.welcomed ? 1 : 0;
      ended += listener.ended ? 1 : 0;
    }
    if (!told && welcomed == listeners->size()) {
      told = true;
      std::puts("ready");
      std::fflush(stdout);
    }
    if (ended == listeners->size()) return 0;
    std::this_thread::sleep_for(kRest);
  }
  return 3;
}

int live(const char* address, int count) {
  std::vector<Listener> listeners(static_cast<std::size_t>(count));
  std::vector<double> delays;
  unsigned long long dropped = 0;
  int result = 0;
  for (Listener& listener : listeners) {
    if (!start(address, &listener)) result = 1;
  }
  if (result == 0) result = listen(&listeners, &delays, &dropped);
  for (Listener& listener : listeners) {
    microexpr_subscription_destroy(listener.subscription);
    microexpr_client_destroy(listener.client);
  }
  for (const double delay : delays) std::printf("%.6f\n", delay);
  std::printf("dropped %llu\n", dropped);
  return result;
}

// Number of the take's keys, each of them read.
std::size_t read_keys(microexpr_call* call) {
  microexpr_take* take = nullptr;
  if (microexpr_call_get_take(call, &take) != MICROEXPR_OK) return 0;
  std::size_t count = 0;
  microexpr_curve curve;
  MICROEXPR_INIT(&curve);
  for (std::size_t i = 0; microexpr_take_get_curve(take, i, &curve) == MICROEXPR_OK; ++i) {
    for (std::size_t k = 0; k < curve.key_count; ++k) count += curve.keys[k].time >= 0.0f ? 1 : 0;
  }
  microexpr_take_release(take);
  return count;
}

int fetch(const char* address, const char* take_id) {
  microexpr_client* const client = connect(address);
  const auto begin = std::chrono::steady_clock::now();
  microexpr_call* call = nullptr;
  int code = client == nullptr ? MICROEXPR_INTERNAL : microexpr_start_fetch(client, take_id, &call);
  if (code == MICROEXPR_OK) code = MICROEXPR_PENDING;
  while (code == MICROEXPR_PENDING) {
    std::this_thread::sleep_for(kRest);
    code = microexpr_call_poll(call, nullptr);
  }
  const std::size_t keys = code == MICROEXPR_OK ? read_keys(call) : 0;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%.6f %zu\n", seconds.count(), keys);
  microexpr_call_destroy(call);
  microexpr_client_destroy(client);
  return code == MICROEXPR_OK ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string mode = argv[1];
  int result = 2;
  if (mode == "live" && std::atoi(argv[3]) > 0) result = live(argv[2], std::atoi(argv[3]));
  if (mode == "fetch") result = fetch(argv[2], argv[3]);
  if (result == 1) std::fprintf(stderr, "%s\n", microexpr_last_message());
  return result;
}
