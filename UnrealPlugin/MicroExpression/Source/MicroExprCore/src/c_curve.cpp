// The C border of curves.
#include "border.h"
#include "rich_curve.h"

namespace microexpr {
namespace {

constexpr std::size_t kMaxKeys = std::size_t{1} << 24;
constexpr std::size_t kMaxTimes = std::size_t{1} << 28;

bool is_finite(const microexpr_key& key) {
  return std::isfinite(key.time) && std::isfinite(key.value) && std::isfinite(key.arrive_tangent) &&
         std::isfinite(key.arrive_tangent_weight) && std::isfinite(key.leave_tangent) &&
         std::isfinite(key.leave_tangent_weight);
}

Status check_keys(const microexpr_key* keys, std::size_t count) {
  if (count > kMaxKeys) return invalid("key_count: expected at most 2^24, got " + std::to_string(count));
  if (count > 0 && keys == nullptr) return invalid("keys is NULL");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string where = "keys[" + std::to_string(i) + "]: ";
    if (!is_finite(keys[i])) return invalid(where + "expected finite numbers");
    if (keys[i].interp_mode > MICROEXPR_RCIM_NONE || keys[i].tangent_mode > MICROEXPR_RCTM_SMART_AUTO ||
        keys[i].tangent_weight_mode > MICROEXPR_RCTWM_BOTH) {
      return invalid(where + "unknown mode");
    }
    if (i > 0 && keys[i].time < keys[i - 1].time) return invalid(where + "expected keys in time order");
  }
  return {};
}

bool is_extrapolation(int mode) { return mode >= MICROEXPR_RCCE_CYCLE && mode <= MICROEXPR_RCCE_NONE; }

Status evaluate_all(const microexpr_curve* curve, float fallback, const float* times, float* values,
                    std::size_t count) {
  if (Status status = check_struct(curve, "curve"); !status.ok()) return status;
  if (count > kMaxTimes) return invalid("count: expected at most 2^28 times, got " + std::to_string(count));
  if (count > 0 && (times == nullptr || values == nullptr)) return invalid("times or values is NULL");
  if (Status status = check_keys(curve->keys, curve->key_count); !status.ok()) return status;
  if (!is_extrapolation(curve->pre_infinity) || !is_extrapolation(curve->post_infinity)) {
    return invalid("pre_infinity, post_infinity: expected 0 to 5");
  }
  const RichCurve rich{curve->keys, curve->key_count, curve->pre_infinity, curve->post_infinity,
                       curve->has_default_value != 0 ? &curve->default_value : nullptr};
  for (std::size_t i = 0; i < count; ++i) values[i] = evaluate(rich, times[i], fallback);
  return {};
}

}  // namespace
}  // namespace microexpr

extern "C" {

int microexpr_curve_evaluate(const microexpr_curve* curve, float fallback, const float* times, float* values,
                             size_t count) {
  return microexpr::guarded([&] { return microexpr::evaluate_all(curve, fallback, times, values, count); });
}

int microexpr_curve_auto_tangents(microexpr_key* keys, size_t key_count, float tension) {
  return microexpr::guarded([&]() -> microexpr::Status {
    if (!(tension >= 0.0f && tension <= 1.0f)) return microexpr::invalid("tension: expected 0 to 1");
    if (microexpr::Status status = microexpr::check_keys(keys, key_count); !status.ok()) return status;
    microexpr::set_auto_tangents(keys, key_count, tension);
    return {};
  });
}

}  // extern "C"
