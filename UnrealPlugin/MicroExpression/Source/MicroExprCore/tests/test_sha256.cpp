// The examples of FIPS 180-4, and pieces of every length against the whole.
#include <cstdio>
#include <string>

#include "check.h"
#include "sha256.h"

namespace {

std::string hexadecimal(const microexpr::Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    char word[3];
    std::snprintf(word, sizeof word, "%02x", byte);
    text += word;
  }
  return text;
}

std::string sha(const std::string& bytes) {
  microexpr::Sha256 sum;
  sum.add(bytes);
  return hexadecimal(sum.finish());
}

}  // namespace

int main() {
  CHECK(sha("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  for (std::size_t length = 0; length < 300; ++length) {
    const std::string bytes(length, 'x');
    microexpr::Sha256 pieces;
    for (std::size_t at = 0; at < length; at += 7) pieces.add(std::string_view(bytes).substr(at, 7));
    CHECK(hexadecimal(pieces.finish()) == sha(bytes));
  }
  return report_checks();
}
