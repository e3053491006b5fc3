// Shim: FPaths. [E]
#pragma once

#include "CoreMinimal.h"

// [E]
struct FPaths
{
	static bool FileExists(const FString& Path);
	static FString ConvertRelativePathToFull(const FString& Path);
	template <typename... A>
	static FString Combine(const FString& First, const A&... More)
	{
		FString Result = First;
		((Result = Result / More), ...);
		return Result;
	}
};
