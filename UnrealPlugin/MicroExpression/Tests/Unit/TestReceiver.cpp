// The receiver against a server inside this process: states, the list of takes, resuming, live frames, stopping.
#include "MicroExpressionReceiver.h"

#include <thread>

#include "Check.h"
#include "FakeBridge.h"
#include "HAL/PlatformTime.h"
#include "Misc/CoreDelegates.h"

namespace
{
	/** Ticks as the engine does, until it holds; false after some seconds. */
	bool Until(TFunctionRef<bool()> Condition)
	{
		const double End = FPlatformTime::Seconds() + 10.0;
		while (!Condition() && FPlatformTime::Seconds() < End)
		{
			FTSTicker::GetCoreTicker().Tick(0.001f);
			std::this_thread::sleep_for(std::chrono::milliseconds(1));
		}
		return Condition();
	}

	class FMemory : public IMicroExpressionResumeStore
	{
	public:
		bool Load(const FString&, FString& OutStoreId, uint64& OutSequence) override
		{
			OutStoreId = StoreId;
			OutSequence = Sequence;
			return !StoreId.IsEmpty();
		}
		void Save(const FString& InAddress, const FString& InStoreId, uint64 InSequence) override
		{
			Address = InAddress;
			StoreId = InStoreId;
			Sequence = InSequence;
		}
		FString Address;
		FString StoreId;
		uint64 Sequence = 0;
	};

	/** A receiver and all that it says. */
	struct FEars
	{
		explicit FEars(TSharedPtr<IMicroExpressionResumeStore> Resume = nullptr) : Receiver(Resume)
		{
			Receiver.OnTake.AddLambda([this](const FMicroExpressionTake& Take) { Taken.Add(Take); });
			Receiver.OnTakeFailed.AddLambda([this](const FString& Id, const FText& Sentence)
				{ Failures.Add(Id + TEXT(": ") + Sentence.ToString()); });
			Receiver.OnTakesChanged.AddLambda([this] { ++Changes; });
			Receiver.OnConnection.AddLambda(
				[this](EMicroExpressionConnection State, const FText&) { States.Add(State); });
			Receiver.OnLiveHeader.AddLambda([this](const FMicroExpressionLiveHeader& Header) { Headers.Add(Header); });
			Receiver.OnLiveFrame.AddLambda([this](const FMicroExpressionLiveFrame& Frame) { Frames.Add(Frame); });
			Receiver.OnLiveEnd.AddLambda([this](uint64 Subject) { Ended.Add(Subject); });
		}
		bool Start(bool bContent = false, const TCHAR* Prefix = TEXT(""))
		{
			FMicroExpressionConnectionSettings Settings;
			Settings.bContent = bContent;
			Settings.TakeIdPrefix = Prefix;
			return Receiver.Start(Settings);
		}
		bool UntilConnected()
		{
			return Until(
				[this] {
					return Receiver.GetConnection() == EMicroExpressionConnection::Connected
						&& Receiver.GetServerInfo();
				});
		}
		FString Ids() const
		{
			TArray<FString> Found;
			for (const FMicroExpressionTakeSummary& Take : Receiver.GetTakes())
			{
				Found.Add(Take.TakeId);
			}
			return FString::Join(Found, TEXT(" "));
		}
		bool UntilIds(const TCHAR* Wanted)
		{
			return Until([&] { return Ids().Equals(Wanted); });
		}

		FMicroExpressionReceiver Receiver;
		TArray<FMicroExpressionTake> Taken;
		TArray<FString> Failures;
		TArray<EMicroExpressionConnection> States;
		TArray<FMicroExpressionLiveHeader> Headers;
		TArray<FMicroExpressionLiveFrame> Frames;
		TArray<uint64> Ended;
		int32 Changes = 0;
	};

	void TakesComeAndGo()
	{
		FakeBridge::Begin();
		FakeBridge::Commit("first", 2);
		FEars Ears;
		EXPECT(Ears.Receiver.GetConnection() == EMicroExpressionConnection::Disconnected
			&& !Ears.Receiver.Fetch(TEXT("first")));
		EXPECT(Ears.Start() && Ears.Receiver.GetConnection() == EMicroExpressionConnection::Connecting);
		EXPECT(Ears.UntilConnected() && Ears.UntilIds(TEXT("first")));
		EXPECT_TEXT(Ears.Receiver.GetConnectionText().ToString(), "Connected to 127.0.0.1:50551.");
		EXPECT(
			Ears.Receiver.GetServerInfo()->Rigs.Num() == 2 && Ears.Receiver.GetServerInfo()->Rigs[1] == TEXT("arkit"));
		FakeBridge::Commit("Second", 1);
		FakeBridge::Commit("second", 1); // another take: ids differ by case
		EXPECT(Ears.UntilIds(TEXT("second Second first")));
		FakeBridge::Commit("first", 3);
		EXPECT(Ears.UntilIds(TEXT("first second Second")));
		FakeBridge::Remove("second");
		EXPECT(Ears.UntilIds(TEXT("first Second")));
		EXPECT(Ears.Taken.IsEmpty() && Ears.Changes >= 3); // without content nobody sent a take

		EXPECT(Ears.Receiver.Fetch(TEXT("first")) && Ears.Receiver.NumPending() == 1);
		EXPECT(Until([&] { return Ears.Taken.Num() == 1; }) && Ears.Receiver.NumPending() == 0);
		const FMicroExpressionTake& Take = Ears.Taken[0];
		EXPECT(Take.Origin == EMicroExpressionTakeOrigin::Fetched && Take.Summary.TakeId == TEXT("first"));
		EXPECT(Take.FrameRate == FFrameRate(30000, 1001) && Take.StartTimecode == TEXT("01:02:03:04"));
		EXPECT(
			Take.Summary.DurationSeconds == 12.5 && Take.Curves.Num() == 2 && Take.Curves[0].Curve.GetNumKeys() == 12);
		EXPECT(Take.Curves[1].Name == TEXT("jawOpen") && Take.Curves[1].Curve.Keys[1].LeaveTangent == -0.5f);
		const FMicroExpressionEvent& Event = Take.Summary.Events[0];
		EXPECT(Event.OnsetSeconds == 0.25 && Event.ApexSeconds == 0.5 && Event.OffsetSeconds == 0.75
			&& Event.Score == 0.875);
		EXPECT(Event.Emotion == TEXT("surprise") && Event.Aus.Num() == 1 && Event.Aus[0] == TEXT("AU4 left"));
		FMicroExpressionMapping Mapping;
		EXPECT(Ears.Receiver.Remap(TEXT("first"), Mapping)
			&& Ears.Failures.Num() == 1); // wrong in itself: nobody is asked
		EXPECT_TEXT(Ears.Failures[0], "first: mapping.rig is missing");
		Mapping.Rig = TEXT("arkit");
		EXPECT(Ears.Receiver.Remap(TEXT("first"), Mapping) && Until([&] { return Ears.Taken.Num() == 2; }));
		EXPECT(Ears.Taken[1].Origin == EMicroExpressionTakeOrigin::Remapped && Ears.Taken[1].Curves.Num() == 2);
	}

	void AnswersThatAreNoTake()
	{
		FakeBridge::Begin();
		FEars Ears;
		Ears.Start();
		EXPECT(Ears.UntilConnected());
		EXPECT(Ears.Receiver.Fetch(TEXT("nobody")) && Until([&] { return Ears.Failures.Num() == 1; }));
		EXPECT_TEXT(Ears.Failures[0], "nobody: ");
		FMicroExpressionMapping Mapping;
		Mapping.Rig = TEXT("metahuman");
		Mapping.KeyMode = EMicroExpressionKeyMode::Exact;
		Mapping.Intensity = 0.5;
		EXPECT(Ears.Receiver.Remap(TEXT("nobody"), Mapping) && Until([&] { return Ears.Failures.Num() == 2; }));
		EXPECT(Ears.Receiver.Fetch(FString()) && Ears.Failures.Num() == 3); // wrong in itself: no server is asked
		EXPECT(Ears.Taken.IsEmpty());
	}

	void ContentComesWithThePush()
	{
		FakeBridge::Begin();
		FEars Ears;
		Ears.Start(/*bContent*/ true);
		EXPECT(Ears.UntilConnected());
		FakeBridge::Commit("pushed", 2, 3);
		EXPECT(Until([&] { return Ears.Taken.Num() == 1; }));
		EXPECT(Ears.Taken[0].Origin == EMicroExpressionTakeOrigin::Pushed && Ears.Taken[0].Summary.Sequence == 1);
		EXPECT(Ears.Taken[0].Curves.Num() == 2 && Ears.Taken[0].Summary.Events.IsEmpty() == false);
		FakeBridge::CommitDamaged("damaged");
		EXPECT(Until([&] { return Ears.Failures.Num() == 1; }) && Ears.Taken.Num() == 1);
		EXPECT_TEXT(Ears.Failures[0], "damaged: ");
	}

	void GoesOnWhereItWas()
	{
		FakeBridge::Begin();
		const TSharedRef<FMemory> Memory = MakeShared<FMemory>();
		FakeBridge::Commit("one", 1);
		FakeBridge::Commit("two", 1);
		{
			FEars Ears(Memory);
			Ears.Start(true);
			EXPECT(Until([&] { return Ears.Taken.Num() == 2; }) && Memory->Sequence == 2
				&& Memory->StoreId == TEXT("store-a"));
			EXPECT(Memory->Address == TEXT("127.0.0.1:50551"));
		}
		FakeBridge::Commit("three", 1);
		FEars Ears(Memory);
		Ears.Start(true);
		EXPECT(Until([&] { return Ears.Taken.Num() == 1; }) && Ears.Taken[0].Summary.TakeId == TEXT("three"));
		EXPECT(Ears.UntilIds(TEXT("three two one"))); // the list tells what was there before
		EXPECT(Ears.Taken.Num() == 1 && Memory->Sequence == 3);

		FakeBridge::BreakNow();
		EXPECT(Until([&] { return Ears.States.Last() == EMicroExpressionConnection::Connecting; }));
		EXPECT(!Ears.Receiver.GetConnectionText().IsEmpty());
		EXPECT(Ears.UntilConnected() && Ears.UntilIds(TEXT("three two one")) && Ears.Taken.Num() == 1);

		FakeBridge::Recreate("store-b");
		FakeBridge::Commit("new", 1);
		FakeBridge::BreakNow();
		EXPECT(Until([&] { return Memory->StoreId == TEXT("store-b"); }) && Ears.UntilIds(TEXT("new"))
			&& Memory->Sequence == 1);
	}

	void OnlyThePrefix()
	{
		FakeBridge::Begin();
		for (const char* Id : {"a-1", "b-1", "A-2", "a-3"})
		{
			FakeBridge::Commit(Id, 1);
		}
		const TSharedRef<FMemory> Memory = MakeShared<FMemory>();
		Memory->StoreId =
			TEXT("store-a"); // all was dealt with: what is known comes from the list, which knows no prefix
		Memory->Sequence = 4;
		FEars Ears(Memory);
		Ears.Start(false, TEXT("a-"));
		EXPECT(Ears.UntilConnected() && Ears.UntilIds(TEXT("a-3 a-1")));
	}

	void LiveFrames()
	{
		FakeBridge::Begin();
		FEars Ears;
		Ears.Start();
		EXPECT(Ears.UntilConnected());
		FakeBridge::LiveHeader(7, "face", {"jawOpen", "browInnerUp"});
		FakeBridge::LiveFrame(7, 1.5, {0.25f, 0.75f});
		FakeBridge::LiveEnd(7);
		EXPECT(Until([&] { return Ears.Ended.Num() == 1; }) && Ears.Headers.Num() == 1 && Ears.Frames.Num() == 1);
		EXPECT(Ears.Headers[0].SubjectId == 7 && Ears.Headers[0].Subject == TEXT("face")
			&& Ears.Headers[0].Names[1] == TEXT("browInnerUp"));
		EXPECT(Ears.Frames[0].SubjectId == 7 && Ears.Frames[0].TimeSeconds == 1.5 && Ears.Frames[0].Values[1] == 0.75f);
		EXPECT(Ears.Ended[0] == 7);
	}

	void NobodyAnswers()
	{
		FakeBridge::Begin();
		FakeBridge::SetDown(true);
		FEars Ears;
		EXPECT(Ears.Start());
		EXPECT(Until([&] { return Ears.Receiver.GetConnectionText().ToString().Contains(TEXT("no server")); }));
		EXPECT(Ears.Receiver.GetConnection() == EMicroExpressionConnection::Connecting);
		FakeBridge::SetDown(false);
		EXPECT(Ears.UntilConnected());
	}

	void WhatCannotWork()
	{
		FakeBridge::Begin();
		FEars Ears;
		FMicroExpressionConnectionSettings Settings;
		Settings.Address = TEXT("192.0.2.1:50551"); // another machine without TLS
		EXPECT(!Ears.Receiver.Start(Settings) && Ears.Receiver.GetConnection() == EMicroExpressionConnection::Failed);
		EXPECT_TEXT(Ears.Receiver.GetConnectionText().ToString(), "root certificate");
		Settings.TlsRootFile = TEXT("nowhere/root.pem");
		EXPECT(!Ears.Receiver.Start(Settings));
		EXPECT_TEXT(Ears.Receiver.GetConnectionText().ToString(), "nowhere/root.pem cannot be read");

		FakeBridge::RefuseToken();
		EXPECT(
			Ears.Start() && Until([&] { return Ears.Receiver.GetConnection() == EMicroExpressionConnection::Failed; }));
		EXPECT_TEXT(Ears.Receiver.GetConnectionText().ToString(), "The token is wrong");
		EXPECT(FTSTicker::GetCoreTicker().ShimNum() == 0 && !Ears.Receiver.Fetch(TEXT("a")));
		FakeBridge::Begin();
		EXPECT(Ears.Start() && Ears.UntilConnected()); // starting again is enough
	}

	void StopsAtOnce()
	{
		FakeBridge::Begin();
		FakeBridge::Commit("take", 1);
		FakeBridge::Hang();
		FEars Ears;
		Ears.Start();
		EXPECT(Ears.UntilConnected() && Ears.UntilIds(TEXT("take")));
		Ears.Receiver.Fetch(TEXT("take"));
		EXPECT(Ears.Receiver.NumPending() == 1 && FTSTicker::GetCoreTicker().ShimNum() == 1
			&& FakeBridge::OpenStreams() > 0);
		const double Begin = FPlatformTime::Seconds();
		FCoreDelegates::OnEnginePreExit.Broadcast(); // the engine goes away before the module does
		EXPECT(FPlatformTime::Seconds() - Begin < 2.0 && FakeBridge::OpenStreams() == 0);
		EXPECT(Ears.Receiver.GetConnection() == EMicroExpressionConnection::Disconnected
			&& Ears.Receiver.NumPending() == 0);
		EXPECT(
			FTSTicker::GetCoreTicker().ShimNum() == 0 && Ears.Receiver.GetTakes().IsEmpty() && Ears.Failures.IsEmpty());
		Ears.Receiver.Stop();
		const int32 States = Ears.States.Num();
		Ears.Receiver.Stop();
		EXPECT(Ears.States.Num() == States);
	}

	/** Delegates may stop and restart the receiver that calls them. */
	void DelegatesMayStopIt()
	{
		FakeBridge::Begin();
		FakeBridge::Commit("one", 1);
		FakeBridge::Commit("two", 1);
		const TSharedRef<FMemory> Memory = MakeShared<FMemory>();
		FEars Ears(Memory);
		int32 Restarts = 0;
		Ears.Receiver.OnTake.AddLambda(
			[&](const FMicroExpressionTake&) { Restarts++ == 0 ? (void)Ears.Start(true) : Ears.Receiver.Stop(); });
		Ears.Start(true);
		EXPECT(Until([&] { return Restarts == 2; }));
		EXPECT(Ears.Receiver.GetConnection() == EMicroExpressionConnection::Disconnected
			&& FakeBridge::OpenStreams() == 0);
		EXPECT(Memory->Sequence == 0); // what was stopped in midst comes again
		EXPECT(Ears.Taken.Num() == 2 && Ears.Taken[0].Summary.TakeId == TEXT("one")
			&& Ears.Taken[1].Summary.TakeId == TEXT("one"));
	}
}

int main()
{
	TakesComeAndGo();
	AnswersThatAreNoTake();
	ContentComesWithThePush();
	GoesOnWhereItWas();
	OnlyThePrefix();
	LiveFrames();
	NobodyAnswers();
	WhatCannotWork();
	StopsAtOnce();
	DelegatesMayStopIt();
	return Test::Report();
}
