#include "Samples.h"

#include <cmath>
#include <cstdio>

#include "Animation/AnimSequence.h"
#include "Curves/CurveFloat.h"
#include "Engine/CurveTable.h"
#include "Engine/DataTable.h"
#include "MicroExpressionConvert.h"

namespace
{
	/** Of one file: hours of any take, and not a full disk. */
	constexpr double MaxSamples = 1e7;

	FString CannotBeWritten(const FString& Path)
	{
		return FString::Printf(TEXT("%s cannot be written: choose a folder that exists and can be written."), *Path);
	}

	template <typename AssetClass>
	AssetClass* FindAsset(const FMicroExpressionImportResult& Imported)
	{
		for (UObject* Asset : Imported.Assets)
		{
			if (AssetClass* Found = Cast<AssetClass>(Asset))
			{
				return Found;
			}
		}
		return nullptr;
	}

	const FRichCurve* InCurveTable(const FMicroExpressionImportResult& Imported, FName Control)
	{
		const UCurveTable* Table = FindAsset<UCurveTable>(Imported);
		return Table ? Table->FindRichCurve(Control, TEXT("host")) : nullptr;
	}

	const FRichCurve* InAnimSequence(const FMicroExpressionImportResult& Imported, FName Control)
	{
		const UAnimSequence* Sequence = FindAsset<UAnimSequence>(Imported);
		const FFloatCurve* Curve =
			Sequence ? Sequence->GetDataModel()->FindFloatCurve({Control, ERawCurveTrackTypes::RCT_Float}) : nullptr;
		return Curve ? &Curve->FloatCurve : nullptr;
	}

	/** Assets of curves bear their controls' names, made safe; the order of import is the take's. */
	TArray<UCurveFloat*> CurveFloats(const FMicroExpressionImportResult& Imported)
	{
		TArray<UCurveFloat*> Curves;
		for (UObject* Asset : Imported.Assets)
		{
			if (UCurveFloat* Curve = Cast<UCurveFloat>(Asset))
			{
				Curves.Add(Curve);
			}
		}
		return Curves;
	}

	bool AddFromDictionary(const FMicroExpressionImportResult& Imported, const FMicroExpressionNamedCurve& Named,
		TArray<FSampler>& Samplers, FText& OutError)
	{
		const UDataTable* Dictionary = FindAsset<UDataTable>(Imported);
		FRichCurve Curve;
		// A dictionary has no row for a control that has no key.
		if (!Dictionary
			|| (!Named.Curve.IsEmpty()
				&& !MicroExpressionConvert::CurveFromDictionary(*Dictionary, Named.Name, Curve, OutError)))
		{
			return false;
		}
		Samplers.Add({Named.Name, [Curve](float Time) { return Curve.Eval(Time); }});
		return true;
	}
}

TArray<FSampler> SamplersOf(EMicroExpressionTarget Target, const FMicroExpressionTake& Take,
	const FMicroExpressionImportResult& Imported, FText& OutError)
{
	TArray<FSampler> Samplers;
	const TArray<UCurveFloat*> Floats = CurveFloats(Imported);
	for (int32 Index = 0; Index < Take.Curves.Num(); ++Index)
	{
		const FMicroExpressionNamedCurve& Named = Take.Curves[Index];
		if (Target == EMicroExpressionTarget::DataTable)
		{
			if (!AddFromDictionary(Imported, Named, Samplers, OutError))
			{
				return {};
			}
			continue;
		}
		if (Target == EMicroExpressionTarget::CurveFloat && Floats.IsValidIndex(Index))
		{
			Samplers.Add({Named.Name, [Curve = Floats[Index]](float Time) { return Curve->GetFloatValue(Time); }});
			continue;
		}
		const FRichCurve* Curve = Target == EMicroExpressionTarget::CurveTable ? InCurveTable(Imported, Named.Name)
			: Target == EMicroExpressionTarget::AnimSequence                   ? InAnimSequence(Imported, Named.Name)
																			   : nullptr;
		if (!Curve)
		{
			OutError = FText::FromString(Named.Name.ToString() + TEXT(" is missing in an imported asset."));
			return {};
		}
		Samplers.Add({Named.Name, [Curve](float Time) { return Curve->Eval(Time); }});
	}
	return Samplers;
}

FString WriteCsv(const FString& Path, const TArray<FSampler>& Samplers, double DurationSeconds, double Fps,
	std::chrono::steady_clock::time_point End)
{
	const double Count = std::floor(DurationSeconds * Fps) + 1.0;
	if (!(Count <= MaxSamples))
	{
		return FString::Printf(
			TEXT("%s would have %g samples, more than %g: choose a smaller --fps or a shorter take."), *Path, Count,
			MaxSamples);
	}
	std::FILE* File = std::fopen(TCHAR_TO_UTF8(*Path), "w");
	if (!File)
	{
		return CannotBeWritten(Path);
	}
	std::fputs("time", File);
	for (const FSampler& Sampler : Samplers)
	{
		std::fprintf(File, ",%s", TCHAR_TO_UTF8(*Sampler.Control.ToString()));
	}
	bool bInTime = true;
	for (int64 Frame = 0; Frame < static_cast<int64>(Count) && bInTime; ++Frame)
	{
		const float Time = static_cast<float>(static_cast<double>(Frame) / Fps);
		std::fprintf(File, "\n%.9g", static_cast<double>(Time));
		for (const FSampler& Sampler : Samplers)
		{
			std::fprintf(File, ",%.9g", static_cast<double>(Sampler.Eval(Time)));
		}
		bInTime = Frame % 256 != 255 || std::chrono::steady_clock::now() < End;
	}
	std::fputs("\n", File);
	if (std::fclose(File) != 0)
	{
		return CannotBeWritten(Path);
	}
	if (bInTime)
	{
		return FString();
	}
	std::remove(TCHAR_TO_UTF8(*Path)); // half of the samples would look like all
	return FString::Printf(TEXT("%s was not written in time: choose a longer --timeout or a smaller --fps."), *Path);
}
