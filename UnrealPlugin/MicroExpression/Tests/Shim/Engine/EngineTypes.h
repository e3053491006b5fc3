// Shim: FFilePath. [P]
#pragma once

#include "CoreMinimal.h"

// [P]
struct FFilePath
{
	FString FilePath;
};
