#include "FakeReceiver.h"

class FMicroExpressionLink
{
};

FFakeServer& FFakeServer::Get()
{
	static FFakeServer Server;
	return Server;
}

void FFakeServer::Answer(const FString& TakeId, EMicroExpressionTakeOrigin Origin, int32 CurveCount, float Peak)
{
	FMicroExpressionTake Take;
	Take.Summary.TakeId = TakeId;
	Take.Summary.DurationSeconds = 1.0;
	Take.Origin = Origin;
	for (int32 Index = 0; Index < CurveCount; ++Index)
	{
		FMicroExpressionNamedCurve Named;
		Named.Name = FName(*FString::Printf(TEXT("control%d"), Index));
		Named.Curve.SetKeys({FRichCurveKey(0.0f, 0.0f), FRichCurveKey(0.5f, Index == 0 ? Peak : 0.0f)});
		Take.Curves.Add(Named);
	}
	Answers.Add(Take);
}

FMicroExpressionReceiver::FMicroExpressionReceiver(TSharedPtr<IMicroExpressionResumeStore> InResume) : Resume(InResume)
{
}

FMicroExpressionReceiver::~FMicroExpressionReceiver() = default;

bool FMicroExpressionReceiver::Start(const FMicroExpressionConnectionSettings& InSettings)
{
	Settings = InSettings;
	SetConnection(EMicroExpressionConnection::Connecting, FText());
	return true;
}

void FMicroExpressionReceiver::Stop()
{
	Link.Reset();
	Takes.Reset();
	SetConnection(EMicroExpressionConnection::Disconnected, FText());
	OnTakesChanged.Broadcast();
}

bool FMicroExpressionReceiver::Fetch(const FString& TakeId)
{
	FFakeServer::Get().Asked.Add(TEXT("fetch ") + TakeId);
	return Connection != EMicroExpressionConnection::Disconnected;
}

bool FMicroExpressionReceiver::Remap(const FString& TakeId, const FMicroExpressionMapping& Mapping)
{
	FFakeServer::Get().Asked.Add(TEXT("remap ") + TakeId + TEXT(" ") + Mapping.Rig + TEXT(" ") + Mapping.Emotion
		+ FString::Printf(TEXT(" %g %g"), Mapping.Intensity.Get(1.0), Mapping.Gain.Get(1.0)));
	return Connection != EMicroExpressionConnection::Disconnected;
}

bool FMicroExpressionReceiver::Tick(float)
{
	const FFakeServer Now = FFakeServer::Get();
	FFakeServer& Server = FFakeServer::Get();
	Server.Answers.Empty();
	Server.Failed.Empty();
	Server.Headers.Empty();
	Server.Frames.Empty();
	Server.Ends.Empty();
	ServerInfo = Now.Info;
	if (Connection != Now.State)
	{
		SetConnection(Now.State, FText());
	}
	Takes = Now.Takes;
	OnTakesChanged.Broadcast();
	for (const FMicroExpressionLiveHeader& Header : Now.Headers)
	{
		OnLiveHeader.Broadcast(Header);
	}
	for (const FMicroExpressionLiveFrame& Frame : Now.Frames)
	{
		OnLiveFrame.Broadcast(Frame);
	}
	for (const uint64 SubjectId : Now.Ends)
	{
		OnLiveEnd.Broadcast(SubjectId);
	}
	for (const FMicroExpressionTake& Take : Now.Answers)
	{
		OnTake.Broadcast(Take);
	}
	for (const TPair<FString, FText>& Failure : Now.Failed)
	{
		OnTakeFailed.Broadcast(Failure.Key, Failure.Value);
	}
	return true;
}

void FMicroExpressionReceiver::SetConnection(EMicroExpressionConnection State, const FText& Sentence)
{
	const bool bChanged = Connection != State;
	Connection = State;
	ConnectionText = Sentence;
	if (bChanged)
	{
		OnConnection.Broadcast(State, Sentence);
	}
}
