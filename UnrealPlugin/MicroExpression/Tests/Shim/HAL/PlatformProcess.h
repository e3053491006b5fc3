// Shim: FPlatformProcess: shared libraries and folders. [E][P]
#pragma once

#include "CoreMinimal.h"

// [E] libraries by hand; [P] folders.
struct FPlatformProcess
{
	static void* GetDllHandle(const TCHAR* Filename);
	static void FreeDllHandle(void* Handle);
	// "Win64", "Linux": a plugin's modules lie in Binaries/ followed by this.
	static const TCHAR* GetBinariesSubdirectory();
	// The user's own, outside the project.
	static const TCHAR* UserSettingsDir();
};

namespace Shim
{
	void SetUserSettingsDir(const FString& Folder);
	// Libraries that GetDllHandle has opened and FreeDllHandle has not closed.
	int32 OpenLibraries();
}
