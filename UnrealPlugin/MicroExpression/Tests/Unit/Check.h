// The whole test framework, beside the engine's own `check`: EXPECT counts and goes on; main ends with Test::Report().
#pragma once

#include <cstdio>

#include "CoreMinimal.h"
#include "ShimState.h"

namespace Test
{
	inline int Done = 0;
	inline int Failed = 0;

	inline void Expect(bool bHolds, const char* What, const char* File, int Line)
	{
		++Done;
		if (!bHolds)
		{
			++Failed;
			std::fprintf(stderr, "%s:%d: %s does not hold\n", File, Line, What);
		}
	}

	inline void ExpectText(const FString& Got, const FString& Part, const char* File, int Line)
	{
		++Done;
		if (!Got.Contains(Part, ESearchCase::CaseSensitive))
		{
			++Failed;
			std::fprintf(stderr, "%s:%d: expected \"...%s...\", got \"%s\"\n", File, Line, TCHAR_TO_UTF8(*Part),
				TCHAR_TO_UTF8(*Got));
		}
	}

	// A rule of the engine that was broken fails the test, unless it was expected and taken out.
	inline int Report()
	{
		for (const FString& Violation : Shim::Violations())
		{
			++Failed;
			std::fprintf(stderr, "broken: %s\n", TCHAR_TO_UTF8(*Violation));
		}
		std::printf("%d checks, %d failed\n", Done, Failed);
		return Failed == 0 && Done > 0 ? 0 : 1;
	}

	// The rules broken by what was done on purpose; forgotten then.
	inline TArray<FString> TakeViolations()
	{
		const TArray<FString> Taken = Shim::Violations();
		Shim::Violations().Reset();
		return Taken;
	}

	// A number in [0, 1): the same ones in every run and with every compiler.
	class FRandom
	{
	public:
		explicit FRandom(uint64 Seed) : State(Seed * 0x9E3779B97F4A7C15ull + 1) {}
		float Next()
		{
			State = State * 6364136223846793005ull + 1442695040888963407ull;
			return static_cast<float>(State >> 40) / 16777216.0f;
		}
		int32 Below(int32 Count) { return static_cast<int32>(Next() * static_cast<float>(Count)); }

	private:
		uint64 State;
	};
}

#define EXPECT(Condition) ::Test::Expect(static_cast<bool>(Condition), #Condition, __FILE__, __LINE__)
#define EXPECT_TEXT(Got, Part) ::Test::ExpectText(Got, TEXT(Part), __FILE__, __LINE__)
