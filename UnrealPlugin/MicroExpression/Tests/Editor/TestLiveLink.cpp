// The Live Link source over a client that keeps what it is given.
#include "Check.h"
#include "FakeReceiver.h"
#include "ILiveLinkClient.h"
#include "MicroExpressionLiveLinkSource.h"
#include "MicroExpressionSession.h"
#include "ShimState.h"

namespace
{
	class FKeepingClient : public ILiveLinkClient
	{
	public:
		FGuid AddSource(TSharedPtr<ILiveLinkSource> Source) override
		{
			Source->ReceiveClient(this, FGuid{7});
			return FGuid{7};
		}
		void RemoveSource(TSharedPtr<ILiveLinkSource> Source) override { CHECK(Source->RequestSourceShutdown()); }
		void PushSubjectStaticData_AnyThread(
			const FLiveLinkSubjectKey& Key, TSubclassOf<ULiveLinkRole> Role, FLiveLinkStaticDataStruct&& Data) override
		{
			CHECK(Key.Source == FGuid{7});
			CHECK(Role.Get() == ULiveLinkBasicRole::StaticClass());
			Subjects.Add(Key.SubjectName.Name, Data.Cast<FLiveLinkBaseStaticData>()->PropertyNames);
		}
		void PushSubjectFrameData_AnyThread(const FLiveLinkSubjectKey& Key, FLiveLinkFrameDataStruct&& Data) override
		{
			const FLiveLinkBaseFrameData& Frame = *Data.Cast<FLiveLinkBaseFrameData>();
			CHECK(Subjects.Contains(Key.SubjectName.Name));
			CHECK(Subjects[Key.SubjectName.Name].Num() == Frame.PropertyValues.Num());
			CHECK(Frame.WorldTime.GetOffsettedTime() > 0.0);
			Frames.Add(Frame);
		}
		void RemoveSubject_AnyThread(const FLiveLinkSubjectKey& Key) override { Subjects.Remove(Key.SubjectName.Name); }

		TMap<FName, TArray<FName>> Subjects;
		TArray<FLiveLinkBaseFrameData> Frames;
	};

	FMicroExpressionLiveHeader Header(uint64 Id, const TCHAR* Name, const TArray<FName>& Names)
	{
		FMicroExpressionLiveHeader Result;
		Result.SubjectId = Id;
		Result.Subject = Name;
		Result.Names = Names;
		return Result;
	}

	FMicroExpressionLiveFrame Frame(uint64 Id, double Time, const TArray<float>& Values)
	{
		FMicroExpressionLiveFrame Result;
		Result.SubjectId = Id;
		Result.TimeSeconds = Time;
		Result.Values = Values;
		Result.Dropped = 2;
		return Result;
	}

	void TestSubjects()
	{
		FFakeServer& Server = FFakeServer::Get();
		FMicroExpressionSession Session(nullptr);
		Session.Connect(FMicroExpressionConnectionSettings());
		Server.Headers.Add(Header(1, TEXT("early"), {FName(TEXT("jawOpen")), FName(TEXT("jawLeft"))}));
		Session.GetReceiver().Tick(0.0f);

		FKeepingClient Client;
		TSharedPtr<FMicroExpressionLiveLinkSource> Source =
			MakeShared<FMicroExpressionLiveLinkSource>(FText::FromString(TEXT("here")));
		CHECK(!Source->IsSourceStillValid());
		Client.AddSource(Source);
		Source->Follow(Session);
		CHECK(Source->IsSourceStillValid());
		CHECK(Client.Subjects.Contains(FName(TEXT("early")))); // came before the source

		Server.Headers.Add(Header(2, TEXT("late"), {FName(TEXT("browDown"))}));
		Server.Frames.Add(Frame(1, 1.25, {0.5f, 0.25f}));
		Server.Frames.Add(Frame(2, 0.04, {0.75f}));
		Server.Frames.Add(Frame(2, 0.08, {0.75f, 0.1f})); // not as many as names
		Server.Frames.Add(Frame(3, 0.08, {0.75f}));       // nobody's
		Session.GetReceiver().Tick(0.0f);
		CHECK(Client.Frames.Num() == 2);
		CHECK(Client.Frames[0].PropertyValues == TArray<float>({0.5f, 0.25f}));
		CHECK(FMath::Abs(Client.Frames[0].MetaData.SceneTime.AsSeconds() - 1.25) < 1e-6);
		CHECK(Source->GetSourceStatus().ToString() == TEXT("Live, 4 frames left out"));

		Server.Ends.Add(1);
		Session.GetReceiver().Tick(0.0f);
		CHECK(!Client.Subjects.Contains(FName(TEXT("early"))) && Client.Subjects.Num() == 1);

		// The connection breaks: no subject is announced as ended, and numbers may come again for others.
		Server.State = EMicroExpressionConnection::Connecting;
		Server.Frames.Add(Frame(2, 0.1, {0.5f}));
		Session.GetReceiver().Tick(0.0f);
		CHECK(Client.Subjects.IsEmpty() && Client.Frames.Num() == 2 && Session.GetLiveHeaders().IsEmpty());
		Server.State = EMicroExpressionConnection::Connected;
		Server.Headers.Add(Header(1, TEXT("again"), {FName(TEXT("jawOpen"))}));
		Session.GetReceiver().Tick(0.0f);
		CHECK(Client.Subjects.Num() == 1 && Client.Subjects.Contains(FName(TEXT("again"))));

		Client.RemoveSource(Source);
		CHECK(!Source->IsSourceStillValid());
		Server.Frames.Add(Frame(2, 0.12, {0.5f}));
		Session.GetReceiver().Tick(0.0f);
		CHECK(Client.Frames.Num() == 2);
		Source.Reset(); // delegates hold it weakly
		Server.Frames.Add(Frame(2, 0.16, {0.5f}));
		Session.GetReceiver().Tick(0.0f);
	}
}

int main()
{
	FFakeServer::Get().Reset();
	TestSubjects();
	return Failures != 0 || Shim::Violations().Num() != 0;
}
