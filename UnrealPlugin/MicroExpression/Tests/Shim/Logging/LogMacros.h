// Shim: UE_LOG. Lines are kept for tests; nothing is printed. [E]
#pragma once

#include "Containers/UnrealString.h"

// [E]
namespace ELogVerbosity
{
	enum Type
	{
		NoLogging,
		Fatal,
		Error,
		Warning,
		Display,
		Log,
		Verbose,
		VeryVerbose,
		All = VeryVerbose
	};
}
// [E]
struct FLogCategory
{
	const TCHAR* Name;
};
namespace Shim
{
	void Log(const FLogCategory& Category, ELogVerbosity::Type Verbosity, const FString& Line);
	// "LogX: Warning: ..." of all lines so far
	TArray<FString>& LogLines();
}
#define DECLARE_LOG_CATEGORY_EXTERN(Name, Default, CompileTime) extern FLogCategory Name
#define DEFINE_LOG_CATEGORY(Name) \
	FLogCategory Name \
	{ \
		TEXT(#Name) \
	}
#define DEFINE_LOG_CATEGORY_STATIC(Name, Default, CompileTime) \
	static FLogCategory Name \
	{ \
		TEXT(#Name) \
	}
#define UE_LOG(Category, Verbosity, Format, ...) \
	Shim::Log(Category, ELogVerbosity::Verbosity, FString::Printf(Format __VA_OPT__(, ) __VA_ARGS__))
