// The engine's side of Convert: keys of a curve, and the AU dictionary.
#include "Engine/DataTable.h"
#include "MicroExpressionConvert.h"
#include "MicroExpressionKeyRow.h"

#define LOCTEXT_NAMESPACE "MicroExpression"

namespace
{
	const TCHAR* const RowContext = TEXT("MicroExpression");
	const TCHAR* const RowMark = TEXT("_k");
	constexpr int32 RowDigits = 5;

	FMicroExpressionKeyRow ToRow(const FRichCurveKey& Key)
	{
		FMicroExpressionKeyRow Row;
		Row.Time = Key.Time;
		Row.Disp = Key.Value;
		Row.InterpMode = Key.InterpMode;
		Row.TangentMode = Key.TangentMode;
		Row.TangentWeightMode = Key.TangentWeightMode;
		Row.ArriveTangent = Key.ArriveTangent;
		Row.ArriveTangentWeight = Key.ArriveTangentWeight;
		Row.LeaveTangent = Key.LeaveTangent;
		Row.LeaveTangentWeight = Key.LeaveTangentWeight;
		return Row;
	}

	FRichCurveKey ToKey(const FMicroExpressionKeyRow& Row)
	{
		FRichCurveKey Key(Row.Time, Row.Disp);
		Key.InterpMode = Row.InterpMode;
		Key.TangentMode = Row.TangentMode;
		Key.TangentWeightMode = Row.TangentWeightMode;
		Key.ArriveTangent = Row.ArriveTangent;
		Key.ArriveTangentWeight = Row.ArriveTangentWeight;
		Key.LeaveTangent = Row.LeaveTangent;
		Key.LeaveTangentWeight = Row.LeaveTangentWeight;
		return Key;
	}

	/** The curve that a row's name belongs to; false when it is no `<Curve>_k00001`. */
	bool CurveOfRow(FName RowName, FName& OutCurve)
	{
		const FString Text = RowName.ToString();
		const int32 Mark = Text.Find(RowMark, ESearchCase::IgnoreCase, ESearchDir::FromEnd);
		const FString Digits = Mark > 0 ? Text.RightChop(Mark + 2) : FString();
		if (Digits.Len() < RowDigits)
		{
			return false;
		}
		for (int32 Index = 0; Index < Digits.Len(); ++Index)
		{
			if (!FChar::IsDigit(Digits[Index]))
			{
				return false;
			}
		}
		OutCurve = FName(*Text.Left(Mark));
		return true;
	}

	bool HasKeyRows(const UDataTable& Dictionary, FText& OutError)
	{
		const UScriptStruct* Struct = Dictionary.GetRowStruct();
		if (Struct && Struct->IsChildOf(FMicroExpressionKeyRow::StaticStruct()))
		{
			return true;
		}
		OutError = FText::Format(
			LOCTEXT("NoDictionary", "{0} is no AU dictionary: make it with the row struct MicroExpressionKeyRow."),
			FText::FromString(Dictionary.GetPathName()));
		return false;
	}
}

namespace MicroExpressionConvert
{
	void SetCurveKeys(FRichCurve& Curve, const TArray<FRichCurveKey>& Keys)
	{
		Curve.SetKeys(Keys);
		Curve.AutoSetTangents(0.0f);
	}

	void AddCurveKeysOneByOne(FRichCurve& Curve, const TArray<FRichCurveKey>& Keys)
	{
		Curve.Reset();
		for (const FRichCurveKey& Key : Keys)
		{
			const FKeyHandle Handle = Curve.AddKey(Key.Time, Key.Value);
			Curve.SetKeyTangentMode(Handle, RCTM_Auto);
			Curve.SetKeyInterpMode(Handle, RCIM_Cubic);
		}
	}

	TArray<FRichCurveKey> ExplicitKeys(const FRichCurve& Curve)
	{
		TArray<FRichCurveKey> Keys = Curve.GetCopyOfKeys();
		for (FRichCurveKey& Key : Keys)
		{
			if (Key.InterpMode == RCIM_Linear || Key.InterpMode == RCIM_Constant)
			{
				continue;
			}
			// RCIM_None is evaluated as Cubic, but no channel of Sequencer knows it.
			Key.InterpMode = RCIM_Cubic;
			if (Key.TangentMode != RCTM_User && Key.TangentMode != RCTM_Break)
			{
				Key.TangentMode = Key.ArriveTangent == Key.LeaveTangent ? RCTM_User : RCTM_Break;
			}
		}
		return Keys;
	}

	FName KeyRowName(FName Curve, int32 Index)
	{
		return FName(*FString::Printf(TEXT("%s_k%05d"), *Curve.ToString(), Index + 1));
	}

	void AddToDictionary(UDataTable& Dictionary, const TArray<FMicroExpressionNamedCurve>& Curves)
	{
		for (const FMicroExpressionNamedCurve& Named : Curves)
		{
			const TArray<FRichCurveKey>& Keys = Named.Curve.GetConstRefOfKeys();
			for (int32 Index = 0; Index < Keys.Num(); ++Index)
			{
				Dictionary.AddRow(KeyRowName(Named.Name, Index), ToRow(Keys[Index]));
			}
		}
	}

	bool CurveFromDictionary(const UDataTable& Dictionary, FName Curve, FRichCurve& OutCurve, FText& OutError)
	{
		if (!HasKeyRows(Dictionary, OutError))
		{
			return false;
		}
		TArray<FRichCurveKey> Keys;
		for (;;)
		{
			const FName RowName = KeyRowName(Curve, Keys.Num());
			const FMicroExpressionKeyRow* RowValue =
				Dictionary.FindRow<FMicroExpressionKeyRow>(RowName, RowContext, /*bWarnIfRowMissing*/ false);
			if (!RowValue)
			{
				break;
			}
			if (!FMath::IsFinite(RowValue->Time) || !FMath::IsFinite(RowValue->Disp)
				|| (!Keys.IsEmpty() && RowValue->Time < Keys.Last().Time))
			{
				OutError =
					FText::Format(LOCTEXT("RowOrder",
									  "Row {0} comes before the row above it: give the rows of a curve rising times."),
						FText::FromName(RowName));
				return false;
			}
			Keys.Add(ToKey(*RowValue));
		}
		if (Keys.IsEmpty())
		{
			OutError = FText::Format(LOCTEXT("NoRow", "{0} has no row {1}: import the take again."),
				FText::FromString(Dictionary.GetPathName()), FText::FromName(KeyRowName(Curve, 0)));
			return false;
		}
		SetCurveKeys(OutCurve, Keys);
		return true;
	}

	bool CurvesFromDictionary(
		const UDataTable& Dictionary, TArray<FMicroExpressionNamedCurve>& OutCurves, FText& OutError)
	{
		OutCurves.Reset();
		if (!HasKeyRows(Dictionary, OutError))
		{
			return false;
		}
		TMap<FName, int32> RowCounts;
		for (const FName& RowName : Dictionary.GetRowNames())
		{
			FName Curve;
			if (!CurveOfRow(RowName, Curve))
			{
				OutError =
					FText::Format(LOCTEXT("RowName", "Row {0} is not named <Curve>_k00001: rename or remove it."),
						FText::FromName(RowName));
				return false;
			}
			++RowCounts.FindOrAdd(Curve);
		}
		for (const TPair<FName, int32>& Pair : RowCounts)
		{
			FMicroExpressionNamedCurve Named;
			Named.Name = Pair.Key;
			if (!CurveFromDictionary(Dictionary, Pair.Key, Named.Curve, OutError))
			{
				return false;
			}
			if (Named.Curve.GetNumKeys() != Pair.Value)
			{
				OutError = FText::Format(LOCTEXT("RowGap", "Row {0} is missing: number the rows of {1} without a gap."),
					FText::FromName(KeyRowName(Pair.Key, Named.Curve.GetNumKeys())), FText::FromName(Pair.Key));
				return false;
			}
			OutCurves.Add(Named);
		}
		return true;
	}
}

#undef LOCTEXT_NAMESPACE
