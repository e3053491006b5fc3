// Shim: what the editor module needs besides assets: environment, libraries, folders, config, features, Live Link.
#include <cstdlib>
#include <filesystem>

#include <dlfcn.h>

#include "Features/IModularFeatures.h"
#include "HAL/PlatformMisc.h"
#include "HAL/PlatformProcess.h"
#include "ILiveLinkClient.h"
#include "Interfaces/IPluginManager.h"
#include "Misc/ConfigCacheIni.h"
#include "Misc/Paths.h"

namespace
{
	FString UserFolder;
	FString PluginFolder;
	int32 Libraries = 0;

	class FOnePlugin : public IPlugin
	{
	public:
		const FString& GetBaseDir() const override { return PluginFolder; }
	};
}

FString FPlatformMisc::GetEnvironmentVariable(const TCHAR* Name)
{
	const char* Value = std::getenv(FTCHARToUTF8(Name).Get());
	return Value != nullptr ? FString(FUTF8ToTCHAR(Value).Get()) : FString();
}

void* FPlatformProcess::GetDllHandle(const TCHAR* Filename)
{
	void* Handle = dlopen(FTCHARToUTF8(Filename).Get(), RTLD_LAZY | RTLD_LOCAL);
	Libraries += Handle != nullptr ? 1 : 0;
	return Handle;
}

void FPlatformProcess::FreeDllHandle(void* Handle)
{
	dlclose(Handle);
	--Libraries;
}

int32 Shim::OpenLibraries()
{
	return Libraries;
}

const TCHAR* FPlatformProcess::GetBinariesSubdirectory()
{
	return TEXT("Linux");
}

const TCHAR* FPlatformProcess::UserSettingsDir()
{
	return *UserFolder;
}

void Shim::SetUserSettingsDir(const FString& Folder)
{
	UserFolder = Folder;
}

bool FPaths::FileExists(const FString& Path)
{
	return std::filesystem::is_regular_file(Shim::ToUtf8(Path));
}

FString FPaths::ConvertRelativePathToFull(const FString& Path)
{
	return FString(FUTF8ToTCHAR(std::filesystem::absolute(Shim::ToUtf8(Path)).c_str()).Get());
}

uint64 FCString::Strtoui64(const TCHAR* Start, TCHAR** End, int32 Base)
{
	check(End == nullptr);
	return std::strtoull(FTCHARToUTF8(Start).Get(), nullptr, Base);
}

FString GEditorPerProjectIni = TEXT("EditorPerProjectUserSettings");

FConfigCacheIni* GConfig = []
{
	static FConfigCacheIni Config;
	return &Config;
}();

bool FConfigCacheIni::GetString(const TCHAR* Section, const TCHAR* Key, FString& Value, const FString& File)
{
	const FString* Found = Values.Find(File + TEXT("/") + Section + TEXT("/") + Key);
	if (Found != nullptr)
	{
		Value = *Found;
	}
	return Found != nullptr;
}

void FConfigCacheIni::SetString(const TCHAR* Section, const TCHAR* Key, const TCHAR* Value, const FString& File)
{
	check(!FString(Key).Contains(TEXT("=")) && !FString(Value).Contains(TEXT("\n")));
	Values.Add(File + TEXT("/") + Section + TEXT("/") + Key, Value);
}

IPluginManager& IPluginManager::Get()
{
	static IPluginManager Manager;
	return Manager;
}

TSharedPtr<IPlugin> IPluginManager::FindPlugin(const FString& Name)
{
	if (PluginFolder.IsEmpty() || Name != TEXT("MicroExpression"))
	{
		return nullptr;
	}
	return MakeShared<FOnePlugin>();
}

void Shim::SetPluginFolder(const FString& Folder)
{
	PluginFolder = Folder;
}

IModularFeatures& IModularFeatures::Get()
{
	static IModularFeatures Features;
	return Features;
}

bool IModularFeatures::IsModularFeatureAvailable(FName Type)
{
	return Features.Contains(Type);
}

IModularFeature* IModularFeatures::Find(FName Type)
{
	IModularFeature* Feature = Features.FindRef(Type);
	check(Feature);
	return Feature;
}

void IModularFeatures::RegisterModularFeature(FName Type, IModularFeature* Feature)
{
	Features.Add(Type, Feature);
}

void IModularFeatures::UnregisterModularFeature(FName Type, IModularFeature*)
{
	Features.Remove(Type);
}

FName ILiveLinkClient::ModularFeatureName(TEXT("LiveLinkClient"));

UScriptStruct* FLiveLinkBaseStaticData::StaticStruct()
{
	static UScriptStruct Found =
		UScriptStruct::ShimMake<FLiveLinkBaseStaticData>(TEXT("LiveLinkBaseStaticData"), nullptr);
	return &Found;
}

UScriptStruct* FLiveLinkBaseFrameData::StaticStruct()
{
	static UScriptStruct Found =
		UScriptStruct::ShimMake<FLiveLinkBaseFrameData>(TEXT("LiveLinkBaseFrameData"), nullptr);
	return &Found;
}

FFrameTime FFrameTime::FromDecimal(double Frames)
{
	FFrameTime Result;
	const double Whole = std::floor(Frames);
	Result.Frame = FFrameNumber(static_cast<int32>(Whole));
	Result.SubFrame = static_cast<float>(Frames - Whole);
	return Result;
}
