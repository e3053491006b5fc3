// Shim: what an AnimSequence holds. [E]
#pragma once

#include "Animation/AnimCurveTypes.h"
#include "Misc/FrameRate.h"

// [E]
class IAnimationDataModel
{
public:
	virtual ~IAnimationDataModel() = default;
	virtual double GetPlayLength() const = 0;
	virtual int32 GetNumberOfFrames() const = 0;
	virtual FFrameRate GetFrameRate() const = 0;
	virtual const TArray<FFloatCurve>& GetFloatCurves() const = 0;
	virtual const FFloatCurve* FindFloatCurve(const FAnimationCurveIdentifier& CurveIdentifier) const = 0;
};
