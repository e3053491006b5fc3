// The shim's FRichCurve, written from the facts alone, against the golden file that Python wrote and against the core
// library, to which it owes nothing: three implementations, one behaviour.
#include <fstream>
#include <sstream>
#include <string>

#include "Check.h"
#include "Curves/RichCurve.h"
#include "microexpr_core.h"

namespace
{
	constexpr float Fallback = 0.25f;

	struct FSample
	{
		float First;  // time, or arriving tangent
		float Second; // value, or leaving tangent
	};

	struct FEntry
	{
		std::string Name;
		bool bWeighted = false;
		float Tension = 0.0f;
		FRichCurve Curve;
		TArray<FSample> Tangents;
		TArray<FSample> Samples;
	};

	float FromBits(const std::string& Word)
	{
		const auto Bits = static_cast<uint32>(std::stoul(Word, nullptr, 16));
		float Value;
		std::memcpy(&Value, &Bits, sizeof Value);
		return Value;
	}

	FRichCurveKey ReadKey(std::istringstream& Words)
	{
		std::string Number[6];
		int Mode[3];
		for (std::string& Word : Number)
		{
			Words >> Word;
		}
		for (int& Value : Mode)
		{
			Words >> Value;
		}
		FRichCurveKey Key(FromBits(Number[0]), FromBits(Number[1]));
		Key.ArriveTangent = FromBits(Number[2]);
		Key.LeaveTangent = FromBits(Number[3]);
		Key.ArriveTangentWeight = FromBits(Number[4]);
		Key.LeaveTangentWeight = FromBits(Number[5]);
		Key.InterpMode = static_cast<ERichCurveInterpMode>(Mode[0]);
		Key.TangentMode = static_cast<ERichCurveTangentMode>(Mode[1]);
		Key.TangentWeightMode = static_cast<ERichCurveTangentWeightMode>(Mode[2]);
		return Key;
	}

	FEntry ReadCurve(std::istringstream& Words)
	{
		FEntry Entry;
		std::string Kind, Default, Tension;
		int Pre = 0, Post = 0;
		Words >> Entry.Name >> Kind >> Pre >> Post >> Default >> Tension;
		Entry.bWeighted = Kind == "weighted";
		Entry.Tension = FromBits(Tension);
		Entry.Curve.PreInfinityExtrap = static_cast<ERichCurveExtrapolation>(Pre);
		Entry.Curve.PostInfinityExtrap = static_cast<ERichCurveExtrapolation>(Post);
		Entry.Curve.DefaultValue = Default == "-" ? MAX_FLT : FromBits(Default);
		return Entry;
	}

	TArray<FEntry> ReadGolden(const char* Path)
	{
		std::ifstream File(Path);
		TArray<FEntry> Entries;
		std::string Line;
		while (std::getline(File, Line))
		{
			std::istringstream Words(Line);
			std::string Kind, First, Second;
			Words >> Kind;
			if (Kind == "curve")
			{
				Entries.Add(ReadCurve(Words));
			}
			else if (Kind == "key")
			{
				Entries.Last().Curve.Keys.Add(ReadKey(Words));
			}
			else if (Kind == "auto" || Kind == "at")
			{
				Words >> First >> Second;
				TArray<FSample>& Target = Kind == "auto" ? Entries.Last().Tangents : Entries.Last().Samples;
				Target.Add({FromBits(First), FromBits(Second)});
			}
		}
		return Entries;
	}

	/** 1e-6 of the curve's range: other order of operations, same mathematics. Weighted: another way to find the root. */
	float Limit(const FEntry& Entry)
	{
		float Low = 0.0f, High = 1.0f;
		for (const FSample& Sample : Entry.Samples)
		{
			Low = FMath::Min(Low, Sample.Second);
			High = FMath::Max(High, Sample.Second);
		}
		return (Entry.bWeighted ? 1e-5f : 1e-6f) * (High - Low);
	}

	void CompareSamples(const FEntry& Entry)
	{
		for (const FSample& Sample : Entry.Samples)
		{
			const float Value = Entry.Curve.Eval(Sample.First, Fallback);
			const bool bNear = FMath::Abs(Value - Sample.Second) <= Limit(Entry);
			if (!bNear)
			{
				std::fprintf(stderr, "%s at %.9g: %.9g for %.9g\n", Entry.Name.c_str(), double(Sample.First),
					double(Value), double(Sample.Second));
			}
			EXPECT(bNear);
		}
	}

	void CompareTangents(const FEntry& Entry)
	{
		FRichCurve Curve = Entry.Curve;
		Curve.AutoSetTangents(Entry.Tension);
		EXPECT(Curve.Keys.Num() == Entry.Tangents.Num());
		for (int32 Index = 0; Index < Entry.Tangents.Num(); ++Index)
		{
			const FSample& Tangent = Entry.Tangents[Index];
			const FRichCurveKey& Key = Curve.Keys[Index];
			EXPECT(
				FMath::Abs(Key.ArriveTangent - Tangent.First) <= 1e-6f * FMath::Max(1.0f, FMath::Abs(Tangent.First)));
			EXPECT(
				FMath::Abs(Key.LeaveTangent - Tangent.Second) <= 1e-6f * FMath::Max(1.0f, FMath::Abs(Tangent.Second)));
		}
	}

	microexpr_key ToCore(const FRichCurveKey& Key)
	{
		microexpr_key Result{};
		Result.interp_mode = static_cast<uint8>(Key.InterpMode.GetValue());
		Result.tangent_mode = static_cast<uint8>(Key.TangentMode.GetValue());
		Result.time = Key.Time;
		Result.value = Key.Value;
		Result.arrive_tangent = Key.ArriveTangent;
		Result.leave_tangent = Key.LeaveTangent;
		return Result;
	}

	FRichCurve Draw(Test::FRandom& Random)
	{
		FRichCurve Curve;
		float Time = Random.Next();
		for (int32 Count = Random.Below(12) + 1; Count > 0; --Count)
		{
			FRichCurveKey Key(Time, 2.0f * Random.Next() - 1.0f);
			Key.InterpMode = static_cast<ERichCurveInterpMode>(Random.Below(4));
			Key.TangentMode = static_cast<ERichCurveTangentMode>(Random.Below(4));
			Key.ArriveTangent = 4.0f * Random.Next() - 2.0f;
			Key.LeaveTangent = 4.0f * Random.Next() - 2.0f;
			Curve.Keys.Add(Key);
			Time += Random.Below(8) == 0 ? 0.0f : 0.01f + 0.2f * Random.Next();
		}
		Curve.PreInfinityExtrap = static_cast<ERichCurveExtrapolation>(Random.Below(6));
		Curve.PostInfinityExtrap = static_cast<ERichCurveExtrapolation>(Random.Below(6));
		return Curve;
	}

	/** Near a whole cycle rounding decides which one is read: there the implementations may differ by a whole cycle. */
	bool IsAtSeam(const FRichCurve& Curve, float Time)
	{
		const float First = Curve.Keys[0].Time, Length = Curve.Keys.Last().Time - First;
		if (Length <= 0.0f || (Time >= First && Time <= First + Length))
		{
			return false;
		}
		const float Cycles = (Time - First) / Length;
		return FMath::Abs(Cycles - std::round(Cycles)) < 1e-3f;
	}

	void CompareWithCore(Test::FRandom& Random)
	{
		FRichCurve Curve = Draw(Random);
		std::vector<microexpr_key> Keys;
		for (const FRichCurveKey& Key : Curve.Keys)
		{
			Keys.push_back(ToCore(Key));
		}
		EXPECT(microexpr_curve_auto_tangents(Keys.data(), Keys.size(), 0.0f) == MICROEXPR_OK);
		Curve.AutoSetTangents(0.0f);
		microexpr_curve Core;
		MICROEXPR_INIT(&Core);
		Core.keys = Keys.data();
		Core.key_count = Keys.size();
		Core.pre_infinity = Curve.PreInfinityExtrap;
		Core.post_infinity = Curve.PostInfinityExtrap;
		for (int32 Count = 0; Count < 40; ++Count)
		{
			const float Time = Count < Curve.Keys.Num() ? Curve.Keys[Count].Time : 5.0f * Random.Next() - 1.0f;
			float Expected = 0.0f;
			EXPECT(microexpr_curve_evaluate(&Core, Fallback, &Time, &Expected, 1) == MICROEXPR_OK);
			const float Value = Curve.Eval(Time, Fallback);
			EXPECT(IsAtSeam(Curve, Time)
				|| FMath::Abs(Value - Expected) <= 2e-5f * FMath::Max(1.0f, FMath::Abs(Expected)));
		}
	}

	void Handles()
	{
		FRichCurve Curve;
		const FKeyHandle Late = Curve.AddKey(1.0f, 1.0f), Early = Curve.AddKey(0.0f, 0.5f);
		EXPECT(Curve.GetKey(Late).Time == 1.0f && Curve.GetKey(Early).Value == 0.5f && Curve.Keys[0].Time == 0.0f);
		EXPECT(!Curve.IsKeyHandleValid(FKeyHandle()));
		EXPECT(Curve.Keys[0].InterpMode == RCIM_Linear && Curve.Keys[0].TangentMode == RCTM_Auto);
		EXPECT(Curve.FindKey(1.00005f) == Late && !Curve.IsKeyHandleValid(Curve.FindKey(1.005f)));
		EXPECT(Curve.UpdateOrAddKey(1.0f, 2.0f) == Late && Curve.Keys.Num() == 2 && Curve.Keys[1].Value == 2.0f);
		Curve.SetKeys({FRichCurveKey(1.0f, 0.0f), FRichCurveKey(0.0f, 0.0f)});
		EXPECT(!Curve.IsKeyHandleValid(Late));
		EXPECT(Test::TakeViolations().Num() == 1); // out of order
	}
}

int main(int Count, char** Words)
{
	if (Count != 2)
	{
		return 2;
	}
	const TArray<FEntry> Entries = ReadGolden(Words[1]);
	EXPECT(Entries.Num() >= 60);
	for (const FEntry& Entry : Entries)
	{
		CompareSamples(Entry);
		CompareTangents(Entry);
	}
	Test::FRandom Random(1);
	for (int32 Drawn = 0; Drawn < 500; ++Drawn)
	{
		CompareWithCore(Random);
	}
	Handles();
	return Test::Report();
}
