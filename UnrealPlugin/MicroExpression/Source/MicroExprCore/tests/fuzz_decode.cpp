// Any bytes as any message: a status, never a crash. The first byte chooses the message.
//
//   cmake --preset fuzz && cmake --build --preset fuzz && build/fuzz/tests/fuzz_decode -max_total_time=3600 CORPUS
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "messages.h"
#include "samples.h"
#include "take.h"

namespace {

// A take that was accepted must be readable through the border and evaluate to the end.
void read_all(const samples::Parts& parts) {
  const auto views = samples::views(parts);
  microexpr_take* take = nullptr;
  if (microexpr_take_from_parts(views.data(), views.size(), &take) != MICROEXPR_OK) return;
  microexpr_take_info info;
  MICROEXPR_INIT(&info);
  if (microexpr_take_get_info(take, &info) != MICROEXPR_OK) std::abort();
  for (std::size_t i = 0; i < info.curve_count; ++i) {
    microexpr_curve curve;
    MICROEXPR_INIT(&curve);
    if (microexpr_take_get_curve(take, i, &curve) != MICROEXPR_OK) std::abort();
    const float times[3] = {-1.0f, 0.3f, 1e6f};
    float values[3];
    if (microexpr_curve_evaluate(&curve, 0.0f, times, values, 3) != MICROEXPR_OK) std::abort();
  }
  microexpr_take_release(take);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  microexpr::ServerInfo info;
  microexpr::Page page;
  microexpr::PutAnswer put;
  microexpr::Update update;
  microexpr::AnalysisAnswer analysis;
  switch (data[0] % 8) {
    case 0:
      (void)microexpr::decode_info(bytes, &info);
      break;
    case 1:
      (void)microexpr::decode_page(bytes, &page);
      break;
    case 2:
      (void)microexpr::decode_put_answer(bytes, &put);
      break;
    case 3:
      (void)microexpr::decode_part(bytes, &update);
      break;
    case 4:
      (void)microexpr::decode_update(bytes, &update);
      break;
    case 5:
      (void)microexpr::decode_analysis_answer(bytes, &analysis);
      break;
    case 6:
      read_all({bytes});
      break;
    default:
      read_all({samples::take(0)[0], bytes, bytes});
      break;
  }
  return 0;
}
