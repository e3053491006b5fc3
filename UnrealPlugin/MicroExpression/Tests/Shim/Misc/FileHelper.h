// Shim: whole files. [E]
#pragma once

#include "CoreMinimal.h"

// [E]
struct FFileHelper
{
	static bool LoadFileToString(FString& Result, const TCHAR* Filename);
};
