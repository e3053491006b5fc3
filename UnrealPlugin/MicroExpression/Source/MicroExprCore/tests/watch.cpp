// Prints what an editor would get, one line an update, for tests with a real server:
//   microexpr_watch HOST:PORT COUNT SECONDS [STORE_ID SEQUENCE]
// Ends after COUNT commits and deletions (0) or after SECONDS (3); each line ends with what a host would store.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "microexpr_core.h"

namespace {

void print(const microexpr_update& update) {
  static const char* const kKinds[] = {"other", "welcome", "committed", "deleted", "header", "frame", "end", "lost"};
  microexpr_take_info info;
  MICROEXPR_INIT(&info);
  if (update.take != nullptr) (void)microexpr_take_get_info(update.take, &info);
  std::printf("%s id=%s reset=%d curves=%zu values=%zu dropped=%llu status=%d store=%s resume=%llu\n",
              kKinds[update.kind], update.take_id, update.reset, info.curve_count, update.value_count,
              static_cast<unsigned long long>(update.dropped), update.take_status, update.store_id,
              static_cast<unsigned long long>(update.resume_sequence));
  std::fflush(stdout);
}

int watch(microexpr_subscription* subscription, int count, double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    microexpr_update update;
    MICROEXPR_INIT(&update);
    const int code = microexpr_subscription_poll(subscription, &update);
    if (code < 0) {
      std::fprintf(stderr, "%s: %s\n", microexpr_status_string(code), microexpr_last_message());
      return 1;
    }
    if (code == MICROEXPR_PENDING) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    print(update);
    const bool counts = update.kind == MICROEXPR_UPDATE_COMMITTED || update.kind == MICROEXPR_UPDATE_DELETED;
    if (counts && --count == 0) return 0;
  }
  return 3;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 6) return 2;
  microexpr_client_options options;
  MICROEXPR_INIT(&options);
  options.address = argv[1];
  options.token = std::getenv("MICROEXPR_TOKEN");
  microexpr_client* client = nullptr;
  if (microexpr_client_create(&options, &client) != MICROEXPR_OK) {
    std::fprintf(stderr, "%s\n", microexpr_last_message());
    return 1;
  }
  microexpr_subscribe_options wanted;
  MICROEXPR_INIT(&wanted);
  wanted.takes = wanted.live = wanted.content = 1;
  if (argc == 6) {
    wanted.store_id = argv[4];
    wanted.since_sequence = std::strtoull(argv[5], nullptr, 10);
  }
  microexpr_subscription* subscription = nullptr;
  int result = 1;
  if (microexpr_subscribe(client, &wanted, &subscription) == MICROEXPR_OK) {
    result = watch(subscription, std::atoi(argv[2]), std::atof(argv[3]));
  }
  microexpr_subscription_destroy(subscription);
  microexpr_client_destroy(client);
  return result;
}
