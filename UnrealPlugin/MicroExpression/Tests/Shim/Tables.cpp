// Shim: tables and curve assets.
#include "Curves/CurveFloat.h"
#include "Engine/CurveTable.h"
#include "Engine/DataTable.h"

UScriptStruct* FTableRowBase::StaticStruct()
{
	static UScriptStruct Found = UScriptStruct::ShimMake<FTableRowBase>(TEXT("TableRowBase"), nullptr);
	return &Found;
}

void UDataTable::AddRow(FName RowName, const FTableRowBase& RowData)
{
	if (!RowStruct)
	{
		Shim::Violate("UDataTable: AddRow without a RowStruct");
		return;
	}
	uint8*& Row = RowMap.FindOrAdd(RowName);
	if (Row)
	{
		RowStruct->Free(Row);
	}
	Row = RowStruct->Copy(&RowData);
}

void UDataTable::EmptyTable()
{
	if (!RowStruct)
	{
		Shim::Violate("UDataTable: EmptyTable without a RowStruct");
		return;
	}
	for (const TPair<FName, uint8*>& Pair : RowMap)
	{
		RowStruct->Free(Pair.Value);
	}
	RowMap.Reset();
}

TArray<FName> UDataTable::GetRowNames() const
{
	TArray<FName> Names;
	RowMap.GetKeys(Names);
	return Names;
}

uint8* UDataTable::ShimFindRow(FName RowName, const UScriptStruct* Wanted, const FString& Context, bool bWarn) const
{
	if (!RowStruct || !RowStruct->IsChildOf(Wanted))
	{
		Shim::Log({TEXT("LogDataTable")}, ELogVerbosity::Error, Context + TEXT(": another row struct"));
		return nullptr;
	}
	uint8* const* Row = RowMap.Find(RowName);
	if (!Row && bWarn)
	{
		Shim::Log({TEXT("LogDataTable")}, ELogVerbosity::Warning, Context + TEXT(": no row ") + RowName.ToString());
	}
	return Row ? *Row : nullptr;
}

std::function<void()> UDataTable::ShimCapture()
{
	const UDataTable* Self = this;
	struct FRow
	{
		FName Name;
		std::shared_ptr<uint8> Row;
	};
	TArray<FRow> Rows;
	for (const TPair<FName, uint8*>& Pair : Self->RowMap)
	{
		Rows.Add({Pair.Key, std::shared_ptr<uint8>(RowStruct->Copy(Pair.Value), RowStruct->Free)});
	}
	UScriptStruct* Struct = RowStruct;
	return [this, Rows, Struct]
	{
		EmptyTable(); // of the rows of now, by the struct of now
		RowStruct = Struct;
		for (const FRow& Row : Rows)
		{
			AddRow(Row.Name, *reinterpret_cast<const FTableRowBase*>(Row.Row.get()));
		}
	};
}

FString UDataTable::ShimContent() const
{
	FString Content;
	for (const TPair<FName, uint8*>& Pair : RowMap)
	{
		Content += Pair.Key.ToString() + TEXT("=") + RowStruct->Describe(Pair.Value) + TEXT(" ");
	}
	return Content;
}

FRichCurve& UCurveTable::AddRichCurve(FName RowName)
{
	check(Mode != ECurveTableMode::SimpleCurves);
	Mode = ECurveTableMode::RichCurves;
	return *Rows.Add(RowName, MakeShared<FRichCurve>());
}

FRichCurve* UCurveTable::FindRichCurve(FName RowName, const FString& ContextString, bool bWarnIfNotFound) const
{
	const TSharedPtr<FRichCurve>* Row = Rows.Find(RowName);
	if (!Row && bWarnIfNotFound)
	{
		Shim::Log(
			{TEXT("LogCurveTable")}, ELogVerbosity::Warning, ContextString + TEXT(": no row ") + RowName.ToString());
	}
	return Row ? Row->Get() : nullptr;
}

TMap<FName, FRichCurve*> UCurveTable::GetRichCurveRowMap() const
{
	TMap<FName, FRichCurve*> Result;
	for (const TPair<FName, TSharedPtr<FRichCurve>>& Row : Rows)
	{
		Result.Add(Row.Key, Row.Value.Get());
	}
	return Result;
}

void UCurveTable::EmptyTable()
{
	Rows.Reset();
	Mode = ECurveTableMode::Empty;
}

std::function<void()> UCurveTable::ShimCapture()
{
	TMap<FName, FRichCurve> Before;
	for (const TPair<FName, TSharedPtr<FRichCurve>>& Row : Rows)
	{
		Before.Add(Row.Key, *Row.Value);
	}
	return [this, Before]
	{
		EmptyTable();
		for (const TPair<FName, FRichCurve>& Row : Before)
		{
			AddRichCurve(Row.Key) = Row.Value;
		}
	};
}

FString UCurveTable::ShimContent() const
{
	FString Content;
	for (const TPair<FName, TSharedPtr<FRichCurve>>& Row : Rows)
	{
		Content += Row.Key.ToString() + TEXT("=") + Row.Value->ShimContent() + TEXT(" ");
	}
	return Content;
}

std::function<void()> UCurveFloat::ShimCapture()
{
	const FRichCurve Before = FloatCurve;
	return [this, Before] { FloatCurve = Before; };
}
