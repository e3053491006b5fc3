// Shim: float curves of an animation. [E]
#pragma once

#include "Curves/RichCurve.h"

// [E] The default is the engine's own: AACF_Editable.
enum EAnimAssetCurveFlags
{
	AACF_NONE = 0,
	AACF_DriveMorphTarget_DEPRECATED = 1,
	AACF_DriveAttribute_DEPRECATED = 2,
	AACF_Editable = 4,
	AACF_DefaultCurve = AACF_Editable
};
// [E]
enum class ERawCurveTrackTypes : uint8
{
	RCT_Float,
	RCT_Vector,
	RCT_Transform,
	RCT_MAX
};
// [E] Made of an FName from 5.3 on; of an FSmartName before.
struct FAnimationCurveIdentifier
{
	FAnimationCurveIdentifier() = default;
	FAnimationCurveIdentifier(const FName& InName, ERawCurveTrackTypes InType) : CurveName(InName), CurveType(InType) {}
	FName CurveName;
	ERawCurveTrackTypes CurveType = ERawCurveTrackTypes::RCT_MAX;
};
// [E]
struct FFloatCurve
{
	FRichCurve FloatCurve;
	FName GetName() const { return CurveName; }
	FName CurveName;
};
