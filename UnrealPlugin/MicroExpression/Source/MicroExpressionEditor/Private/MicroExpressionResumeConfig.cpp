#include "MicroExpressionResumeConfig.h"

#include "Misc/ConfigCacheIni.h"

namespace
{
	const TCHAR* const Section = TEXT("MicroExpression.Resume");

	// A config's keys end at "=", and "+" or "-" before one is an instruction: HOST:PORT is neither, but may begin so.
	FString KeyOf(const FString& Address)
	{
		return TEXT("Server_") + Address.Replace(TEXT("="), TEXT("_"));
	}
}

bool FMicroExpressionResumeConfig::Load(const FString& Address, FString& OutStoreId, uint64& OutSequence)
{
	FString Value;
	FString Number;
	if (!GConfig->GetString(Section, *KeyOf(Address), Value, GEditorPerProjectIni) ||
		!Value.Split(TEXT(" "), &Number, &OutStoreId) || OutStoreId.IsEmpty())
	{
		return false;
	}
	OutSequence = FCString::Strtoui64(*Number, nullptr, 10);
	return true;
}

void FMicroExpressionResumeConfig::Save(const FString& Address, const FString& StoreId, uint64 Sequence)
{
	// Written to disk with the editor's other settings: what a crash loses is sent again.
	const FString Value = FString::Printf(TEXT("%llu %s"), Sequence, *StoreId);
	GConfig->SetString(Section, *KeyOf(Address), *Value, GEditorPerProjectIni);
}
