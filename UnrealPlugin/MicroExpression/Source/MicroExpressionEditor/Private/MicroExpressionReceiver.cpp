#include "MicroExpressionReceiver.h"

#include "HAL/PlatformTime.h"
#include "MicroExpressionConvertLink.h"
#include "Misc/CoreDelegates.h"

#define LOCTEXT_NAMESPACE "MicroExpression"

namespace
{
	/** Of one frame: what a burst of updates may take of it. At least one update is dealt with. */
	constexpr double TickBudgetSeconds = 0.005;

	/** Ids of takes differ by case, unlike what FString's == says. */
	bool IsTake(const FMicroExpressionTakeSummary& Summary, const FString& TakeId)
	{
		return Summary.TakeId.Equals(TakeId, ESearchCase::CaseSensitive);
	}

	bool HoldsId(const TArray<FString>& Ids, const FString& TakeId)
	{
		return Ids.ContainsByPredicate(
			[&TakeId](const FString& Other) { return Other.Equals(TakeId, ESearchCase::CaseSensitive); });
	}
}

FMicroExpressionReceiver::FMicroExpressionReceiver(TSharedPtr<IMicroExpressionResumeStore> InResume)
	: Resume(MoveTemp(InResume))
{
	PreExitHandle = FCoreDelegates::OnEnginePreExit.AddRaw(this, &FMicroExpressionReceiver::Stop);
}

FMicroExpressionReceiver::~FMicroExpressionReceiver()
{
	FCoreDelegates::OnEnginePreExit.Remove(PreExitHandle);
	// Who owns the receiver may be half gone by now: nobody is told that it stops.
	OnConnection.Clear();
	OnTakesChanged.Clear();
	Stop();
}

bool FMicroExpressionReceiver::Start(const FMicroExpressionConnectionSettings& InSettings)
{
	check(IsInGameThread());
	Stop();
	Settings = InSettings;
	FString StoreId;
	uint64 Sequence = 0;
	if (Resume.IsValid() && !Resume->Load(Settings.Address, StoreId, Sequence))
	{
		StoreId.Reset();
	}
	FText Error;
	Link = FMicroExpressionLink::Open(Settings, StoreId, Sequence, Error);
	if (!Link.IsValid())
	{
		SetConnection(EMicroExpressionConnection::Failed, Error);
		return false;
	}
	TickerHandle =
		FTSTicker::GetCoreTicker().AddTicker(FTickerDelegate::CreateRaw(this, &FMicroExpressionReceiver::Tick));
	SetConnection(EMicroExpressionConnection::Connecting,
		FText::Format(LOCTEXT("Connecting", "Connecting to {0}."), FText::FromString(Settings.Address)));
	return true;
}

void FMicroExpressionReceiver::Stop()
{
	check(IsInGameThread());
	FTSTicker::GetCoreTicker().RemoveTicker(TickerHandle);
	TickerHandle.Reset();
	if (Link.IsValid())
	{
		Link->Close();
		Link.Reset();
	}
	ServerInfo.Reset();
	bListing = false;
	Listed.Reset();
	TouchedWhileListing.Reset();
	const bool bHadTakes = !Takes.IsEmpty();
	Takes.Reset();
	bTakesChanged = false;
	if (Connection != EMicroExpressionConnection::Disconnected)
	{
		SetConnection(EMicroExpressionConnection::Disconnected, LOCTEXT("Disconnected", "Not connected."));
	}
	if (bHadTakes)
	{
		OnTakesChanged.Broadcast();
	}
}

bool FMicroExpressionReceiver::Tick(float)
{
	// A delegate may stop or restart the receiver: then what is left belongs to nobody.
	const TSharedPtr<FMicroExpressionLink> Current = Link;
	const double Deadline = FPlatformTime::Seconds() + TickBudgetSeconds;
	FMicroExpressionUpdate Update;
	while (Current.IsValid() && Link == Current)
	{
		const EMicroExpressionPoll Poll = Current->PollUpdate(Update);
		if (Poll == EMicroExpressionPoll::Ended)
		{
			Fail(Current->GetMessage());
			return true;
		}
		if (Poll == EMicroExpressionPoll::Something)
		{
			Deal(Update);
		}
		if (Poll == EMicroExpressionPoll::Nothing || FPlatformTime::Seconds() > Deadline)
		{
			break;
		}
	}
	FMicroExpressionAnswer Answer;
	while (Current.IsValid() && Link == Current && Current->PollAnswer(Answer))
	{
		DealWithAnswer(Answer);
	}
	if (Current.IsValid() && Link == Current && Connection == EMicroExpressionConnection::Connecting)
	{
		const FText Why = Current->GetMessage();
		if (!Why.IsEmpty() && !Why.EqualTo(ConnectionText))
		{
			SetConnection(EMicroExpressionConnection::Connecting, Why);
		}
	}
	if (bTakesChanged)
	{
		bTakesChanged = false;
		OnTakesChanged.Broadcast();
	}
	return true;
}

bool FMicroExpressionReceiver::Fetch(const FString& TakeId)
{
	FText Error;
	if (!Link.IsValid())
	{
		return false;
	}
	if (!Link->RequestFetch(TakeId, Error))
	{
		OnTakeFailed.Broadcast(TakeId, Error);
	}
	return true;
}

bool FMicroExpressionReceiver::Remap(const FString& TakeId, const FMicroExpressionMapping& Mapping)
{
	FText Error;
	if (!Link.IsValid())
	{
		return false;
	}
	if (!Link->RequestRemap(TakeId, Mapping, Error))
	{
		OnTakeFailed.Broadcast(TakeId, Error);
	}
	return true;
}

int32 FMicroExpressionReceiver::NumPending() const
{
	return Link.IsValid() ? Link->GetPendingTakes().Num() : 0;
}

void FMicroExpressionReceiver::SetConnection(EMicroExpressionConnection State, const FText& Sentence)
{
	Connection = State;
	ConnectionText = Sentence;
	if (State == EMicroExpressionConnection::Failed)
	{
		UE_LOG(LogMicroExpression, Error, TEXT("%s"), *Sentence.ToString());
	}
	else
	{
		UE_LOG(LogMicroExpression, Log, TEXT("%s"), *Sentence.ToString());
	}
	OnConnection.Broadcast(State, Sentence);
}

void FMicroExpressionReceiver::Fail(const FText& Sentence)
{
	const TArray<FString> Unanswered = Link->GetPendingTakes();
	Link->Close();
	Link.Reset();
	FTSTicker::GetCoreTicker().RemoveTicker(TickerHandle);
	TickerHandle.Reset();
	ServerInfo.Reset();
	SetConnection(EMicroExpressionConnection::Failed, Sentence);
	for (const FString& TakeId : Unanswered)
	{
		OnTakeFailed.Broadcast(TakeId, Sentence);
	}
}

void FMicroExpressionReceiver::Deal(const FMicroExpressionUpdate& Update)
{
	const TSharedPtr<FMicroExpressionLink> Current = Link;
	switch (Update.Kind)
	{
		case EMicroExpressionUpdate::Welcome:
			Welcome(Update);
			break;
		case EMicroExpressionUpdate::Committed:
			Commit(Update);
			break;
		case EMicroExpressionUpdate::Deleted:
			Touch(Update.TakeId);
			break;
		case EMicroExpressionUpdate::LiveHeader:
			OnLiveHeader.Broadcast(Update.Header);
			break;
		case EMicroExpressionUpdate::LiveFrame:
			OnLiveFrame.Broadcast(Update.Frame);
			break;
		case EMicroExpressionUpdate::LiveEnd:
			OnLiveEnd.Broadcast(Update.SubjectId);
			break;
		case EMicroExpressionUpdate::Lost:
			SetConnection(EMicroExpressionConnection::Connecting, Update.Error);
			break;
		default:
			break;
	}
	// Only now: had dealing with it ended the editor, it would come again. Nor when it stopped the receiver in midst.
	if (Link == Current && Resume.IsValid() && Update.ResumeSequence != 0)
	{
		Resume->Save(Settings.Address, Update.StoreId, Update.ResumeSequence);
	}
}

void FMicroExpressionReceiver::Welcome(const FMicroExpressionUpdate& Update)
{
	if (Update.bReset)
	{
		Takes.Reset();
		bTakesChanged = true;
	}
	FText Error;
	if (!Link->RequestInfo(Error))
	{
		UE_LOG(LogMicroExpression, Warning, TEXT("%s"), *Error.ToString());
	}
	if (Settings.bTakes)
	{
		StartList();
	}
	SetConnection(EMicroExpressionConnection::Connected,
		FText::Format(LOCTEXT("Connected", "Connected to {0}."), FText::FromString(Settings.Address)));
}

void FMicroExpressionReceiver::Commit(const FMicroExpressionUpdate& Update)
{
	Touch(Update.Summary.TakeId);
	AddTake(Update.Summary);
	if (Update.Take.IsSet())
	{
		OnTake.Broadcast(Update.Take.GetValue());
	}
	else if (!Update.Error.IsEmpty())
	{
		OnTakeFailed.Broadcast(Update.Summary.TakeId, Update.Error);
	}
}

void FMicroExpressionReceiver::DealWithAnswer(const FMicroExpressionAnswer& Answer)
{
	switch (Answer.Request)
	{
		case EMicroExpressionRequest::Info:
			if (Answer.Error.IsEmpty())
			{
				ServerInfo = Answer.ServerInfo;
				bTakesChanged = true;
			}
			else
			{
				UE_LOG(LogMicroExpression, Warning, TEXT("%s"), *Answer.Error.ToString());
			}
			break;
		case EMicroExpressionRequest::List:
			ReadPage(Answer);
			break;
		default:
			if (Answer.Error.IsEmpty())
			{
				OnTake.Broadcast(Answer.Take);
			}
			else
			{
				OnTakeFailed.Broadcast(Answer.TakeId, Answer.Error);
			}
			break;
	}
}

void FMicroExpressionReceiver::StartList()
{
	// The subscription tells what has changed since the resume position; the list tells what was there before.
	bListing = true;
	++ListTag;
	Listed.Reset();
	TouchedWhileListing.Reset();
	AskForPage(FString());
}

void FMicroExpressionReceiver::AskForPage(const FString& Page)
{
	FText Error;
	if (!Link->RequestList(Page, ListTag, Error))
	{
		bListing = false;
		UE_LOG(LogMicroExpression, Warning, TEXT("%s"), *Error.ToString());
	}
}

void FMicroExpressionReceiver::ReadPage(const FMicroExpressionAnswer& Answer)
{
	if (Answer.Tag != ListTag)
	{
		return; // of a connection before this one
	}
	if (!Answer.Error.IsEmpty())
	{
		bListing = false;
		UE_LOG(LogMicroExpression, Warning, TEXT("%s"), *Answer.Error.ToString());
		return;
	}
	Listed.Append(Answer.Summaries);
	if (!Answer.NextPage.IsEmpty())
	{
		AskForPage(Answer.NextPage);
		return;
	}
	bListing = false;
	Takes.RemoveAll(
		[this](const FMicroExpressionTakeSummary& Take) { return !HoldsId(TouchedWhileListing, Take.TakeId); });
	for (const FMicroExpressionTakeSummary& Take : Listed)
	{
		if (!HoldsId(TouchedWhileListing, Take.TakeId)
			&& Take.TakeId.StartsWith(Settings.TakeIdPrefix, ESearchCase::CaseSensitive))
		{
			AddTake(Take);
		}
	}
	bTakesChanged = true;
	Listed.Reset();
	TouchedWhileListing.Reset();
}

void FMicroExpressionReceiver::Touch(const FString& TakeId)
{
	if (bListing)
	{
		TouchedWhileListing.Add(TakeId);
	}
	Takes.RemoveAll([&TakeId](const FMicroExpressionTakeSummary& Take) { return IsTake(Take, TakeId); });
	bTakesChanged = true;
}

void FMicroExpressionReceiver::AddTake(const FMicroExpressionTakeSummary& Take)
{
	int32 Index = 0;
	while (Index < Takes.Num() && Takes[Index].Sequence > Take.Sequence)
	{
		++Index;
	}
	Takes.Insert(Take, Index);
	bTakesChanged = true;
}

#undef LOCTEXT_NAMESPACE
