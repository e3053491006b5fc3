// Shim: texts, logs, ticker, progress, files.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "Containers/Ticker.h"
#include "CoreMinimal.h"
#include "HAL/PlatformTime.h"
#include "Misc/CoreDelegates.h"
#include "Misc/FileHelper.h"
#include "Misc/ScopedSlowTask.h"
#include "ShimState.h"
#include "UObject/Object.h"

FSimpleMulticastDelegate FCoreDelegates::OnEnginePreExit;

namespace
{
	const std::thread::id GameThread = std::this_thread::get_id();
}

void Shim::Fail(const char* Expression, const char* File, int Line)
{
	std::fprintf(stderr, "%s:%d: check(%s) does not hold\n", File, Line, Expression);
	std::abort();
}

TArray<FString>& Shim::Violations()
{
	static TArray<FString> All;
	return All;
}

void Shim::Violate(const char* Rule)
{
	Violations().Add(FString(FUTF8ToTCHAR(Rule).Get()));
}

bool IsInGameThread()
{
	return std::this_thread::get_id() == GameThread;
}

void Shim::RequireGameThread(const char* What)
{
	if (!IsInGameThread())
	{
		Fail(What, "not on the game thread", 0);
	}
}

uint64 Shim::NextHandle()
{
	static uint64 Last = 0;
	return ++Last;
}

const FText& FText::GetEmpty()
{
	static const FText Empty;
	return Empty;
}

FText FText::FormatOrdered(const FText& Pattern, const TArray<FFormatArgumentValue>& Arguments)
{
	FString Result = Pattern.ToString();
	for (int32 Index = 0; Index < Arguments.Num(); ++Index)
	{
		const FString Place = FString::Printf(TEXT("{%d}"), Index);
		if (!Result.Contains(Place))
		{
			Shim::Violate("FText::Format: an argument that the pattern does not use");
		}
		Result = Result.Replace(*Place, *Arguments[Index].Get());
	}
	return FText(Result);
}

FText FText::ShimLiteral(const TCHAR* Namespace, const TCHAR* Key, const TCHAR* Value)
{
	static TMap<FString, FString> Known;
	const FString Full = FString(Namespace) + TEXT(":") + Key;
	if (FString* Other = Known.Find(Full); Other && !Other->Equals(Value))
	{
		Shim::Violate("LOCTEXT: one key, two texts");
	}
	Known.Add(Full, Value);
	return FText(Value);
}

void Shim::Log(const FLogCategory& Category, ELogVerbosity::Type Verbosity, const FString& Line)
{
	static const TCHAR* const Names[] = {TEXT("No"), TEXT("Fatal"), TEXT("Error"), TEXT("Warning"), TEXT("Display"),
		TEXT("Log"), TEXT("Verbose"), TEXT("VeryVerbose")};
	LogLines().Add(FString::Printf(TEXT("%s: %s: %s"), Category.Name, Names[Verbosity], *Line));
}

TArray<FString>& Shim::LogLines()
{
	static TArray<FString> All;
	return All;
}

FTSTicker& FTSTicker::GetCoreTicker()
{
	static FTSTicker Ticker;
	return Ticker;
}

FTSTicker::FDelegateHandle FTSTicker::AddTicker(const FTickerDelegate& Delegate, float)
{
	TSharedRef<FElement> Element = MakeShared<FElement>();
	Element->Delegate = Delegate;
	Elements.Add(Element);
	return FDelegateHandle(Element);
}

void FTSTicker::RemoveTicker(FDelegateHandle Handle)
{
	const TSharedPtr<FElement> Element = Handle.Pin();
	if (Element.IsValid())
	{
		Element->bRemoved = true;
		GetCoreTicker().Elements.Remove(Element);
	}
}

void FTSTicker::Tick(float DeltaTime)
{
	const TArray<TSharedPtr<FElement>> Now = Elements;
	for (const TSharedPtr<FElement>& Element : Now)
	{
		if (!Element->bRemoved && !Element->Delegate.Execute(DeltaTime))
		{
			Elements.Remove(Element);
		}
	}
}

namespace
{
	int32 FramesToCancel = -1;
}

void Shim::CancelAfter(int32 Frames)
{
	FramesToCancel = Frames;
}

FScopedSlowTask::FScopedSlowTask(float InAmount, const FText&) : Total(InAmount)
{
	Shim::RequireGameThread("FScopedSlowTask");
}

void FScopedSlowTask::MakeDialog(bool bShowCancelButton, bool)
{
	bDialog = bShowCancelButton;
}

void FScopedSlowTask::EnterProgressFrame(float Amount, const FText&)
{
	Done += Amount;
	if (Done > Total + 0.01f)
	{
		Shim::Violate("FScopedSlowTask: more progress than was announced");
	}
	if (bDialog && FramesToCancel > 0)
	{
		--FramesToCancel;
	}
}

bool FScopedSlowTask::ShouldCancel() const
{
	return bDialog && FramesToCancel == 0;
}

bool FFileHelper::LoadFileToString(FString& Result, const TCHAR* Filename)
{
	std::ifstream File(FTCHARToUTF8(Filename).Get(), std::ios::binary);
	std::ostringstream Text;
	Text << File.rdbuf();
	if (!File)
	{
		return false;
	}
	Result = FString(FUTF8ToTCHAR(Text.str().c_str()).Get());
	return true;
}

double FPlatformTime::Seconds()
{
	return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
