// Shim: UCurveFloat. Names and signatures [E][P].
#pragma once

#include "Curves/RichCurve.h"
#include "UObject/Object.h"

// [E]
struct FRichCurveEditInfo
{
	FRealCurve* CurveToEdit = nullptr;
	FName CurveName;
};

// [E]
class UCurveBase : public UObject
{
	SHIM_CLASS(UCurveBase, UObject)
	virtual TArray<FRichCurveEditInfo> GetCurves() { return {}; }
	// Tells open editors and listeners.
	virtual void OnCurveChanged(const TArray<FRichCurveEditInfo>& ChangedCurveEditInfos)
	{
		ShimChanges += ChangedCurveEditInfos.Num();
	}
	int32 ShimChanges = 0;
};

// [E]
class UCurveFloat : public UCurveBase
{
	SHIM_CLASS(UCurveFloat, UCurveBase)
	FRichCurve FloatCurve;
	float GetFloatValue(float InTime) const { return FloatCurve.Eval(InTime); }
	TArray<FRichCurveEditInfo> GetCurves() override { return {{&FloatCurve, GetFName()}}; }

	std::function<void()> ShimCapture() override;
	FString ShimContent() const override { return FloatCurve.ShimContent(); }
};
