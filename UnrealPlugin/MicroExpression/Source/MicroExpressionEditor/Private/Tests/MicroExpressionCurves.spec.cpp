// For whoever has an engine, and the first thing to run there: does FRichCurve do what this plugin was built on?
//     UnrealEditor-Cmd PROJECT.uproject -ExecCmds="Automation RunTests MicroExpression;Quit" -unattended -nullrhi -log
// Not run in an editor; outside one it runs on a model of FRichCurve, where it passes.
#include "Misc/AutomationTest.h"

#if WITH_DEV_AUTOMATION_TESTS

#include "MicroExpressionConvert.h"
#include "MicroExpressionGolden.h"

namespace
{
	TArray<FRichCurveKey> GoldenKeys(const MicroExpressionGolden::FCurve& Golden)
	{
		TArray<FRichCurveKey> Keys;
		for (int32 Index = 0; Index < Golden.KeyCount; ++Index)
		{
			const MicroExpressionGolden::FKey& Given = Golden.Keys[Index];
			FRichCurveKey Key(Given.Time, Given.Value);
			Key.InterpMode = Given.Interp;
			Key.TangentMode = Given.Tangent;
			Key.ArriveTangent = Given.Arrive;
			Key.LeaveTangent = Given.Leave;
			Keys.Add(Key);
		}
		return Keys;
	}

	// 1e-5 of a curve's range: what float steps in another order may differ by.
	float GoldenTolerance(const MicroExpressionGolden::FCurve& Golden)
	{
		float Low = Golden.Samples[0].Value;
		float High = Low;
		for (int32 Index = 1; Index < Golden.SampleCount; ++Index)
		{
			Low = FMath::Min(Low, Golden.Samples[Index].Value);
			High = FMath::Max(High, Golden.Samples[Index].Value);
		}
		return 1e-5f * FMath::Max(1.0f, High - Low);
	}

	FRichCurve GoldenCurve(const MicroExpressionGolden::FCurve& Golden)
	{
		FRichCurve Curve;
		Curve.SetKeys(GoldenKeys(Golden));
		Curve.PreInfinityExtrap = Golden.Pre;
		Curve.PostInfinityExtrap = Golden.Post;
		return Curve;
	}
}

// clang-format off
BEGIN_DEFINE_SPEC(
	FMicroExpressionCurvesSpec, "MicroExpression.Curves",
	EAutomationTestFlags::EditorContext | EAutomationTestFlags::ProductFilter)
	void TestSamples(const MicroExpressionGolden::FCurve& Golden);
	void TestTangents(const MicroExpressionGolden::FCurve& Golden, bool bEnds);
END_DEFINE_SPEC(FMicroExpressionCurvesSpec)
// clang-format on

void FMicroExpressionCurvesSpec::TestSamples(const MicroExpressionGolden::FCurve& Golden)
{
	const FRichCurve Curve = GoldenCurve(Golden);
	for (int32 Index = 0; Index < Golden.SampleCount; ++Index)
	{
		const MicroExpressionGolden::FSample& Sample = Golden.Samples[Index];
		TestEqual(FString::Printf(TEXT("%s at %g s"), Golden.Name, Sample.Time), Curve.Eval(Sample.Time), Sample.Value,
			GoldenTolerance(Golden));
	}
}

void FMicroExpressionCurvesSpec::TestTangents(const MicroExpressionGolden::FCurve& Golden, bool bEnds)
{
	TArray<FRichCurveKey> Keys = GoldenKeys(Golden);
	const int32 Last = Keys.Num() - 1;
	for (FRichCurveKey& Key : Keys)
	{
		Key.ArriveTangent = 0.0f;
		Key.LeaveTangent = 0.0f;
	}
	FRichCurve Curve;
	Curve.SetKeys(Keys);
	Curve.AutoSetTangents(0.0f);
	for (int32 Index = 0; Index <= Last; ++Index)
	{
		const bool bEnd = Index == 0 || Index == Last;
		if (bEnd == bEnds)
		{
			const FRichCurveKey& Made = Curve.GetConstRefOfKeys()[Index];
			const FString What = FString::Printf(TEXT("%s, key %d"), Golden.Name, Index);
			const float Tolerance = 1e-5f * FMath::Max(1.0f, FMath::Abs(Golden.Keys[Index].Leave));
			TestEqual(What + TEXT(" arrives"), Made.ArriveTangent, Golden.Keys[Index].Arrive, Tolerance);
			TestEqual(What + TEXT(" leaves"), Made.LeaveTangent, Golden.Keys[Index].Leave, Tolerance);
		}
	}
}

void FMicroExpressionCurvesSpec::Define()
{
	Describe(TEXT("Eval"),
		[this]()
		{
			for (const MicroExpressionGolden::FCurve& Golden : MicroExpressionGolden::Curves)
			{
				It(Golden.Name, [this, &Golden]() { TestSamples(Golden); });
			}
		});
	// Inner and end keys apart: of the end keys' zero there is evidence both ways.
	Describe(TEXT("AutoSetTangents"),
		[this]()
		{
			for (const MicroExpressionGolden::FCurve& Golden : MicroExpressionGolden::Curves)
			{
				if (Golden.bAuto)
				{
					It(FString(Golden.Name) + TEXT(", inner keys"), [this, &Golden]() { TestTangents(Golden, false); });
					It(FString(Golden.Name) + TEXT(", end keys"), [this, &Golden]() { TestTangents(Golden, true); });
				}
			}
		});
	Describe(TEXT("Keys"),
		[this]()
		{
			It(TEXT("set at once are those of the paper, set one by one"),
				[this]()
				{
					for (const MicroExpressionGolden::FCurve& Golden : MicroExpressionGolden::Curves)
					{
						if (Golden.bAuto)
						{
							FRichCurve AtOnce;
							FRichCurve OneByOne;
							MicroExpressionConvert::SetCurveKeys(AtOnce, GoldenKeys(Golden));
							MicroExpressionConvert::AddCurveKeysOneByOne(OneByOne, GoldenKeys(Golden));
							for (int32 Index = 0; Index < Golden.SampleCount; ++Index)
							{
								const float Time = Golden.Samples[Index].Time;
								TestEqual(Golden.Name, AtOnce.Eval(Time), OneByOne.Eval(Time), 0.0f);
							}
						}
					}
				});
		});
}

#endif
