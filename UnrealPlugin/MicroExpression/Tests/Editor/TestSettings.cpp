// Settings, resume config and the core library's file. Argument: a folder to write to, the built core library.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "Check.h"
#include "HAL/PlatformProcess.h"
#include "Interfaces/IPluginManager.h"
#include "MicroExpressionCoreLibrary.h"
#include "MicroExpressionResumeConfig.h"
#include "MicroExpressionSettings.h"
#include "ShimState.h"

namespace
{
	FString Wide(const std::filesystem::path& Path)
	{
		return FString(FUTF8ToTCHAR(Path.string().c_str()).Get());
	}

	void Write(const std::filesystem::path& Path, const char* Text)
	{
		std::filesystem::create_directories(Path.parent_path());
		std::ofstream(Path, std::ios::binary) << Text;
	}

	void TestToken(const std::filesystem::path& Folder)
	{
		unsetenv("MICROEXPR_TOKEN");
		Shim::SetUserSettingsDir(Wide(Folder));
		UMicroExpressionSettings* Settings = GetMutableDefault<UMicroExpressionSettings>();
		CHECK(Settings->ReadToken().IsEmpty());
		Write(Folder / "MicroExpression" / "token.txt", "  from-user  \r\nsecond line\n");
		CHECK(Settings->ReadToken().Equals(TEXT("from-user")));
		Write(Folder / "elsewhere", "from-file");
		Settings->TokenFile.FilePath = Wide(Folder / "elsewhere");
		CHECK(Settings->ReadToken().Equals(TEXT("from-file")));
		setenv("MICROEXPR_TOKEN", "from-environment", 1);
		CHECK(Settings->ReadToken().Equals(TEXT("from-environment")));
	}

	void TestResume()
	{
		FMicroExpressionResumeConfig Resume;
		FString Store = TEXT("untouched");
		uint64 Sequence = 5;
		CHECK(!Resume.Load(TEXT("a=b:1"), Store, Sequence));
		Resume.Save(TEXT("a=b:1"), TEXT("store 1"), 18446744073709551615ull);
		Resume.Save(TEXT("other:1"), TEXT("store 2"), 3);
		CHECK(Resume.Load(TEXT("a=b:1"), Store, Sequence));
		CHECK(Store.Equals(TEXT("store 1")) && Sequence == 18446744073709551615ull);
		CHECK(Resume.Load(TEXT("other:1"), Store, Sequence));
		CHECK(Store.Equals(TEXT("store 2")) && Sequence == 3);
	}

	void TestLibrary(const std::filesystem::path& Folder, const char* Built)
	{
		FMicroExpressionCoreLibrary Core;
		Shim::SetPluginFolder(FString());
		CHECK(!Core.Load() && Core.GetProblem().ToString().Contains(TEXT("not enabled")));
		Shim::SetPluginFolder(Wide(Folder));
		CHECK(!Core.Load() && Core.GetProblem().ToString().Contains(TEXT("libmicroexpr_core_v1.so is missing")));
		const std::filesystem::path Staged = Folder / "Binaries" / "Linux" / "libmicroexpr_core_v1.so";
		Write(Staged, "no library");
		CHECK(!Core.Load() && Core.GetProblem().ToString().Contains(TEXT("cannot be loaded")));
		CHECK(!Core.IsLoaded() && Shim::OpenLibraries() == 0);
		std::filesystem::copy_file(Built, Staged, std::filesystem::copy_options::overwrite_existing);
		CHECK(Core.Load() && Core.Load() && Core.IsLoaded() && Core.GetProblem().IsEmpty());
		CHECK(Shim::OpenLibraries() == 1);
		Core.Free();
		Core.Free();
		CHECK(!Core.IsLoaded() && Shim::OpenLibraries() == 0);
	}
}

int main(int Count, char** Arguments)
{
	if (Count != 3)
	{
		std::fprintf(stderr, "usage: test_settings FOLDER LIBRARY\n");
		return 2;
	}
	const std::filesystem::path Folder = Arguments[1];
	std::filesystem::remove_all(Folder);
	TestToken(Folder / "user");
	TestResume();
	TestLibrary(Folder / "plugin", Arguments[2]);
	return Failures != 0 || Shim::Violations().Num() != 0;
}
