// Shim: FRichCurve. Names and signatures [E][H]; behaviour from the facts of reference A.1 to A.6 alone: written apart
// from the core library's, so that comparing the two means something.
#pragma once

#include "CoreMinimal.h"

// [E]
enum ERichCurveInterpMode : int
{
	RCIM_Linear,
	RCIM_Constant,
	RCIM_Cubic,
	RCIM_None
};
// [E] SmartAuto: 5.3 and later
enum ERichCurveTangentMode : int
{
	RCTM_Auto,
	RCTM_User,
	RCTM_Break,
	RCTM_None,
	RCTM_SmartAuto
};
// [E]
enum ERichCurveTangentWeightMode : int
{
	RCTWM_WeightedNone,
	RCTWM_WeightedArrive,
	RCTWM_WeightedLeave,
	RCTWM_WeightedBoth
};
// [E]
enum ERichCurveExtrapolation : int
{
	RCCE_Cycle,
	RCCE_CycleWithOffset,
	RCCE_Oscillate,
	RCCE_Linear,
	RCCE_Constant,
	RCCE_None
};

// [E][S] A.1: fields, order and defaults.
struct FRichCurveKey
{
	TEnumAsByte<ERichCurveInterpMode> InterpMode = RCIM_Linear;
	TEnumAsByte<ERichCurveTangentMode> TangentMode = RCTM_Auto;
	TEnumAsByte<ERichCurveTangentWeightMode> TangentWeightMode = RCTWM_WeightedNone;
	float Time = 0.0f;
	float Value = 0.0f;
	float ArriveTangent = 0.0f;
	float ArriveTangentWeight = 0.0f;
	float LeaveTangent = 0.0f;
	float LeaveTangentWeight = 0.0f;

	FRichCurveKey() = default;
	FRichCurveKey(float InTime, float InValue) : Time(InTime), Value(InValue) {}
	bool operator==(const FRichCurveKey& Other) const;
	bool operator!=(const FRichCurveKey& Other) const { return !(*this == Other); }
};

// [E] Names a key; a new one names none [F 502618].
struct FKeyHandle
{
	FKeyHandle() = default;
	explicit FKeyHandle(uint64 InId) : Id(InId) {}
	uint64 Id = 0;
	friend bool operator==(FKeyHandle A, FKeyHandle B) { return A.Id == B.Id; }
};

// [E] FRichCurve : FRealCurve : FIndexedCurve; the levels are folded into two here.
struct FRealCurve
{
	virtual ~FRealCurve() = default;
	float DefaultValue = MAX_FLT; // A.2: MAX_FLT means not set
	TEnumAsByte<ERichCurveExtrapolation> PreInfinityExtrap = RCCE_Constant;
	TEnumAsByte<ERichCurveExtrapolation> PostInfinityExtrap = RCCE_Constant;
};

// [E][H]
struct FRichCurve : public FRealCurve
{
	TArray<FRichCurveKey> Keys;

	FKeyHandle AddKey(
		float InTime, float InValue, const bool bUnwindRotation = false, FKeyHandle KeyHandle = FKeyHandle());
	FKeyHandle UpdateOrAddKey(float InTime, float InValue, const bool bUnwindRotation = false,
		float KeyTimeTolerance = UE_KINDA_SMALL_NUMBER);
	FKeyHandle FindKey(float KeyTime, float KeyTimeTolerance = UE_KINDA_SMALL_NUMBER) const;
	bool IsKeyHandleValid(FKeyHandle Handle) const;
	FRichCurveKey& GetKey(FKeyHandle Handle);
	void SetKeyValue(FKeyHandle Handle, float NewValue, bool bAutoSetTangents = true);
	void SetKeyInterpMode(FKeyHandle Handle, ERichCurveInterpMode NewMode) { SetKeyInterpMode(Handle, NewMode, true); }
	void SetKeyInterpMode(FKeyHandle Handle, ERichCurveInterpMode NewMode, bool bAutoSetTangents);
	void SetKeyTangentMode(FKeyHandle Handle, ERichCurveTangentMode NewMode, bool bAutoSetTangents = true);
	void SetKeyTangentWeightMode(FKeyHandle Handle, ERichCurveTangentWeightMode NewMode, bool bAutoSetTangents = true);
	// Stores what it is given; nothing is recomputed [P].
	void SetKeys(const TArray<FRichCurveKey>& InKeys);
	void AutoSetTangents(float Tension = 0.0f);
	float Eval(float InTime, float InDefaultValue = 0.0f) const;

	const TArray<FRichCurveKey>& GetConstRefOfKeys() const { return Keys; }
	TArray<FRichCurveKey> GetCopyOfKeys() const { return Keys; }
	int32 GetNumKeys() const { return Keys.Num(); }
	bool IsEmpty() const { return Keys.IsEmpty(); }
	void ReserveKeys(int32 Count) { Keys.Reserve(Count); }
	void Reset();
	bool operator==(const FRichCurve& Other) const;
	FString ShimContent() const;

private:
	int32 IndexOf(FKeyHandle Handle) const;
	// Parallel to Keys; made anew when somebody wrote to Keys.
	mutable TArray<FKeyHandle> Handles;
};
