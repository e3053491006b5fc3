// Shim: UCurveTable, rich mode. Names and signatures [E][P].
#pragma once

#include "Curves/RichCurve.h"
#include "UObject/Object.h"

// [E] One mode a table.
enum class ECurveTableMode : uint8
{
	Empty,
	SimpleCurves,
	RichCurves
};

// [E]
class UCurveTable : public UObject
{
	SHIM_CLASS(UCurveTable, UObject)
	DECLARE_MULTICAST_DELEGATE(FOnCurveTableChanged);

	// A curve of that name is replaced by an empty one.
	FRichCurve& AddRichCurve(FName RowName);
	FRichCurve* FindRichCurve(FName RowName, const FString& ContextString, bool bWarnIfNotFound = true) const;
	TMap<FName, FRichCurve*> GetRichCurveRowMap() const;
	ECurveTableMode GetCurveTableMode() const { return Mode; }
	void EmptyTable();
	FOnCurveTableChanged& OnCurveTableChanged() { return Changed; }

	std::function<void()> ShimCapture() override;
	FString ShimContent() const override;

private:
	ECurveTableMode Mode = ECurveTableMode::Empty;
	TMap<FName, TSharedPtr<FRichCurve>> Rows;
	FOnCurveTableChanged Changed;
};
