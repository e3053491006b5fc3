#include "Curves/RichCurve.h"

namespace
{
	FKeyHandle NewHandle()
	{
		static uint64 Last = 0;
		return FKeyHandle(++Last);
	}

	bool IsCyclic(ERichCurveExtrapolation Mode)
	{
		return Mode == RCCE_Cycle || Mode == RCCE_CycleWithOffset || Mode == RCCE_Oscillate || Mode == RCCE_None;
	}

	// A Bezier curve of degree 3 by de Casteljau's construction.
	float Bezier(float A, float B, float C, float D, float S)
	{
		const float AB = FMath::Lerp(A, B, S), BC = FMath::Lerp(B, C, S), CD = FMath::Lerp(C, D, S);
		return FMath::Lerp(FMath::Lerp(AB, BC, S), FMath::Lerp(BC, CD, S), S);
	}

	// A tangent's handle (A.5): the length is the weight, or that of an unweighted handle.
	void Handle(float Tangent, bool bWeighted, float Weight, float Span, float& OutX, float& OutY)
	{
		const float Rise = Tangent * Span;
		const float Length = bWeighted ? Weight : std::sqrt(Span * Span + Rise * Rise) / 3.0f;
		const float Angle = std::atan(Tangent);
		OutX = std::cos(Angle) * Length;
		OutY = std::sin(Angle) * Length;
	}

	// The largest S in [0, 1] at which the Bezier 0, X1, X2, 1 is Alpha: from 1 down, in small steps, then halving.
	float LargestParameter(float X1, float X2, float Alpha)
	{
		constexpr int32 Steps = 4096;
		const auto Off = [=](double S)
		{
			const double R = 1.0 - S;
			return 3.0 * R * R * S * X1 + 3.0 * R * S * S * X2 + S * S * S - Alpha;
		};
		for (int32 Step = Steps; Step > 0; --Step)
		{
			double Low = double(Step - 1) / Steps, High = double(Step) / Steps;
			if ((Off(Low) <= 0.0) == (Off(High) < 0.0))
			{
				continue;
			}
			const bool bRising = Off(High) >= 0.0;
			for (int32 Halving = 0; Halving < 50; ++Halving)
			{
				const double Middle = 0.5 * (Low + High);
				((Off(Middle) < 0.0) == bRising ? Low : High) = Middle;
			}
			return static_cast<float>(0.5 * (Low + High));
		}
		return Alpha <= 0.0f ? 0.0f : 1.0f;
	}

	bool IsWeighted(const FRichCurveKey& Key, ERichCurveTangentWeightMode Side)
	{
		return Key.TangentWeightMode == Side || Key.TangentWeightMode == RCTWM_WeightedBoth;
	}

	float EvalCubic(const FRichCurveKey& Left, const FRichCurveKey& Right, float Span, float Alpha)
	{
		const bool bLeave = IsWeighted(Left, RCTWM_WeightedLeave), bArrive = IsWeighted(Right, RCTWM_WeightedArrive);
		if (!bLeave && !bArrive)
		{
			const float ThirdOfSpan = Span / 3.0f;
			return Bezier(Left.Value, Left.Value + Left.LeaveTangent * ThirdOfSpan,
				Right.Value - Right.ArriveTangent * ThirdOfSpan, Right.Value, Alpha);
		}
		float LeaveX, LeaveY, ArriveX, ArriveY;
		Handle(Left.LeaveTangent, bLeave, Left.LeaveTangentWeight, Span, LeaveX, LeaveY);
		Handle(Right.ArriveTangent, bArrive, Right.ArriveTangentWeight, Span, ArriveX, ArriveY);
		const float S = LargestParameter(LeaveX / Span, 1.0f - ArriveX / Span, Alpha);
		return Bezier(Left.Value, Left.Value + LeaveY, Right.Value - ArriveY, Right.Value, S);
	}

	// A.5: the left key's mode decides.
	float EvalBetween(const FRichCurveKey& Left, const FRichCurveKey& Right, float Time)
	{
		const float Span = Right.Time - Left.Time;
		if (Span <= 0.0f || Left.InterpMode == RCIM_Constant)
		{
			return Left.Value;
		}
		const float Alpha = (Time - Left.Time) / Span;
		return Left.InterpMode == RCIM_Linear ? FMath::Lerp(Left.Value, Right.Value, Alpha)
											  : EvalCubic(Left, Right, Span, Alpha);
	}

	// A.6: the chord of the two end keys, not the tangent.
	float Continue(const FRichCurveKey& End, const FRichCurveKey& Inner, float Time)
	{
		const float Span = Inner.Time - End.Time;
		return FMath::Abs(Span) <= UE_SMALL_NUMBER ? End.Value
												   : End.Value + (Inner.Value - End.Value) / Span * (Time - End.Time);
	}

	// A.6: the time within the keys that a cyclic mode reads, and what CycleWithOffset adds.
	float Wrap(const FRichCurve& Curve, float Time, ERichCurveExtrapolation Mode, float& OutOffset)
	{
		const FRichCurveKey &First = Curve.Keys[0], &Last = Curve.Keys.Last();
		const float Length = Last.Time - First.Time;
		if (Length <= 0.0f)
		{
			return First.Time;
		}
		const bool bAfter = Time > Last.Time;
		const float Cycles = bAfter ? std::ceil((Time - Last.Time) / Length) : std::ceil((First.Time - Time) / Length);
		float Inside = bAfter ? Time - Cycles * Length : Time + Cycles * Length;
		Inside = FMath::Clamp(Inside, First.Time, Last.Time);
		if (Mode == RCCE_Oscillate && std::fmod(Cycles, 2.0f) == 1.0f)
		{
			Inside = First.Time + (Last.Time - Inside);
		}
		if (Mode == RCCE_CycleWithOffset)
		{
			OutOffset = Cycles * (bAfter ? Last.Value - First.Value : First.Value - Last.Value);
		}
		return Inside;
	}
}

bool FRichCurveKey::operator==(const FRichCurveKey& Other) const
{
	return InterpMode == Other.InterpMode && TangentMode == Other.TangentMode
		&& TangentWeightMode == Other.TangentWeightMode && Time == Other.Time && Value == Other.Value
		&& ArriveTangent == Other.ArriveTangent && ArriveTangentWeight == Other.ArriveTangentWeight
		&& LeaveTangent == Other.LeaveTangent && LeaveTangentWeight == Other.LeaveTangentWeight;
}

bool FRichCurve::operator==(const FRichCurve& Other) const
{
	return Keys == Other.Keys && DefaultValue == Other.DefaultValue && PreInfinityExtrap == Other.PreInfinityExtrap
		&& PostInfinityExtrap == Other.PostInfinityExtrap;
}

int32 FRichCurve::IndexOf(FKeyHandle KeyHandle) const
{
	while (Handles.Num() < Keys.Num())
	{
		Handles.Add(NewHandle());
	}
	return KeyHandle.Id == 0 ? static_cast<int32>(INDEX_NONE) : Handles.Find(KeyHandle);
}

FKeyHandle FRichCurve::AddKey(float InTime, float InValue, bool, FKeyHandle KeyHandle)
{
	IndexOf(FKeyHandle());
	int32 Index = 0;
	while (Index < Keys.Num() && Keys[Index].Time < InTime)
	{
		++Index;
	}
	Keys.Insert(FRichCurveKey(InTime, InValue), Index);
	Handles.Insert(KeyHandle.Id == 0 ? NewHandle() : KeyHandle, Index);
	return Handles[Index];
}

FKeyHandle FRichCurve::FindKey(float KeyTime, float KeyTimeTolerance) const
{
	IndexOf(FKeyHandle());
	const int32 Index = Keys.IndexOfByPredicate(
		[=](const FRichCurveKey& Key) { return FMath::Abs(Key.Time - KeyTime) <= KeyTimeTolerance; });
	return Index == INDEX_NONE ? FKeyHandle() : Handles[Index];
}

FKeyHandle FRichCurve::UpdateOrAddKey(float InTime, float InValue, bool bUnwind, float KeyTimeTolerance)
{
	const FKeyHandle Found = FindKey(InTime, KeyTimeTolerance);
	if (Found.Id == 0)
	{
		return AddKey(InTime, InValue, bUnwind);
	}
	SetKeyValue(Found, InValue);
	return Found;
}

bool FRichCurve::IsKeyHandleValid(FKeyHandle KeyHandle) const
{
	return IndexOf(KeyHandle) != INDEX_NONE;
}

FRichCurveKey& FRichCurve::GetKey(FKeyHandle KeyHandle)
{
	return Keys[IndexOf(KeyHandle)];
}

void FRichCurve::SetKeyValue(FKeyHandle KeyHandle, float NewValue, bool bAutoSetTangents)
{
	GetKey(KeyHandle).Value = NewValue;
	if (bAutoSetTangents)
	{
		AutoSetTangents();
	}
}

void FRichCurve::SetKeyInterpMode(FKeyHandle KeyHandle, ERichCurveInterpMode NewMode, bool bAutoSetTangents)
{
	GetKey(KeyHandle).InterpMode = NewMode;
	if (bAutoSetTangents)
	{
		AutoSetTangents();
	}
}

void FRichCurve::SetKeyTangentMode(FKeyHandle KeyHandle, ERichCurveTangentMode NewMode, bool bAutoSetTangents)
{
	GetKey(KeyHandle).TangentMode = NewMode;
	if (bAutoSetTangents)
	{
		AutoSetTangents();
	}
}

void FRichCurve::SetKeyTangentWeightMode(
	FKeyHandle KeyHandle, ERichCurveTangentWeightMode NewMode, bool bAutoSetTangents)
{
	GetKey(KeyHandle).TangentWeightMode = NewMode;
	if (bAutoSetTangents)
	{
		AutoSetTangents();
	}
}

void FRichCurve::SetKeys(const TArray<FRichCurveKey>& InKeys)
{
	for (int32 Index = 1; Index < InKeys.Num(); ++Index)
	{
		if (InKeys[Index].Time < InKeys[Index - 1].Time)
		{
			Shim::Violate("SetKeys stores as given: sort first");
		}
	}
	Keys = InKeys;
	Handles.Reset();
}

// A.4
void FRichCurve::AutoSetTangents(float Tension)
{
	for (int32 Index = 0; Index < Keys.Num(); ++Index)
	{
		FRichCurveKey& Key = Keys[Index];
		if (Key.InterpMode != RCIM_Cubic || Key.TangentMode != RCTM_Auto)
		{
			continue;
		}
		const bool bFirst = Index == 0, bLast = Index + 1 == Keys.Num();
		if (!bFirst && !bLast)
		{
			const FRichCurveKey &Before = Keys[Index - 1], &After = Keys[Index + 1];
			const float Rise = (Key.Value - Before.Value) + (After.Value - Key.Value);
			const float Slope = (1.0f - Tension) * Rise / FMath::Max(UE_KINDA_SMALL_NUMBER, After.Time - Before.Time);
			Key.ArriveTangent = Key.LeaveTangent = Slope;
			continue;
		}
		if (bFirst)
		{
			Key.LeaveTangent = 0.0f;
		}
		if (bLast)
		{
			Key.ArriveTangent = 0.0f;
		}
	}
}

float FRichCurve::Eval(float Time, float InDefaultValue) const
{
	if (Keys.Num() < 2)
	{
		return Keys.IsEmpty() ? (DefaultValue == MAX_FLT ? InDefaultValue : DefaultValue) : Keys[0].Value;
	}
	const FRichCurveKey &First = Keys[0], &Last = Keys.Last();
	const bool bBefore = Time <= First.Time, bAfter = !bBefore && Time >= Last.Time;
	float Offset = 0.0f;
	if (bBefore || bAfter)
	{
		const ERichCurveExtrapolation Mode = bBefore ? PreInfinityExtrap : PostInfinityExtrap;
		const FRichCurveKey& End = bBefore ? First : Last;
		if (Mode == RCCE_Linear)
		{
			return Continue(End, bBefore ? Keys[1] : Keys[Keys.Num() - 2], Time);
		}
		if (!IsCyclic(Mode))
		{
			return End.Value;
		}
		if (Time < First.Time || Time > Last.Time)
		{
			Time = Wrap(*this, Time, Mode, Offset);
		}
	}
	const auto After = std::upper_bound(
		Keys.begin(), Keys.end(), Time, [](float At, const FRichCurveKey& Key) { return At < Key.Time; });
	const int32 Right = static_cast<int32>(After - Keys.begin());
	return (Right == Keys.Num() ? Last.Value : EvalBetween(Keys[Right - 1], Keys[Right], Time)) + Offset;
}

void FRichCurve::Reset()
{
	Keys.Reset();
	Handles.Reset();
}

FString FRichCurve::ShimContent() const
{
	FString Content;
	for (const FRichCurveKey& Key : Keys)
	{
		Content += FString::Printf(TEXT("%d %d %d %.9g %.9g %.9g %.9g %.9g %.9g;"), int32(Key.InterpMode.GetValue()),
			int32(Key.TangentMode.GetValue()), int32(Key.TangentWeightMode.GetValue()), Key.Time, Key.Value,
			Key.ArriveTangent, Key.ArriveTangentWeight, Key.LeaveTangent, Key.LeaveTangentWeight);
	}
	return Content;
}
