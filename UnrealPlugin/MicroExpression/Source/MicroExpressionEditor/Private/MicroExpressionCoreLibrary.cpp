#include "MicroExpressionCoreLibrary.h"

#include "HAL/PlatformProcess.h"
#include "Interfaces/IPluginManager.h"
#include "MicroExpressionTypes.h"
#include "Misc/Paths.h"

#define LOCTEXT_NAMESPACE "MicroExpressionCoreLibrary"

namespace
{
#if PLATFORM_WINDOWS
	const TCHAR* const CoreFileName = TEXT("microexpr_core_v1.dll");
#else
	const TCHAR* const CoreFileName = TEXT("libmicroexpr_core_v1.so");
#endif
}

bool FMicroExpressionCoreLibrary::Load()
{
	if (Handle != nullptr)
	{
		return true;
	}
	const TSharedPtr<IPlugin> Plugin = IPluginManager::Get().FindPlugin(TEXT("MicroExpression"));
	if (!Plugin.IsValid())
	{
		Problem = LOCTEXT("NoPlugin", "The plugin MicroExpression is not enabled; enable it and restart the editor.");
		return false;
	}
	// Where MicroExpressionEditor.Build.cs puts it: beside the module.
	const FString Path = FPaths::Combine(Plugin->GetBaseDir(), FString(TEXT("Binaries")),
		FString(FPlatformProcess::GetBinariesSubdirectory()), FString(CoreFileName));
	const FText PathText = FText::FromString(FPaths::ConvertRelativePathToFull(Path));
	if (!FPaths::FileExists(Path))
	{
		Problem = FText::Format(
			LOCTEXT("NoCore", "{0} is missing: build the core library and then the plugin, as its README.md says."),
			PathText);
		return false;
	}
	Handle = FPlatformProcess::GetDllHandle(*Path);
	if (Handle == nullptr)
	{
		Problem = FText::Format(
			LOCTEXT("BadCore", "{0} cannot be loaded: build it with the preset for editors, as the README.md says."),
			PathText);
		return false;
	}
	Problem = FText();
	UE_LOG(LogMicroExpression, Log, TEXT("Core library: %s"), *Path);
	return true;
}

void FMicroExpressionCoreLibrary::Free()
{
	if (Handle != nullptr)
	{
		FPlatformProcess::FreeDllHandle(Handle);
		Handle = nullptr;
	}
}

#undef LOCTEXT_NAMESPACE
