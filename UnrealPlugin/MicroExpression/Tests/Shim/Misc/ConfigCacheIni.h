// Shim: GConfig in memory: one file, keys and section names without case. [E]
#pragma once

#include "CoreMinimal.h"
#include "Misc/CString.h"

// [E] A value is one line; the engine would cut it at a line's end.
class FConfigCacheIni
{
public:
	bool GetString(const TCHAR* Section, const TCHAR* Key, FString& Value, const FString& File);
	void SetString(const TCHAR* Section, const TCHAR* Key, const TCHAR* Value, const FString& File);

private:
	TMap<FString, FString> Values;
};
extern FConfigCacheIni* GConfig;
extern FString GEditorPerProjectIni;
