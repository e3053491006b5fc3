// Writes messages that decode, for the fuzzer to begin with, one file each.
#include <cstdio>
#include <fstream>
#include <string>

#include "samples.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  int number = 0;
  for (const std::string& message : samples::messages()) {
    for (char kind = 0; kind < 8; ++kind) {
      std::ofstream file(std::string(argv[1]) + "/seed-" + std::to_string(number++), std::ios::binary);
      file.put(kind);
      file << message;
      if (!file) return 1;
    }
  }
  std::printf("%d seeds\n", number);
  return 0;
}
