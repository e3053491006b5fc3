// FMicroExpressionSession over a fake receiver and the real assets, in memory.
#include "Animation/Skeleton.h"
#include "Check.h"
#include "FakeReceiver.h"
#include "MicroExpressionSession.h"
#include "Misc/ScopedSlowTask.h"
#include "ShimState.h"
#include "UObject/Package.h"

namespace
{
	FMicroExpressionTakeSummary Take(const TCHAR* Id, int64 Sequence = 1)
	{
		FMicroExpressionTakeSummary Summary;
		Summary.TakeId = Id;
		Summary.Sequence = Sequence;
		Summary.DurationSeconds = 1.0;
		return Summary;
	}

	struct FFixture
	{
		FFakeServer& Server = FFakeServer::Get();
		TSharedPtr<FMicroExpressionSession> Session;
		FMicroExpressionImportOptions Options;
		int32 Questions = 0;
		bool bAnswer = false;

		explicit FFixture(const TCHAR* Folder)
		{
			Server.Reset();
			Server.Takes = {Take(TEXT("demo")), Take(TEXT("Demo")), Take(TEXT("other"))};
			Session = MakeShared<FMicroExpressionSession>(nullptr);
			Session->Connect(FMicroExpressionConnectionSettings());
			Options.Folder = Folder;
			Options.bDialog = false;
			Tick();
		}
		void Tick() { Session->GetReceiver().Tick(0.0f); }
		void Import(EMicroExpressionOverwrite Overwrite)
		{
			Session->Import(Options, Overwrite,
				[this](const TArray<FString>&)
				{
					++Questions;
					return bAnswer;
				});
		}
		bool Says(const TCHAR* Part) const { return Session->GetMessage().ToString().Contains(Part); }
	};

	bool IsImported(const FFixture& F, const TCHAR* Id)
	{
		FMicroExpressionTake Wanted;
		Wanted.Summary.TakeId = Id;
		return MicroExpressionAssets::ExistingAssets(Wanted, F.Options).Num() > 0;
	}

	FMicroExpressionMapping Arkit(double Intensity)
	{
		FMicroExpressionMapping Mapping;
		Mapping.Rig = TEXT("arkit");
		Mapping.Emotion = TEXT("fear");
		Mapping.Intensity = Intensity;
		return Mapping;
	}

	void TestSelecting()
	{
		FFixture F(TEXT("/Game/Select"));
		CHECK(F.Session->GetSelected() == nullptr);
		F.Session->Select(TEXT("demo"));
		F.Session->Select(TEXT("demo"));
		CHECK(F.Server.Asked == TArray<FString>({TEXT("fetch demo")}));
		CHECK(F.Session->IsWaiting());
		// Another case is another take; what is in flight is no longer wanted, and comes first.
		F.Session->Select(TEXT("Demo"));
		CHECK(F.Server.Asked.Num() == 1);
		F.Server.Answer(TEXT("demo"), EMicroExpressionTakeOrigin::Fetched, 3);
		F.Tick();
		CHECK(F.Server.Asked.Num() == 2 && F.Server.Asked[1].Equals(TEXT("fetch Demo")));
		CHECK(F.Session->GetCurvesText().ToString().Contains(TEXT("Fetching")));
		F.Server.Answer(TEXT("Demo"), EMicroExpressionTakeOrigin::Pushed, 7); // not what was asked for
		F.Server.Answer(TEXT("Demo"), EMicroExpressionTakeOrigin::Fetched, 2);
		F.Tick();
		CHECK(!F.Session->IsWaiting());
		CHECK(F.Session->GetCurvesText().ToString() == TEXT("2 curves, 4 keys; strongest control0 at 0.25."));
	}

	void TestSliders()
	{
		FFixture F(TEXT("/Game/Sliders"));
		F.Session->Select(TEXT("other"));
		F.Server.Answer(TEXT("other"), EMicroExpressionTakeOrigin::Fetched, 1, 0.0f);
		F.Tick();
		CHECK(F.Session->GetCurvesText().ToString() == TEXT("1 curves, 2 keys; all at rest."));
		F.Server.Asked.Empty();
		for (int32 Step = 0; Step <= 10; ++Step)
		{
			F.Session->SetMapping(Arkit(Step / 10.0));
			F.Session->SetMapping(Arkit(Step / 10.0));
		}
		CHECK(F.Server.Asked == TArray<FString>({TEXT("remap other arkit fear 0 1")}));
		F.Server.Answer(TEXT("other"), EMicroExpressionTakeOrigin::Remapped, 1);
		F.Tick();
		CHECK(F.Server.Asked.Num() == 2 && F.Server.Asked[1] == TEXT("remap other arkit fear 1 1"));
		CHECK(F.Session->IsWaiting());
		F.Server.Failed.Add(TPair<FString, FText>{TEXT("other"), FText::FromString(TEXT("No tracks."))});
		F.Tick();
		CHECK(!F.Session->IsWaiting());
		CHECK(F.Says(TEXT("No tracks.")));
		F.Session->SetMapping(Arkit(1.0)); // what it is already
		CHECK(F.Server.Asked.Num() == 2 && !F.Session->IsWaiting());
	}

	void TestImporting()
	{
		FFixture F(TEXT("/Game/Import"));
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(F.Says(TEXT("Choose a take")));
		F.Session->Select(TEXT("other"));
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(F.Says(TEXT("Waiting")));
		CHECK(F.Server.Asked.Num() == 1);
		F.Server.Answer(TEXT("other"), EMicroExpressionTakeOrigin::Fetched, 1);
		F.Tick();
		CHECK(F.Says(TEXT("1 assets in /Game/Import/other")));
		CHECK(F.Questions == 0);
		// Again: the curves are there already; now the user is asked, and says no, then yes.
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(F.Questions == 1 && F.Says(TEXT("kept")));
		F.bAnswer = true;
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(F.Questions == 2 && F.Says(TEXT("1 assets")));
		F.Import(EMicroExpressionOverwrite::Always);
		CHECK(F.Questions == 2 && F.Says(TEXT("1 assets")));
		F.Import(EMicroExpressionOverwrite::Never);
		CHECK(F.Questions == 2 && !F.Says(TEXT("1 assets")));
		CHECK(F.Server.Asked.Num() == 1);
	}

	void TestAPendingImportIsOfWhatWasChosen()
	{
		FFixture F(TEXT("/Game/Pending"));
		F.Session->Select(TEXT("demo"));
		F.Import(EMicroExpressionOverwrite::Ask);
		F.Session->Select(TEXT("other"));
		CHECK(F.Says(TEXT("press Import again")));
		F.Server.Answer(TEXT("demo"), EMicroExpressionTakeOrigin::Fetched, 1);
		F.Tick();
		F.Server.Answer(TEXT("other"), EMicroExpressionTakeOrigin::Fetched, 1);
		F.Tick();
		CHECK(!IsImported(F, TEXT("demo")) && !IsImported(F, TEXT("other")));
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(!IsImported(F, TEXT("demo")) && IsImported(F, TEXT("other")));
	}

	/** The pending import outlives the asset: a skeleton that is deleted meanwhile is not written to. */
	void TestASkeletonThatIsGoneWhenTheTakeComes()
	{
		FFixture F(TEXT("/Game/Gone"));
		USkeleton* Skeleton =
			NewObject<USkeleton>(CreatePackage(TEXT("/Game/Face/SK_Gone")), TEXT("SK_Gone"), RF_Public | RF_Standalone);
		F.Options.Targets = EMicroExpressionTarget::AnimSequence | EMicroExpressionTarget::CurveTable;
		F.Options.Skeleton = Skeleton;
		F.Session->Select(TEXT("other"));
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(F.Says(TEXT("Waiting")));
		Shim::Collect(Skeleton);
		F.Server.Answer(TEXT("other"), EMicroExpressionTakeOrigin::Fetched, 1);
		F.Tick();
		CHECK(F.Says(TEXT("The chosen skeleton is gone")));
		CHECK(!IsImported(F, TEXT("other")));
		F.Options.Skeleton = nullptr; // never chosen, or chosen to be none
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(F.Says(TEXT("needs a skeleton")));
	}

	/** What a cancelled import has written stays, and is the user's to save. */
	void TestACancelledImportSaysWhatIsLeft()
	{
		FFixture F(TEXT("/Game/Cancelled"));
		F.Options.bDialog = true;
		F.Options.Targets = EMicroExpressionTarget::CurveTable | EMicroExpressionTarget::CurveFloat;
		F.Session->Select(TEXT("other"));
		F.Server.Answer(TEXT("other"), EMicroExpressionTakeOrigin::Fetched, 3);
		F.Tick();
		Shim::CancelAfter(0);
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(F.Says(TEXT("cancelled: nothing was written")));
		Shim::CancelAfter(3);
		F.Import(EMicroExpressionOverwrite::Ask);
		Shim::CancelAfter(-1);
		CHECK(F.Says(TEXT("cancelled: 2 assets in /Game/Cancelled/other")) && F.Says(TEXT("not saved")));
	}

	void TestReconnecting()
	{
		FFixture F(TEXT("/Game/Reconnect"));
		F.Session->Select(TEXT("demo"));
		F.Session->Disconnect();
		CHECK(!F.Session->IsStarted() && !F.Session->IsWaiting());
		CHECK(F.Session->GetItems().IsEmpty() && !F.Says(TEXT("deleted")));
		F.Import(EMicroExpressionOverwrite::Ask);
		CHECK(F.Says(TEXT("Connect to the server first")));
		F.Server.Asked.Empty();
		F.Session->Connect(FMicroExpressionConnectionSettings());
		F.Tick();
		CHECK(F.Session->GetSelected() != nullptr);
		CHECK(F.Server.Asked == TArray<FString>({TEXT("fetch demo")}));
	}

	void TestTakesChange()
	{
		FFixture F(TEXT("/Game/Change"));
		const FMicroExpressionSession::FItem Item = F.Session->GetItems()[0];
		F.Session->Select(TEXT("demo"));
		F.Server.Answer(TEXT("demo"), EMicroExpressionTakeOrigin::Fetched, 1);
		F.Tick();
		F.Server.Takes = {Take(TEXT("new")), Take(TEXT("demo"), 9)};
		F.Tick();
		CHECK(F.Session->GetItems().Num() == 2 && F.Session->GetItems()[1] == Item);
		CHECK(Item->Sequence == 9);
		CHECK(F.Server.Asked.Num() == 2); // pushed anew: its curves are another's
		F.Server.Takes = {Take(TEXT("new"))};
		F.Tick();
		CHECK(F.Session->GetSelected() == nullptr);
		CHECK(F.Says(TEXT("demo was deleted")));
	}

	void TestTexts()
	{
		FMicroExpressionTakeSummary Summary = Take(TEXT("demo"));
		Summary.CurveCount = 12;
		FMicroExpressionEvent Event;
		Event.OnsetSeconds = 0.1;
		Event.ApexSeconds = 0.2;
		Event.OffsetSeconds = 0.4;
		Event.Score = 0.875;
		Event.Emotion = TEXT("happiness");
		Event.Aus = {TEXT("AU12 left"), TEXT("AU6")};
		Summary.Events.Add(Event);
		CHECK(FMicroExpressionSession::TakeText(Summary).ToString()
			== TEXT("demo: no emotion, 1 events, 1.0 s, 12 curves"));
		CHECK(FMicroExpressionSession::EventText(Event).ToString()
			== TEXT("0.10 s to 0.40 s, apex 0.20 s: happiness (AU12 left, AU6), score 0.88"));
	}
}

int main()
{
	TestSelecting();
	TestSliders();
	TestImporting();
	TestAPendingImportIsOfWhatWasChosen();
	TestASkeletonThatIsGoneWhenTheTakeComes();
	TestACancelledImportSaysWhatIsLeft();
	TestReconnecting();
	TestTakesChange();
	TestTexts();
	for (const FString& Rule : Shim::Violations())
	{
		std::fprintf(stderr, "violated: %s\n", Shim::ToUtf8(Rule).c_str());
	}
	return Failures != 0 || Shim::Violations().Num() != 0;
}
