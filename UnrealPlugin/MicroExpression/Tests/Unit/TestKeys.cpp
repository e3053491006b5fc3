// How Convert sets keys: one pass against the paper's key by key, explicit tangents, and the core's values.
#include <limits>

#include "Check.h"
#include "MicroExpressionConvert.h"
#include "microexpr_core.h"

namespace
{
	TArray<FRichCurveKey> DrawKeys(Test::FRandom& Random, int32 Count)
	{
		TArray<FRichCurveKey> Keys;
		float Time = 0.0f;
		for (int32 Index = 0; Index < Count; ++Index)
		{
			FRichCurveKey& Key = Keys.Emplace_GetRef(Time, Random.Next());
			Key.InterpMode = RCIM_Cubic;
			Key.TangentMode = RCTM_Auto;
			Time += 0.005f + 0.3f * Random.Next();
		}
		return Keys;
	}

	/** The paper's path (AddKey, SetKeyTangentMode, SetKeyInterpMode for each) gives the very same keys. */
	void OnePassIsKeyByKey()
	{
		for (int32 Count = 0; Count < 40; ++Count)
		{
			Test::FRandom Random(static_cast<uint64>(Count) + 7);
			const TArray<FRichCurveKey> Keys = DrawKeys(Random, Count);
			FRichCurve OnePass, KeyByKey;
			MicroExpressionConvert::SetCurveKeys(OnePass, Keys);
			MicroExpressionConvert::AddCurveKeysOneByOne(KeyByKey, Keys);
			EXPECT(OnePass == KeyByKey);
			EXPECT(Count < 3 || OnePass.Keys[1].LeaveTangent != 0.0f);
			EXPECT(Count == 0 || (OnePass.Keys[0].LeaveTangent == 0.0f && OnePass.Keys.Last().ArriveTangent == 0.0f));
		}
	}

	void UserTangentsStay()
	{
		Test::FRandom Random(3);
		TArray<FRichCurveKey> Keys = DrawKeys(Random, 9);
		for (int32 Index = 0; Index < Keys.Num(); Index += 2)
		{
			Keys[Index].TangentMode = Index % 4 == 0 ? RCTM_User : RCTM_Break;
			Keys[Index].ArriveTangent = 0.5f;
			Keys[Index].LeaveTangent = Index % 4 == 0 ? 0.5f : -0.25f;
		}
		FRichCurve Curve;
		MicroExpressionConvert::SetCurveKeys(Curve, Keys);
		for (int32 Index = 0; Index < Keys.Num(); ++Index)
		{
			EXPECT((Curve.Keys[Index] == Keys[Index]) == (Index % 2 == 0));
		}
	}

	void ExplicitKeysEvaluateTheSame()
	{
		Test::FRandom Random(5);
		TArray<FRichCurveKey> Keys = DrawKeys(Random, 12);
		Keys[4].InterpMode = RCIM_Linear;
		Keys[6].InterpMode = RCIM_Constant;
		Keys[8].InterpMode = RCIM_None;
		Keys[9].TangentMode = RCTM_Break;
		Keys[9].ArriveTangent = 1.0f;
		FRichCurve Curve, Explicit;
		MicroExpressionConvert::SetCurveKeys(Curve, Keys);
		Explicit.SetKeys(MicroExpressionConvert::ExplicitKeys(Curve));
		for (float Time = -0.5f; Time < 4.0f; Time += 0.01f)
		{
			EXPECT(Curve.Eval(Time) == Explicit.Eval(Time));
		}
		const FRichCurve Before = Explicit;
		Explicit.AutoSetTangents(0.0f); // nothing is left to recompute
		EXPECT(Explicit == Before);
		EXPECT(Explicit.Keys[1].TangentMode == RCTM_User && Explicit.Keys[9].TangentMode == RCTM_Break);
		EXPECT(Explicit.Keys[4].InterpMode == RCIM_Linear && Explicit.Keys[8].InterpMode == RCIM_Cubic);
	}

	microexpr_curve CoreCurve(const microexpr_key* Keys, size_t Count)
	{
		microexpr_curve Curve;
		MICROEXPR_INIT(&Curve);
		Curve.name = "jawOpen";
		Curve.keys = Keys;
		Curve.key_count = Count;
		Curve.pre_infinity = Curve.post_infinity = MICROEXPR_RCCE_CONSTANT;
		return Curve;
	}

	void FieldsAreNotMixedUp()
	{
		microexpr_key Key{};
		Key.interp_mode = MICROEXPR_RCIM_CONSTANT;
		Key.tangent_mode = MICROEXPR_RCTM_BREAK;
		Key.tangent_weight_mode = MICROEXPR_RCTWM_LEAVE;
		Key.time = 1.0f;
		Key.value = 2.0f;
		Key.arrive_tangent = 3.0f;
		Key.arrive_tangent_weight = 4.0f;
		Key.leave_tangent = 5.0f;
		Key.leave_tangent_weight = 6.0f;
		microexpr_curve Core = CoreCurve(&Key, 1);
		Core.pre_infinity = MICROEXPR_RCCE_OSCILLATE;
		Core.post_infinity = MICROEXPR_RCCE_LINEAR;
		Core.has_default_value = 1;
		Core.default_value = 7.0f;
		FRichCurve Curve;
		FText Error;
		EXPECT(MicroExpressionConvert::ToCurve(Core, Curve, Error) && Error.IsEmpty());
		const FRichCurveKey& Got = Curve.Keys[0];
		EXPECT(Got.InterpMode == RCIM_Constant && Got.TangentMode == RCTM_Break
			&& Got.TangentWeightMode == RCTWM_WeightedLeave);
		EXPECT(Got.Time == 1.0f && Got.Value == 2.0f && Got.ArriveTangent == 3.0f && Got.ArriveTangentWeight == 4.0f);
		EXPECT(Got.LeaveTangent == 5.0f && Got.LeaveTangentWeight == 6.0f && Curve.DefaultValue == 7.0f);
		EXPECT(Curve.PreInfinityExtrap == RCCE_Oscillate && Curve.PostInfinityExtrap == RCCE_Linear);
		Core.has_default_value = 0;
		EXPECT(MicroExpressionConvert::ToCurve(Core, Curve, Error) && Curve.DefaultValue == MAX_FLT);
	}

	void SmartAutoKeepsItsShape()
	{
		microexpr_key Keys[3]{};
		for (int Index = 0; Index < 3; ++Index)
		{
			Keys[Index].interp_mode = MICROEXPR_RCIM_CUBIC;
			Keys[Index].tangent_mode = MICROEXPR_RCTM_SMART_AUTO;
			Keys[Index].time = static_cast<float>(Index);
			Keys[Index].arrive_tangent = Keys[Index].leave_tangent = 0.5f;
		}
		Keys[2].leave_tangent = 0.25f;
		FRichCurve Curve;
		FText Error;
		EXPECT(MicroExpressionConvert::ToCurve(CoreCurve(Keys, 3), Curve, Error));
		EXPECT(Curve.Keys[1].TangentMode == RCTM_User && Curve.Keys[1].LeaveTangent == 0.5f);
		EXPECT(Curve.Keys[2].TangentMode == RCTM_Break && Curve.Keys[2].LeaveTangent == 0.25f);
	}

	void RefusesWhatItCannotRead()
	{
		const auto Refused = [](void (*Spoil)(microexpr_key*, microexpr_curve*))
		{
			microexpr_key Keys[2]{};
			Keys[1].time = 1.0f;
			microexpr_curve Core = CoreCurve(Keys, 2);
			Spoil(Keys, &Core);
			FRichCurve Curve;
			FText Error;
			return !MicroExpressionConvert::ToCurve(Core, Curve, Error) && Error.ToString().Contains(TEXT("jawOpen"));
		};
		EXPECT(!Refused([](microexpr_key*, microexpr_curve*) {}));
		EXPECT(Refused([](microexpr_key* Keys, microexpr_curve*) { Keys[1].interp_mode = 4; }));
		EXPECT(Refused([](microexpr_key* Keys, microexpr_curve*) { Keys[1].tangent_mode = 5; }));
		EXPECT(Refused([](microexpr_key* Keys, microexpr_curve*) { Keys[1].tangent_weight_mode = 4; }));
		EXPECT(Refused([](microexpr_key* Keys, microexpr_curve*) { Keys[1].time = -1.0f; }));
		EXPECT(Refused(
			[](microexpr_key* Keys, microexpr_curve*) { Keys[0].value = std::numeric_limits<float>::infinity(); }));
		EXPECT(Refused([](microexpr_key* Keys, microexpr_curve*)
			{ Keys[0].leave_tangent = std::numeric_limits<float>::quiet_NaN(); }));
		EXPECT(Refused([](microexpr_key*, microexpr_curve* Curve) { Curve->pre_infinity = 6; }));
		EXPECT(Refused([](microexpr_key*, microexpr_curve* Curve) { Curve->post_infinity = -1; }));
	}
}

int main()
{
	OnePassIsKeyByKey();
	UserTangentsStay();
	ExplicitKeysEvaluateTheSame();
	FieldsAreNotMixedUp();
	SmartAutoKeepsItsShape();
	RefusesWhatItCannotRead();
	return Test::Report();
}
