// The whole test framework: CHECK counts and goes on; a test's main ends with `return report_checks();`.
#pragma once

#include <atomic>
#include <cstdio>

namespace check {
inline std::atomic<int> done{0};
inline std::atomic<int> failed{0};

inline void verify(bool holds, const char* what, const char* file, int line) {
  ++done;
  if (holds) return;
  ++failed;
  std::fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
}

inline void equal(long long got, long long expected, const char* what, const char* file, int line) {
  ++done;
  if (got == expected) return;
  ++failed;
  std::fprintf(stderr, "%s:%d: %s: expected %lld, got %lld\n", file, line, what, expected, got);
}
}  // namespace check

#define CHECK(condition) ::check::verify(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(got, expected) \
  ::check::equal(static_cast<long long>(got), static_cast<long long>(expected), #got, __FILE__, __LINE__)

inline int report_checks() {
  std::printf("%d checks, %d failed\n", check::done.load(), check::failed.load());
  return check::failed == 0 && check::done > 0 ? 0 : 1;
}
