#include "MicroExpressionLiveLinkSource.h"

#include "HAL/PlatformTime.h"
#include "ILiveLinkClient.h"
#include "LiveLinkTypes.h"
#include "MicroExpressionSession.h"
#include "Misc/QualifiedFrameTime.h"
#include "Roles/LiveLinkBasicRole.h"
#include "Roles/LiveLinkBasicTypes.h"

#define LOCTEXT_NAMESPACE "MicroExpressionLiveLink"

namespace
{
	// The video's clock in Live Link's scene time. The frames' own rate is not announced; sub-frames keep the rest.
	const FFrameRate LiveSceneRate(60000, 1001);
}

void FMicroExpressionLiveLinkSource::Follow(FMicroExpressionSession& Session)
{
	for (const TPair<uint64, FMicroExpressionLiveHeader>& Known : Session.GetLiveHeaders())
	{
		PushHeader(Known.Value);
	}
	FMicroExpressionReceiver& Receiver = Session.GetReceiver();
	Receiver.OnLiveHeader.AddSP(this, &FMicroExpressionLiveLinkSource::PushHeader);
	Receiver.OnLiveFrame.AddSP(this, &FMicroExpressionLiveLinkSource::PushFrame);
	Receiver.OnLiveEnd.AddSP(this, &FMicroExpressionLiveLinkSource::PushEnd);
	Receiver.OnConnection.AddSP(this, &FMicroExpressionLiveLinkSource::HandleConnection);
}

void FMicroExpressionLiveLinkSource::ReceiveClient(ILiveLinkClient* InClient, FGuid InSourceGuid)
{
	Client = InClient;
	SourceGuid = InSourceGuid;
}

bool FMicroExpressionLiveLinkSource::IsSourceStillValid() const
{
	return Client != nullptr;
}

bool FMicroExpressionLiveLinkSource::RequestSourceShutdown()
{
	// The client removes the subjects of a source that goes. Frames that still come are ignored.
	Client = nullptr;
	Subjects.Empty();
	return true;
}

FText FMicroExpressionLiveLinkSource::GetSourceType() const
{
	return LOCTEXT("SourceType", "Micro-Expressions");
}

FText FMicroExpressionLiveLinkSource::GetSourceMachineName() const
{
	return Server;
}

FText FMicroExpressionLiveLinkSource::GetSourceStatus() const
{
	if (Subjects.Num() == 0)
	{
		return LOCTEXT("NoSubject", "Waiting for a face");
	}
	uint64 Dropped = 0;
	for (const TPair<uint64, FSubject>& Subject : Subjects)
	{
		Dropped += Subject.Value.Dropped;
	}
	return FText::Format(
		LOCTEXT("Live", "Live, {0} frames left out"), FText::FromString(FString::Printf(TEXT("%llu"), Dropped)));
}

void FMicroExpressionLiveLinkSource::PushHeader(const FMicroExpressionLiveHeader& Header)
{
	if (Client == nullptr)
	{
		return;
	}
	FSubject Subject;
	Subject.Name = FName(*Header.Subject);
	Subject.ValueCount = Header.Names.Num();
	Subjects.Add(Header.SubjectId, Subject);
	FLiveLinkStaticDataStruct Static(FLiveLinkBaseStaticData::StaticStruct());
	Static.Cast<FLiveLinkBaseStaticData>()->PropertyNames = Header.Names;
	Client->PushSubjectStaticData_AnyThread(
		FLiveLinkSubjectKey(SourceGuid, Subject.Name), ULiveLinkBasicRole::StaticClass(), MoveTemp(Static));
}

void FMicroExpressionLiveLinkSource::PushFrame(const FMicroExpressionLiveFrame& Frame)
{
	FSubject* Subject = Subjects.Find(Frame.SubjectId);
	// A frame of another length than its names is a defect of the sender: Live Link would read beyond the end.
	if (Client == nullptr || Subject == nullptr || Frame.Values.Num() != Subject->ValueCount)
	{
		return;
	}
	Subject->Dropped += Frame.Dropped;
	FLiveLinkFrameDataStruct Data(FLiveLinkBaseFrameData::StaticStruct());
	FLiveLinkBaseFrameData& Base = *Data.Cast<FLiveLinkBaseFrameData>();
	Base.PropertyValues = Frame.Values;
	Base.WorldTime = FLiveLinkWorldTime(FPlatformTime::Seconds());
	Base.MetaData.SceneTime =
		FQualifiedFrameTime(FFrameTime::FromDecimal(Frame.TimeSeconds * LiveSceneRate.AsDecimal()), LiveSceneRate);
	Client->PushSubjectFrameData_AnyThread(FLiveLinkSubjectKey(SourceGuid, Subject->Name), MoveTemp(Data));
}

void FMicroExpressionLiveLinkSource::PushEnd(uint64 SubjectId)
{
	const FSubject* Subject = Subjects.Find(SubjectId);
	if (Client != nullptr && Subject != nullptr)
	{
		Client->RemoveSubject_AnyThread(FLiveLinkSubjectKey(SourceGuid, Subject->Name));
	}
	Subjects.Remove(SubjectId);
}

void FMicroExpressionLiveLinkSource::HandleConnection(EMicroExpressionConnection State, const FText& /*Sentence*/)
{
	if (State != EMicroExpressionConnection::Connected)
	{
		TArray<uint64> Ended;
		Subjects.GetKeys(Ended);
		for (const uint64 SubjectId : Ended)
		{
			PushEnd(SubjectId);
		}
	}
}

#undef LOCTEXT_NAMESPACE
