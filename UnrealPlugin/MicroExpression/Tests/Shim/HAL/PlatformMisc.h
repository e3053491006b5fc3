// Shim: FPlatformMisc. [P] GetEnvironmentVariable returns an empty string where there is none.
#pragma once

#include "CoreMinimal.h"

// [P]
struct FPlatformMisc
{
	static FString GetEnvironmentVariable(const TCHAR* Name);
};
