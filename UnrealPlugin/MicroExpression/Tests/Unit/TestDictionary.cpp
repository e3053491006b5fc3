// The AU dictionary: rows, FindRow, and what a user may have done to a table.
#include "Check.h"
#include "Engine/DataTable.h"
#include "MicroExpressionConvert.h"
#include "MicroExpressionKeyRow.h"
#include "UObject/Package.h"

namespace
{
	UDataTable* NewTable(UScriptStruct* Struct = FMicroExpressionKeyRow::StaticStruct())
	{
		static int32 Count = 0;
		UDataTable* Table = NewObject<UDataTable>(
			CreatePackage(TEXT("/Game/Test/Tables")), FName(*FString::Printf(TEXT("T%d"), ++Count)));
		Table->RowStruct = Struct;
		return Table;
	}

	FMicroExpressionNamedCurve NewCurve(const TCHAR* Name, int32 Count, ERichCurveTangentMode Mode)
	{
		FMicroExpressionNamedCurve Named;
		Named.Name = FName(Name);
		TArray<FRichCurveKey> Keys;
		for (int32 Index = 0; Index < Count; ++Index)
		{
			FRichCurveKey& Key =
				Keys.Emplace_GetRef(0.1f * static_cast<float>(Index), 0.01f * static_cast<float>(Index * Index));
			Key.InterpMode = RCIM_Cubic;
			Key.TangentMode = Mode;
			Key.ArriveTangent = Mode == RCTM_Auto ? 0.0f : 0.75f;
			Key.LeaveTangent = Mode == RCTM_Auto ? 0.0f : -0.5f;
			Key.TangentWeightMode = Mode == RCTM_Auto ? RCTWM_WeightedNone : RCTWM_WeightedBoth;
			Key.ArriveTangentWeight = Mode == RCTM_Auto ? 0.0f : 0.125f;
			Key.LeaveTangentWeight = Mode == RCTM_Auto ? 0.0f : 0.0625f;
		}
		MicroExpressionConvert::SetCurveKeys(Named.Curve, Keys);
		return Named;
	}

	void ThereAndBack()
	{
		const TArray<FMicroExpressionNamedCurve> Curves = {NewCurve(TEXT("jawOpen"), 12, RCTM_Auto),
			NewCurve(TEXT("CTRL_expressions_browDownL"), 3, RCTM_Break), NewCurve(TEXT("odd_k2_1"), 1, RCTM_User),
			NewCurve(TEXT("empty"), 0, RCTM_Auto)};
		UDataTable* Table = NewTable();
		MicroExpressionConvert::AddToDictionary(*Table, Curves);
		EXPECT(Table->GetRowNames().Num() == 16);
		const FMicroExpressionKeyRow* RowValue =
			Table->FindRow<FMicroExpressionKeyRow>(TEXT("jawOpen_k00003"), TEXT("test"));
		EXPECT(RowValue && RowValue->Time == 0.2f && RowValue->Disp == 0.04f);
		EXPECT(!Table->FindRow<FMicroExpressionKeyRow>(TEXT("jawOpen_k00013"), TEXT("test"), false));
		TArray<FMicroExpressionNamedCurve> Back;
		FText Error;
		EXPECT(MicroExpressionConvert::CurvesFromDictionary(*Table, Back, Error));
		EXPECT(Back.Num() == 3); // a curve without keys has no row
		for (int32 Index = 0; Index < Back.Num(); ++Index)
		{
			EXPECT(Back[Index].Name == Curves[Index].Name && Back[Index].Curve == Curves[Index].Curve);
		}
	}

	/** Rows as `convert --format audict` makes them: Time and Disp; the rest are the struct's defaults. */
	void TwoColumnsMakeAutomaticKeys()
	{
		UDataTable* Table = NewTable();
		const float Points[][2] = {{0.0f, 0.0f}, {0.1f, 0.0f}, {0.3f, 0.2f}, {0.6f, 0.0f}};
		for (int32 Index = 0; Index < 4; ++Index)
		{
			FMicroExpressionKeyRow Row;
			Row.Time = Points[Index][0];
			Row.Disp = Points[Index][1];
			Table->AddRow(MicroExpressionConvert::KeyRowName(TEXT("AU4_left"), Index), Row);
		}
		FRichCurve Curve;
		FText Error;
		EXPECT(MicroExpressionConvert::CurveFromDictionary(*Table, TEXT("AU4_LEFT"), Curve, Error));
		EXPECT(Curve.GetNumKeys() == 4 && Curve.Keys[1].InterpMode == RCIM_Cubic
			&& Curve.Keys[1].TangentMode == RCTM_Auto);
		EXPECT(FMath::Abs(Curve.Keys[1].LeaveTangent - 0.2f / 0.3f) < 1e-6f);
	}

	void Refused(const UDataTable* Table, const TCHAR* Part)
	{
		TArray<FMicroExpressionNamedCurve> Curves;
		FText Error;
		EXPECT(!MicroExpressionConvert::CurvesFromDictionary(*Table, Curves, Error));
		::Test::ExpectText(Error.ToString(), Part, __FILE__, __LINE__);
	}

	UDataTable* Spoiled(const TCHAR* RowName, float Time)
	{
		UDataTable* Table = NewTable();
		MicroExpressionConvert::AddToDictionary(*Table, {NewCurve(TEXT("jawOpen"), 3, RCTM_Auto)});
		FMicroExpressionKeyRow Row;
		Row.Time = Time;
		Table->AddRow(RowName, Row);
		return Table;
	}

	void WrongTables()
	{
		FText Error;
		FRichCurve Curve;
		Refused(NewTable(FTableRowBase::StaticStruct()), TEXT("is no AU dictionary"));
		Refused(NewTable(nullptr), TEXT("is no AU dictionary"));
		Refused(Spoiled(TEXT("jawOpen_k00002"), 5.0f), TEXT("Row jawOpen_k00003 comes before"));
		Refused(Spoiled(TEXT("jawOpen_k00001"), MAX_FLT * 2.0f), TEXT("Row jawOpen_k00001"));
		Refused(Spoiled(TEXT("jawOpen_k00005"), 5.0f), TEXT("Row jawOpen_k00004 is missing"));
		Refused(Spoiled(TEXT("jawOpen"), 5.0f), TEXT("is not named <Curve>_k00001"));
		Refused(Spoiled(TEXT("_k00001"), 5.0f), TEXT("is not named <Curve>_k00001"));
		Refused(Spoiled(TEXT("jawOpen_k1"), 5.0f), TEXT("is not named <Curve>_k00001"));
		Refused(Spoiled(TEXT("jawOpen_k0000x"), 5.0f), TEXT("is not named <Curve>_k00001"));
		EXPECT(!MicroExpressionConvert::CurveFromDictionary(*Spoiled(TEXT("a_k00001"), 0.0f), TEXT("b"), Curve, Error));
		EXPECT_TEXT(Error.ToString(), "has no row b_k00001");
	}
}

int main()
{
	ThereAndBack();
	TwoColumnsMakeAutomaticKeys();
	WrongTables();
	return Test::Report();
}
