// Shim: FPackageName over the files that were "saved". [E]
#pragma once

#include "CoreMinimal.h"

// [E]
struct FPackageName
{
	static bool DoesPackageExist(const FString& PackageName);
	static bool IsValidLongPackageName(
		const FString& PackageName, bool bIncludeReadOnlyRoots = false, FText* OutReason = nullptr);
	static const FString& GetAssetPackageExtension();
	static FString GetShortName(const FString& PackageName);
};
