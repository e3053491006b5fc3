// Shim: saving packages. [C]
#pragma once

#include "UObject/Package.h"

// [C] Checks files out, if there is source control, and saves; false when a package could not be saved.
class UEditorLoadingAndSavingUtils
{
public:
	static bool SavePackages(const TArray<UPackage*>& PackagesToSave, bool bOnlyDirty);
};

namespace Shim
{
	// The saved content of a package's asset; empty when it was never saved.
	FString SavedContent(const FString& PackageName);
	// Saving this package fails from now on, as when its file is read-only.
	void MakeReadOnly(const FString& PackageName);
}
