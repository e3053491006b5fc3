// An editor without an engine: receives takes from a server, imports them into the shim's assets, and writes what these
// evaluate to. Proves Receiver, Convert and Assets end to end; proves nothing about the engine itself.
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "Animation/Skeleton.h"
#include "Containers/Ticker.h"
#include "MicroExpressionAssets.h"
#include "MicroExpressionReceiver.h"
#include "Misc/CoreDelegates.h"
#include "Samples.h"
#include "ShimState.h"
#include "UObject/Package.h"

namespace
{
	struct FTarget
	{
		EMicroExpressionTarget Target;
		const TCHAR* Name;
	};
	const FTarget Targets[] = {{EMicroExpressionTarget::CurveTable, TEXT("curvetable")},
		{EMicroExpressionTarget::CurveFloat, TEXT("curvefloat")},
		{EMicroExpressionTarget::AnimSequence, TEXT("animsequence")},
		{EMicroExpressionTarget::DataTable, TEXT("datatable")}};

	struct FArguments
	{
		FMicroExpressionConnectionSettings Connection;
		FString OutFolder;
		int32 Takes = 1;
		double TimeoutSeconds = 30.0;
		double Fps = 60.0;
	};

	bool ToNumber(const char* Text, double Low, double High, double& OutNumber)
	{
		char* End = nullptr;
		OutNumber = std::strtod(Text, &End);
		return End != Text && *End == 0 && OutNumber >= Low && OutNumber <= High;
	}

	bool ReadArgument(const char* Name, const char* Value, FArguments& Arguments)
	{
		double Takes = 0.0;
		const auto Is = [Name](const char* Other) { return std::strcmp(Name, Other) == 0; };
		if (Is("--server"))
		{
			Arguments.Connection.Address = FString(UTF8_TO_TCHAR(Value));
			return *Value != 0;
		}
		if (Is("--token"))
		{
			Arguments.Connection.Token = FString(UTF8_TO_TCHAR(Value));
			return true;
		}
		if (Is("--out"))
		{
			Arguments.OutFolder = FString(UTF8_TO_TCHAR(Value));
			return *Value != 0;
		}
		if (Is("--takes") && ToNumber(Value, 1, 1e6, Takes) && Takes == static_cast<int32>(Takes))
		{
			Arguments.Takes = static_cast<int32>(Takes);
			return true;
		}
		return (Is("--timeout") && ToNumber(Value, 0.001, 1e6, Arguments.TimeoutSeconds))
			|| (Is("--fps") && ToNumber(Value, 0.001, 1e5, Arguments.Fps));
	}

	bool ReadArguments(int Count, char** Words, FArguments& Arguments)
	{
		bool bServer = false;
		for (int Index = 1; Index < Count; Index += 2)
		{
			if (Index + 1 >= Count || !ReadArgument(Words[Index], Words[Index + 1], Arguments))
			{
				return false;
			}
			bServer = bServer || std::strcmp(Words[Index], "--server") == 0;
		}
		return bServer && !Arguments.OutFolder.IsEmpty();
	}

	USkeleton* MakeSkeleton()
	{
		UPackage* Package = CreatePackage(TEXT("/Game/Face/SK_Face"));
		return NewObject<USkeleton>(Package, FName(TEXT("SK_Face")), RF_Public | RF_Standalone);
	}

	/** Imports takes as they come, until there are enough or something went wrong. */
	class FHost
	{
	public:
		explicit FHost(const FArguments& InArguments) : Arguments(InArguments), Skeleton(MakeSkeleton())
		{
			Receiver.OnTake.AddRaw(this, &FHost::Import);
			Receiver.OnTakeFailed.AddLambda(
				[this](const FString&, const FText& Sentence) { Fail(Sentence.ToString()); });
		}

		int32 Run()
		{
			Arguments.Connection.bContent = true;
			Arguments.Connection.bLive = false;
			End = std::chrono::steady_clock::now()
				+ std::chrono::duration_cast<std::chrono::steady_clock::duration>(
					std::chrono::duration<double>(Arguments.TimeoutSeconds));
			Receiver.Start(Arguments.Connection);
			while (Problem.IsEmpty() && Done < Arguments.Takes)
			{
				if (Receiver.GetConnection() == EMicroExpressionConnection::Failed)
				{
					Fail(Receiver.GetConnectionText().ToString());
				}
				else if (std::chrono::steady_clock::now() >= End)
				{
					Fail(FString::Printf(TEXT("Only %d of %d takes came within %g s. %s"), Done, Arguments.Takes,
						Arguments.TimeoutSeconds, *Receiver.GetConnectionText().ToString()));
				}
				FTSTicker::GetCoreTicker().Tick(0.002f);
				std::this_thread::sleep_for(std::chrono::milliseconds(2));
			}
			FCoreDelegates::OnEnginePreExit.Broadcast();
			for (const FString& Violation : Shim::Violations())
			{
				Fail(TEXT("A rule of the engine was broken: ") + Violation);
			}
			if (!Problem.IsEmpty())
			{
				std::fprintf(stderr, "%s\n", TCHAR_TO_UTF8(*Problem));
			}
			return Problem.IsEmpty() ? 0 : 1;
		}

	private:
		void Fail(const FString& Sentence)
		{
			if (Problem.IsEmpty())
			{
				Problem = Sentence;
			}
		}

		void Import(const FMicroExpressionTake& Take)
		{
			if (Done >= Arguments.Takes || !Problem.IsEmpty())
			{
				return;
			}
			FMicroExpressionImportOptions Options;
			Options.Targets = EMicroExpressionTarget::All;
			Options.Skeleton = Skeleton;
			Options.bOverwrite = true; // a take that is pushed again replaces what was imported
			const FMicroExpressionImportResult Result = MicroExpressionAssets::Import(Take, Options);
			if (!Result.Succeeded())
			{
				Fail(Result.Error.ToString());
				return;
			}
			for (const FTarget& Target : Targets)
			{
				if (Problem.IsEmpty())
				{
					Dump(Take, Target, Result);
				}
			}
			if (!Problem.IsEmpty())
			{
				return;
			}
			++Done;
			std::printf("%s: %d curves, %d events -> %s (%d assets)\n", TCHAR_TO_UTF8(*Take.Summary.TakeId),
				Take.Curves.Num(), Take.Summary.Events.Num(),
				TCHAR_TO_UTF8(*MicroExpressionAssets::TakeFolder(Options, Take.Summary.TakeId)), Result.Assets.Num());
			std::fflush(stdout);
		}

		void Dump(const FMicroExpressionTake& Take, const FTarget& Target, const FMicroExpressionImportResult& Result)
		{
			FText Error;
			const TArray<FSampler> Samplers = SamplersOf(Target.Target, Take, Result, Error);
			const FString Path = Arguments.OutFolder / (Take.Summary.TakeId + TEXT(".") + Target.Name + TEXT(".csv"));
			if (Samplers.IsEmpty())
			{
				Fail(Error.ToString());
			}
			else
			{
				const FString Sentence = WriteCsv(Path, Samplers, Take.Summary.DurationSeconds, Arguments.Fps, End);
				if (!Sentence.IsEmpty())
				{
					Fail(Sentence);
				}
			}
		}

		FArguments Arguments;
		std::chrono::steady_clock::time_point End;
		USkeleton* Skeleton;
		FMicroExpressionReceiver Receiver;
		int32 Done = 0;
		FString Problem;
	};
}

int main(int Count, char** Words)
{
	FArguments Arguments;
	if (!ReadArguments(Count, Words, Arguments))
	{
		std::fprintf(stderr,
			"usage: microexpr_host --server HOST:PORT [--token T] --out DIR [--takes N=1] [--timeout SECONDS=30] "
			"[--fps 60]\n");
		return 2;
	}
	return FHost(Arguments).Run();
}
