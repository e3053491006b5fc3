// SHA-256 (FIPS 180-4), so that the digest of a take does not depend on which TLS library gRPC was built with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace microexpr {

using Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  void add(std::string_view bytes);
  Digest finish();  // once

 private:
  void add_block(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> buffer_{};
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace microexpr
