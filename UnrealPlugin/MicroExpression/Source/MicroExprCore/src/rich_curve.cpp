#include "rich_curve.h"

#include <algorithm>
#include <cmath>

namespace microexpr {
namespace {

constexpr float kMinChord = 1e-4f;  // Unreal never divides a chord by less than this many seconds
constexpr float kThird = static_cast<float>(1.0 / 3.0);

using Key = microexpr_key;

bool is_cyclic(int mode) {
  return mode == MICROEXPR_RCCE_CYCLE || mode == MICROEXPR_RCCE_CYCLE_WITH_OFFSET || mode == MICROEXPR_RCCE_OSCILLATE ||
         mode == MICROEXPR_RCCE_NONE;  // None behaves as Cycle
}

// Unlike std::clamp, NaN stays NaN, as in numpy.
float clip(float value, float low, float high) { return value < low ? low : (value > high ? high : value); }

float lerp(float start, float end, float alpha) { return start + alpha * (end - start); }

float casteljau(float p0, float p1, float p2, float p3, float alpha) {
  const float p01 = lerp(p0, p1, alpha);
  const float p12 = lerp(p1, p2, alpha);
  const float p23 = lerp(p2, p3, alpha);
  return lerp(lerp(p01, p12, alpha), lerp(p12, p23, alpha), alpha);
}

// Where the derivative of the time cubic may vanish, within [0, 1]; 0 where there is no such place.
float turn(float numerator, float denominator) {
  const float at = numerator / denominator;
  return std::isfinite(at) ? clip(at, 0.0f, 1.0f) : 0.0f;
}

// The largest s in [0, 1] where the Bezier 0, x1, x2, 1 equals alpha: the turning points cut [0, 1]; from the right,
// the first part whose ends lie on both sides of alpha is halved 30 times.
float largest_root(float x1, float x2, float alpha) {
  const auto at = [&](float s) { return casteljau(0.0f, x1, x2, 1.0f, s); };
  const float a = 1.0f + 3.0f * x1 - 3.0f * x2;  // derivative / 3 = a s^2 + b s + c
  const float b = 2.0f * x2 - 4.0f * x1;
  const float c = x1;
  const float discriminant = b * b - 4.0f * a * c;
  const float root = std::sqrt(discriminant > 0.0f ? discriminant : 0.0f);
  const float first = turn(-b - root, 2.0f * a);
  const float second = turn(-b + root, 2.0f * a);
  const float marks[4] = {0.0f, std::min(first, second), std::max(first, second), 1.0f};
  float low = 0.0f;
  float high = 1.0f;
  for (int part = 0; part < 3; ++part) {  // a later part, when it holds a root, replaces an earlier
    const float below = at(marks[part]) - alpha;
    const float above = at(marks[part + 1]) - alpha;
    if ((below <= 0.0f) != (above < 0.0f)) {
      low = marks[part];
      high = marks[part + 1];
    }
  }
  const bool rising = at(high) >= alpha;
  for (int step = 0; step < 30; ++step) {
    const float middle = (low + high) / 2.0f;
    const bool to_right = (at(middle) < alpha) == rising;
    (to_right ? low : high) = middle;
  }
  return (low + high) / 2.0f;
}

struct Handle {
  float seconds;
  float value;
};

// cos(atan(m)) is 1 / sqrt(1 + m^2), sin(atan(m)) is m times it.
Handle handle(float tangent, float weight, bool weighted, float span) {
  const float rise = tangent * span;
  const float length = weighted ? weight : std::sqrt(span * span + rise * rise) * kThird;
  const float cosine = 1.0f / std::sqrt(1.0f + tangent * tangent);
  return {cosine * length, tangent * cosine * length};
}

float weighted_cubic(const Key& left, const Key& right, float span, float alpha, bool leaves, bool arrives) {
  const Handle leave = handle(left.leave_tangent, left.leave_tangent_weight, leaves, span);
  const Handle arrive = handle(right.arrive_tangent, right.arrive_tangent_weight, arrives, span);
  const float s = largest_root(leave.seconds / span, 1.0f - arrive.seconds / span, alpha);
  return casteljau(left.value, left.value + leave.value, right.value - arrive.value, right.value, s);
}

float cubic(const Key& left, const Key& right, float span, float alpha) {
  const bool leaves =
      left.tangent_weight_mode == MICROEXPR_RCTWM_LEAVE || left.tangent_weight_mode == MICROEXPR_RCTWM_BOTH;
  const bool arrives =
      right.tangent_weight_mode == MICROEXPR_RCTWM_ARRIVE || right.tangent_weight_mode == MICROEXPR_RCTWM_BOTH;
  if (leaves || arrives) return weighted_cubic(left, right, span, alpha, leaves, arrives);
  const float p1 = left.value + left.leave_tangent * span * kThird;  // tangent times span, times a third, added
  const float p2 = right.value - right.arrive_tangent * span * kThird;
  return casteljau(left.value, p1, p2, right.value, alpha);
}

// Between the ends the left key's mode decides; of keys at one time the last is read; outside, the end values.
float inside(const RichCurve& curve, float time) {
  const Key* const end = curve.keys + curve.count;
  const Key& last = *(end - 1);
  if (time >= last.time) return last.value;
  const Key* found = std::upper_bound(curve.keys, end, time, [](float t, const Key& key) { return t < key.time; });
  const Key& left = found == curve.keys ? *found : *(found - 1);
  const Key& right = found == end ? last : *found;
  const float span = right.time - left.time;
  if (!(span > 0.0f) || left.interp_mode == MICROEXPR_RCIM_CONSTANT) return left.value;
  const float alpha = (time - left.time) / span;
  if (left.interp_mode == MICROEXPR_RCIM_LINEAR) return lerp(left.value, right.value, alpha);
  return cubic(left, right, span, alpha);
}

// Beyond an end: its value, or the chord through the two end keys (not the tangent).
float extend(const Key& end, const Key& neighbour, int mode, float time) {
  const float span = end.time - neighbour.time;
  if (mode != MICROEXPR_RCCE_LINEAR || std::fabs(span) <= 1e-8f) return end.value;
  const float slope = (end.value - neighbour.value) / span;  // slope, times distance, plus end value
  return slope * (time - end.time) + end.value;
}

// A time beyond an end brought inside by a cyclic mode; `offset` is what it adds to the value.
float wrap(const RichCurve& curve, float time, bool after, int mode, float* offset) {
  const Key& first = curve.keys[0];
  const Key& last = curve.keys[curve.count - 1];
  const float length = last.time - first.time;
  // floor of (distance / length), whole cycles times length, added or subtracted
  const float cycles = std::floor((after ? last.time - time : time - first.time) / length);
  float result = after ? time + length * cycles : time - length * cycles;
  result = clip(result, first.time, last.time);
  const float count = std::fabs(cycles);
  if (mode == MICROEXPR_RCCE_OSCILLATE && std::fmod(count, 2.0f) == 1.0f) result = first.time + (last.time - result);
  if (mode == MICROEXPR_RCCE_CYCLE_WITH_OFFSET) {
    *offset = (after ? last.value - first.value : first.value - last.value) * count;
  }
  return result;
}

}  // namespace

float evaluate(const RichCurve& curve, float time, float fallback) {
  if (curve.count == 0) return curve.default_value != nullptr ? *curve.default_value : fallback;
  const Key& first = curve.keys[0];
  if (curve.count == 1) return first.value;
  const Key& last = curve.keys[curve.count - 1];
  const bool before = time <= first.time;
  if (before && !is_cyclic(curve.pre_infinity)) return extend(first, curve.keys[1], curve.pre_infinity, time);
  if (!before && time >= last.time && !is_cyclic(curve.post_infinity)) {
    return extend(last, curve.keys[curve.count - 2], curve.post_infinity, time);
  }
  float offset = 0.0f;
  float wrapped = time;
  if (!(last.time - first.time > 0.0f)) {
    wrapped = clip(time, first.time, last.time);
  } else if (time < first.time) {
    wrapped = wrap(curve, time, false, curve.pre_infinity, &offset);
  } else if (time > last.time) {
    wrapped = wrap(curve, time, true, curve.post_infinity, &offset);
  }
  return inside(curve, wrapped) + offset;
}

void set_auto_tangents(Key* keys, std::size_t count, float tension) {
  const float factor = static_cast<float>(1.0 - static_cast<double>(tension));
  for (std::size_t i = 0; i < count; ++i) {
    Key& key = keys[i];
    if (key.interp_mode != MICROEXPR_RCIM_CUBIC || key.tangent_mode != MICROEXPR_RCTM_AUTO) continue;
    if (i > 0 && i + 1 < count) {
      const float rise = (key.value - keys[i - 1].value) + (keys[i + 1].value - key.value);
      const float chord = keys[i + 1].time - keys[i - 1].time;
      key.arrive_tangent = key.leave_tangent = factor * rise / std::max(kMinChord, chord);
      continue;
    }
    if (i == 0) key.leave_tangent = 0.0f;
    if (i + 1 == count) key.arrive_tangent = 0.0f;
  }
}

}  // namespace microexpr
