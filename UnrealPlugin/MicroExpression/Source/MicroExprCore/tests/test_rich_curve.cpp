// Evaluation and tangents against tests/golden/richcurve_float32.txt, written by Python: the same bits.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "check.h"
#include "microexpr_core.h"

namespace {

constexpr float kFallback = 0.25f;

struct Sample {
  float time;
  float value;
};

struct Entry {
  std::string name;
  bool weighted = false;
  int pre = 0;
  int post = 0;
  bool has_default = false;
  float default_value = 0.0f;
  float tension = 0.0f;
  std::vector<microexpr_key> keys;
  std::vector<Sample> tangents;  // arrive, leave
  std::vector<Sample> samples;
};

float from_bits(const std::string& word) {
  const auto bits = static_cast<std::uint32_t>(std::stoul(word, nullptr, 16));
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

Entry read_curve(std::istringstream& words) {
  Entry entry;
  std::string kind, fallback, tension;
  words >> entry.name >> kind >> entry.pre >> entry.post >> fallback >> tension;
  entry.weighted = kind == "weighted";
  entry.has_default = fallback != "-";
  if (entry.has_default) entry.default_value = from_bits(fallback);
  entry.tension = from_bits(tension);
  return entry;
}

microexpr_key read_key(std::istringstream& words) {
  std::string number[6];
  int mode[3];
  for (auto& word : number) words >> word;
  for (auto& value : mode) words >> value;
  microexpr_key key{};
  key.time = from_bits(number[0]);
  key.value = from_bits(number[1]);
  key.arrive_tangent = from_bits(number[2]);
  key.leave_tangent = from_bits(number[3]);
  key.arrive_tangent_weight = from_bits(number[4]);
  key.leave_tangent_weight = from_bits(number[5]);
  key.interp_mode = static_cast<std::uint8_t>(mode[0]);
  key.tangent_mode = static_cast<std::uint8_t>(mode[1]);
  key.tangent_weight_mode = static_cast<std::uint8_t>(mode[2]);
  return key;
}

std::vector<Entry> read_golden(const char* path) {
  std::ifstream file(path);
  std::vector<Entry> entries;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string kind, first, second;
    words >> kind;
    if (kind == "curve") entries.push_back(read_curve(words));
    if (kind == "key") entries.back().keys.push_back(read_key(words));
    if (kind != "auto" && kind != "at") continue;
    words >> first >> second;
    auto& target = kind == "auto" ? entries.back().tangents : entries.back().samples;
    target.push_back({from_bits(first), from_bits(second)});
  }
  return entries;
}

microexpr_curve as_curve(const Entry& entry) {
  microexpr_curve curve;
  MICROEXPR_INIT(&curve);
  curve.keys = entry.keys.data();
  curve.key_count = entry.keys.size();
  curve.pre_infinity = entry.pre;
  curve.post_infinity = entry.post;
  curve.has_default_value = entry.has_default ? 1 : 0;
  curve.default_value = entry.default_value;
  return curve;
}

// Weighted curves may differ by 1e-6 of max(1, value) where another libm rounds sqrt otherwise.
void check_values(const Entry& entry, int* different) {
  const microexpr_curve curve = as_curve(entry);
  for (const Sample& sample : entry.samples) {
    float value = std::numeric_limits<float>::quiet_NaN();
    CHECK_EQUAL(microexpr_curve_evaluate(&curve, kFallback, &sample.time, &value, 1), MICROEXPR_OK);
    const bool same = same_bits(value, sample.value);
    *different += same ? 0 : 1;
    const bool near = std::fabs(value - sample.value) <= 1e-6f * std::fmax(1.0f, std::fabs(sample.value));
    if (!same) std::cerr << entry.name << " at " << sample.time << ": " << value << " for " << sample.value << "\n";
    CHECK(same || (entry.weighted && near));
  }
}

void check_tangents(const Entry& entry) {
  std::vector<microexpr_key> keys = entry.keys;
  CHECK_EQUAL(microexpr_curve_auto_tangents(keys.data(), keys.size(), entry.tension), MICROEXPR_OK);
  CHECK_EQUAL(keys.size(), entry.tangents.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK(same_bits(keys[i].arrive_tangent, entry.tangents[i].time));
    CHECK(same_bits(keys[i].leave_tangent, entry.tangents[i].value));
  }
}

// Times that no curve has: nothing may crash or hang, and NaN reads the last key, as in Python.
void check_odd_times() {
  microexpr_key keys[2] = {};
  keys[1].time = 1.0f;
  keys[1].value = 2.0f;
  const float infinity = std::numeric_limits<float>::infinity();
  const float times[5] = {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, 1e30f, -1e30f};
  for (int mode = 0; mode <= 5; ++mode) {
    microexpr_curve curve;
    MICROEXPR_INIT(&curve);
    curve.keys = keys;
    curve.key_count = 2;
    curve.pre_infinity = curve.post_infinity = mode;
    float values[5] = {};
    CHECK_EQUAL(microexpr_curve_evaluate(&curve, 0.0f, times, values, 5), MICROEXPR_OK);
    CHECK(values[0] == 2.0f);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::vector<Entry> entries = read_golden(argv[1]);
  CHECK(entries.size() >= 60);
  int different = 0;
  for (const Entry& entry : entries) {
    check_values(entry, &different);
    check_tangents(entry);
  }
  check_odd_times();
  std::printf("%zu curves, %d values with other bits\n", entries.size(), different);
  return report_checks();
}
