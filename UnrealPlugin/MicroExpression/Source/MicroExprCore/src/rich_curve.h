// What Unreal does with the keys of an FRichCurve: automatic tangents and evaluation, in float32.
//
// The mirror of curves/richcurve.py with precision=np.float32: the same operations in the same order, so the same bits,
// as long as nothing is contracted into fused multiply-add (-ffp-contract=off, /fp:precise). Source: Epic's API pages
// of FRichCurve, FRichCurveKey and ERichCurveExtrapolation. Not run in an editor.
#pragma once

#include <cstddef>

#include "microexpr_core.h"

namespace microexpr {

struct RichCurve {
  const microexpr_key* keys = nullptr;  // in time order
  std::size_t count = 0;
  int pre_infinity = MICROEXPR_RCCE_CONSTANT;
  int post_infinity = MICROEXPR_RCCE_CONSTANT;
  const float* default_value = nullptr;  // nullptr: unset
};

// FRichCurve::Eval: the value at `time` seconds; `fallback` without keys and default value.
float evaluate(const RichCurve& curve, float time, float fallback);

// FRichCurve::AutoSetTangents, in place.
void set_auto_tangents(microexpr_key* keys, std::size_t count, float tension);

}  // namespace microexpr
