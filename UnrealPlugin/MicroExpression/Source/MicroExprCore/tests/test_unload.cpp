// As an editor does: load the library, use it, unload it, several times; no thread of it stays behind.
#include <dlfcn.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <thread>

#include "check.h"
#include "microexpr_core.h"

namespace {

// Threads of this process, once their number has come down to `expected` (a thread that was joined is still listed for
// a moment), or after 2 s.
long threads(long expected) {
  long count = 0;
  for (int i = 0; i < 200; ++i) {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    count = std::distance(begin(tasks), end(tasks));
    if (count <= expected) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return count;
}

template <class Function>
Function* find(void* library, const char* name) {
  void* const symbol = dlsym(library, name);
  CHECK(symbol != nullptr);
  return reinterpret_cast<Function*>(symbol);
}

void use(void* library) {
  microexpr_client_options options;
  MICROEXPR_INIT(&options);
  options.address = "127.0.0.1:1";
  microexpr_client* client = nullptr;
  CHECK_EQUAL(find<decltype(microexpr_client_create)>(library, "microexpr_client_create")(&options, &client), 0);
  microexpr_subscribe_options wanted;
  MICROEXPR_INIT(&wanted);
  wanted.takes = 1;
  microexpr_subscription* subscription = nullptr;
  CHECK_EQUAL(find<decltype(microexpr_subscribe)>(library, "microexpr_subscribe")(client, &wanted, &subscription), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  find<decltype(microexpr_subscription_destroy)>(library, "microexpr_subscription_destroy")(subscription);
  find<decltype(microexpr_client_destroy)>(library, "microexpr_client_destroy")(client);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (int round = 0; round < 4; ++round) {
    void* const library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(library != nullptr);
    if (library == nullptr) break;
    use(library);
    CHECK_EQUAL(threads(1), 1);
    CHECK_EQUAL(dlclose(library), 0);
  }
  return report_checks();
}
