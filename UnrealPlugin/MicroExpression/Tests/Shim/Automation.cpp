// Shim: runs specs.
#include <cstdio>
#include <vector>

#include "Misc/AutomationTest.h"

namespace
{
	std::vector<FAutomationSpecBase*>& Specs()
	{
		static std::vector<FAutomationSpecBase*> All;
		return All;
	}
}

FAutomationSpecBase::FAutomationSpecBase(const TCHAR* InName, EAutomationTestFlags::Type Flags) : Name(InName)
{
	check(Flags == (EAutomationTestFlags::EditorContext | EAutomationTestFlags::ProductFilter));
	Specs().push_back(this);
}

int32 FAutomationSpecBase::ShimRun(int32& OutCount)
{
	Its.Empty();
	Path = Name;
	Define();
	int32 Failed = 0;
	for (const TPair<FString, TFunction<void()>>& One : Its)
	{
		Path = One.Key;
		const int32 Before = Errors;
		One.Value();
		Failed += Errors > Before ? 1 : 0;
	}
	OutCount += Its.Num();
	return Failed;
}

void FAutomationSpecBase::Describe(const FString& Description, TFunction<void()> DoWork)
{
	const FString Outer = Path;
	Path = Path + TEXT(" / ") + Description;
	DoWork();
	Path = Outer;
}

void FAutomationSpecBase::It(const FString& Description, TFunction<void()> DoWork)
{
	Its.Add(TPair<FString, TFunction<void()>>{Path + TEXT(" / ") + Description, DoWork});
}

void FAutomationSpecBase::AddError(const FString& Error)
{
	++Errors;
	std::fprintf(stderr, "%s: %s\n", Shim::ToUtf8(Path).c_str(), Shim::ToUtf8(Error).c_str());
}

bool FAutomationSpecBase::TestTrue(const FString& What, bool bValue)
{
	if (!bValue)
	{
		AddError(What);
	}
	return bValue;
}

bool FAutomationSpecBase::TestEqual(const FString& What, int32 Actual, int32 Expected)
{
	return TestTrue(What + FString::Printf(TEXT(": expected %d, got %d"), Expected, Actual), Actual == Expected);
}

bool FAutomationSpecBase::TestEqual(const FString& What, float Actual, float Expected, float Tolerance)
{
	return TestTrue(What + FString::Printf(TEXT(": expected %.9g, got %.9g"), Expected, Actual),
		FMath::Abs(Actual - Expected) <= Tolerance);
}

int32 Shim::RunSpecs(int32& OutCount)
{
	int32 Failed = 0;
	for (FAutomationSpecBase* Spec : Specs())
	{
		Failed += Spec->ShimRun(OutCount);
	}
	return Failed;
}
