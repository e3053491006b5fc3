#include "MicroExpressionResumeConfig.h"

#include "Misc/CString.h"
#include "Misc/ConfigCacheIni.h"

namespace
{
	const TCHAR* const ResumeSection = TEXT("MicroExpression.Resume");

	// A config's keys end at "=", and "+" or "-" before one is an instruction: HOST:PORT is neither, but may begin so.
	FString ResumeKey(const FString& Address)
	{
		return TEXT("Server_") + Address.Replace(TEXT("="), TEXT("_"));
	}
}

bool FMicroExpressionResumeConfig::Load(const FString& Address, FString& OutStoreId, uint64& OutSequence)
{
	FString Value;
	int32 Space = INDEX_NONE;
	if (!GConfig->GetString(ResumeSection, *ResumeKey(Address), Value, GEditorPerProjectIni)
		|| !Value.FindChar(TEXT(' '), Space) || Space == 0 || Space + 1 == Value.Len())
	{
		return false;
	}
	OutSequence = FCString::Strtoui64(*Value.Left(Space), nullptr, 10);
	OutStoreId = Value.Mid(Space + 1);
	return true;
}

void FMicroExpressionResumeConfig::Save(const FString& Address, const FString& StoreId, uint64 Sequence)
{
	// Written to disk with the editor's other settings: what a crash loses is sent again.
	const FString Value = FString::Printf(TEXT("%llu %s"), Sequence, *StoreId);
	GConfig->SetString(ResumeSection, *ResumeKey(Address), *Value, GEditorPerProjectIni);
}
