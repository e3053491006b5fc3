// Shim: automation specs that run, without an editor: Shim::RunSpecs runs all that are linked in. [E]
#pragma once

#include "CoreMinimal.h"

#define WITH_DEV_AUTOMATION_TESTS 1

// [E][P] Flags that all engines from 5.3 to 5.6 spell so.
namespace EAutomationTestFlags
{
	enum Type : uint32
	{
		EditorContext = 1,
		ProductFilter = 2
	};
	inline constexpr Type operator|(Type A, Type B)
	{
		return Type(uint32(A) | uint32(B));
	}
}

// [E]
class FAutomationSpecBase
{
public:
	FAutomationSpecBase(const TCHAR* InName, EAutomationTestFlags::Type Flags);
	virtual ~FAutomationSpecBase() = default;
	virtual void Define() = 0;
	// Runs every It; the number of those that failed. Each failure is a line on stderr.
	int32 ShimRun(int32& OutCount);

protected:
	void Describe(const FString& Description, TFunction<void()> DoWork);
	void It(const FString& Description, TFunction<void()> DoWork);
	bool TestTrue(const FString& What, bool bValue);
	bool TestEqual(const FString& What, int32 Actual, int32 Expected);
	bool TestEqual(const FString& What, float Actual, float Expected, float Tolerance = UE_KINDA_SMALL_NUMBER);
	void AddError(const FString& Error);

private:
	FString Name;
	FString Path;
	TArray<TPair<FString, TFunction<void()>>> Its;
	int32 Errors = 0;
};
#define BEGIN_DEFINE_SPEC(Class, PrettyName, Flags) \
	class Class : public FAutomationSpecBase \
	{ \
	public: \
		Class() : FAutomationSpecBase(TEXT(PrettyName), Flags) {} \
		void Define() override; \
\
	private:
#define END_DEFINE_SPEC(Class) \
	} \
	; \
	namespace \
	{ \
		Class Class##Instance; \
	}

namespace Shim
{
	// The number of failed Its of all specs, and how many there were.
	int32 RunSpecs(int32& OutCount);
}
