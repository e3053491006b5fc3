#include "MicroExpressionSession.h"

#define LOCTEXT_NAMESPACE "MicroExpressionSession"

namespace
{
	/** Ids of takes differ by case, unlike what FString's == says. */
	bool SameId(const FString& A, const FString& B)
	{
		return A.Equals(B, ESearchCase::CaseSensitive);
	}

	// Items that stay are the same objects: a list's selection is one of them.
	TArray<FMicroExpressionSession::FItem> RenewItems(
		const TArray<FMicroExpressionSession::FItem>& Old, const TArray<FMicroExpressionTakeSummary>& Takes)
	{
		TArray<FMicroExpressionSession::FItem> Result;
		for (const FMicroExpressionTakeSummary& Take : Takes)
		{
			const FMicroExpressionSession::FItem* Known = Old.FindByPredicate(
				[&Take](const FMicroExpressionSession::FItem& Item) { return SameId(Item->TakeId, Take.TakeId); });
			Result.Add(
				Known != nullptr ? *Known : FMicroExpressionSession::FItem(MakeShared<FMicroExpressionTakeSummary>()));
			*Result.Last() = Take;
		}
		return Result;
	}

	bool SameWish(const TOptional<double>& A, const TOptional<double>& B)
	{
		return A.IsSet() == B.IsSet() && (!A.IsSet() || A.GetValue() == B.GetValue());
	}

	bool SameWish(const FMicroExpressionMapping& A, const FMicroExpressionMapping& B)
	{
		return A.Rig == B.Rig && A.Emotion == B.Emotion && A.KeyMode == B.KeyMode && SameWish(A.Intensity, B.Intensity)
			&& SameWish(A.Gain, B.Gain) && SameWish(A.Tolerance, B.Tolerance);
	}
}

FMicroExpressionSession::FMicroExpressionSession(TSharedPtr<IMicroExpressionResumeStore> Resume) : Receiver(Resume)
{
	Receiver.OnTakesChanged.AddRaw(this, &FMicroExpressionSession::HandleTakes);
	Receiver.OnTake.AddRaw(this, &FMicroExpressionSession::HandleTake);
	Receiver.OnTakeFailed.AddRaw(this, &FMicroExpressionSession::HandleTakeFailed);
	Receiver.OnConnection.AddRaw(this, &FMicroExpressionSession::HandleConnection);
	Receiver.OnLiveHeader.AddRaw(this, &FMicroExpressionSession::HandleLiveHeader);
	Receiver.OnLiveEnd.AddRaw(this, &FMicroExpressionSession::HandleLiveEnd);
}

FMicroExpressionSession::~FMicroExpressionSession()
{
	Receiver.OnTakesChanged.RemoveAll(this);
	Receiver.OnTake.RemoveAll(this);
	Receiver.OnTakeFailed.RemoveAll(this);
	Receiver.OnConnection.RemoveAll(this);
	Receiver.OnLiveHeader.RemoveAll(this);
	Receiver.OnLiveEnd.RemoveAll(this);
	Receiver.Stop();
}

void FMicroExpressionSession::Connect(const FMicroExpressionConnectionSettings& Settings)
{
	Disconnect();
	Message = FText();
	Receiver.Start(Settings);
	OnChanged.Broadcast();
}

void FMicroExpressionSession::Disconnect()
{
	Receiver.Stop();
	bInFlight = false;
	bStale = false;
	Current.Reset();
	Pending.Reset();
	LiveHeaders.Empty();
	OnChanged.Broadcast();
}

bool FMicroExpressionSession::IsStarted() const
{
	const EMicroExpressionConnection State = Receiver.GetConnection();
	return State == EMicroExpressionConnection::Connecting || State == EMicroExpressionConnection::Connected;
}

void FMicroExpressionSession::Select(const FString& TakeId)
{
	if (SameId(SelectedId, TakeId))
	{
		return;
	}
	SelectedId = TakeId;
	DropPending();
	Refresh();
}

const FMicroExpressionTakeSummary* FMicroExpressionSession::GetSelected() const
{
	for (const FItem& Item : Items)
	{
		if (SameId(Item->TakeId, SelectedId))
		{
			return Item.Get();
		}
	}
	return nullptr;
}

void FMicroExpressionSession::SetMapping(const FMicroExpressionMapping& InMapping)
{
	if (SameWish(Mapping, InMapping))
	{
		return;
	}
	Mapping = InMapping;
	DropPending();
	Refresh();
}

void FMicroExpressionSession::DropPending()
{
	if (Pending.IsSet())
	{
		Pending.Reset();
		Message = LOCTEXT("Dropped", "The choice was changed before the take came: press Import again.");
	}
}

void FMicroExpressionSession::Refresh()
{
	Current.Reset();
	if (bInFlight)
	{
		bStale = true;
	}
	else
	{
		Ask();
	}
	OnChanged.Broadcast();
}

void FMicroExpressionSession::Ask()
{
	bStale = false;
	if (GetSelected() == nullptr)
	{
		return;
	}
	InFlightId = SelectedId;
	bInFlight = Mapping.Rig.IsEmpty() ? Receiver.Fetch(SelectedId) : Receiver.Remap(SelectedId, Mapping);
}

void FMicroExpressionSession::Import(
	const FMicroExpressionImportOptions& Options, EMicroExpressionOverwrite Overwrite, FConfirm Confirm)
{
	FPendingImport Wanted;
	Wanted.Options = Options;
	Wanted.Overwrite = Overwrite;
	Wanted.Confirm = Confirm;
	if (!IsStarted() && !Current.IsSet())
	{
		Say(LOCTEXT("NotConnected", "Connect to the server first: the take's curves are there."));
	}
	else if (GetSelected() == nullptr)
	{
		Say(LOCTEXT("NoTake", "Choose a take in the list first."));
	}
	else if (Current.IsSet())
	{
		RunImport(Wanted);
	}
	else
	{
		if (!bInFlight)
		{
			Ask();
		}
		if (bInFlight)
		{
			Pending = Wanted;
			Say(LOCTEXT("Waiting", "Waiting for the take; it is imported as soon as it has come."));
		}
		else
		{
			Say(LOCTEXT("NotAsked", "The server could not be asked for the take; look at the connection above."));
		}
	}
}

void FMicroExpressionSession::RunImport(const FPendingImport& Wanted)
{
	FMicroExpressionImportOptions Options = Wanted.Options;
	Options.bOverwrite = Wanted.Overwrite == EMicroExpressionOverwrite::Always;
	const FMicroExpressionTake& Take = Current.GetValue();
	const TArray<FString> Existing = MicroExpressionAssets::ExistingAssets(Take, Options);
	if (Existing.Num() > 0 && Wanted.Overwrite == EMicroExpressionOverwrite::Ask && Wanted.Confirm)
	{
		Options.bOverwrite = Wanted.Confirm(Existing);
		if (!Options.bOverwrite)
		{
			Say(LOCTEXT("NotReplaced", "Nothing was imported: the assets that are there were kept."));
			return;
		}
	}
	const FMicroExpressionImportResult Result = MicroExpressionAssets::Import(Take, Options);
	if (!Result.Error.IsEmpty())
	{
		Say(Result.Error);
	}
	else if (Result.bCancelled)
	{
		Say(Result.Assets.IsEmpty()
				? LOCTEXT("CancelledEmpty", "The import was cancelled: nothing was written.")
				: FText::Format(LOCTEXT("Cancelled",
									"The import was cancelled: {0} assets in {1} were written and are not saved; save "
									"them in the Content Browser, or import again."),
					Result.Assets.Num(),
					FText::FromString(MicroExpressionAssets::TakeFolder(Options, Take.Summary.TakeId))));
	}
	else
	{
		Say(FText::Format(LOCTEXT("Imported", "{0}: {1} assets in {2}."), FText::FromString(Take.Summary.TakeId),
			Result.Assets.Num(), FText::FromString(MicroExpressionAssets::TakeFolder(Options, Take.Summary.TakeId))));
	}
}

void FMicroExpressionSession::HandleTakes()
{
	const FMicroExpressionTakeSummary* Before = GetSelected();
	const bool bHad = Before != nullptr;
	const int64 OldSequence = bHad ? Before->Sequence : 0;
	Items = RenewItems(Items, Receiver.GetTakes());
	const FMicroExpressionTakeSummary* After = GetSelected();
	// A list that is empty because the connection was closed says nothing about the take: the choice is kept.
	if (bHad && After == nullptr && IsStarted())
	{
		Pending.Reset();
		Current.Reset();
		Message = FText::Format(
			LOCTEXT("Gone", "{0} was deleted on the server; choose another take."), FText::FromString(SelectedId));
		SelectedId.Empty();
	}
	else if (After != nullptr && After->Sequence != OldSequence)
	{
		Refresh();
	}
	OnChanged.Broadcast();
}

void FMicroExpressionSession::HandleTake(const FMicroExpressionTake& Take)
{
	if (Take.Origin == EMicroExpressionTakeOrigin::Pushed || !bInFlight || !SameId(Take.Summary.TakeId, InFlightId))
	{
		return;
	}
	bInFlight = false;
	if (bStale)
	{
		Ask();
	}
	else
	{
		Current = Take;
		if (Pending.IsSet())
		{
			const FPendingImport Wanted = Pending.GetValue();
			Pending.Reset();
			RunImport(Wanted);
		}
	}
	OnChanged.Broadcast();
}

void FMicroExpressionSession::HandleTakeFailed(const FString& TakeId, const FText& Sentence)
{
	if (!bInFlight || !SameId(TakeId, InFlightId))
	{
		return;
	}
	bInFlight = false;
	if (bStale)
	{
		Ask();
	}
	else
	{
		Pending.Reset();
		Message = Sentence;
	}
	OnChanged.Broadcast();
}

void FMicroExpressionSession::HandleConnection(EMicroExpressionConnection State, const FText& /*Sentence*/)
{
	if (State != EMicroExpressionConnection::Connected)
	{
		LiveHeaders.Empty();
	}
	else if (!Current.IsSet() && !bInFlight)
	{
		Ask();
	}
	OnChanged.Broadcast();
}

void FMicroExpressionSession::HandleLiveHeader(const FMicroExpressionLiveHeader& Header)
{
	LiveHeaders.Add(Header.SubjectId, Header);
	OnChanged.Broadcast();
}

void FMicroExpressionSession::HandleLiveEnd(uint64 SubjectId)
{
	LiveHeaders.Remove(SubjectId);
	OnChanged.Broadcast();
}

void FMicroExpressionSession::Say(const FText& Text)
{
	Message = Text;
	UE_LOG(LogMicroExpression, Log, TEXT("%s"), *Text.ToString());
	OnChanged.Broadcast();
}

FText FMicroExpressionSession::GetCurvesText() const
{
	if (!Current.IsSet())
	{
		return bInFlight ? LOCTEXT("Fetching", "Fetching the curves...") : FText();
	}
	int32 KeyCount = 0;
	float Peak = 0.0f;
	FName Strongest;
	for (const FMicroExpressionNamedCurve& Named : Current.GetValue().Curves)
	{
		for (const FRichCurveKey& Key : Named.Curve.GetConstRefOfKeys())
		{
			++KeyCount;
			if (FMath::Abs(Key.Value) > Peak)
			{
				Peak = FMath::Abs(Key.Value);
				Strongest = Named.Name;
			}
		}
	}
	const FText Counts =
		FText::Format(LOCTEXT("Counts", "{0} curves, {1} keys"), Current.GetValue().Curves.Num(), KeyCount);
	if (Peak <= 0.0f)
	{
		return FText::Format(LOCTEXT("AtRest", "{0}; all at rest."), Counts);
	}
	return FText::Format(LOCTEXT("Peak", "{0}; strongest {1} at {2}."), Counts, FText::FromName(Strongest),
		FText::FromString(FString::Printf(TEXT("%.2f"), Peak)));
}

FText FMicroExpressionSession::TakeText(const FMicroExpressionTakeSummary& Take)
{
	const FText Emotion = Take.Emotion.IsEmpty() ? LOCTEXT("NoEmotion", "no emotion") : FText::FromString(Take.Emotion);
	return FText::Format(LOCTEXT("Take", "{0}: {1}, {2} events, {3} s, {4} curves"), FText::FromString(Take.TakeId),
		Emotion, Take.Events.Num(), FText::FromString(FString::Printf(TEXT("%.1f"), Take.DurationSeconds)),
		Take.CurveCount);
}

FText FMicroExpressionSession::EventText(const FMicroExpressionEvent& Event)
{
	const FString Emotion = Event.Emotion.IsEmpty() ? FString(TEXT("?")) : Event.Emotion;
	return FText::FromString(
		FString::Printf(TEXT("%.2f s to %.2f s, apex %.2f s: %s (%s), score %.2f"), Event.OnsetSeconds,
			Event.OffsetSeconds, Event.ApexSeconds, *Emotion, *FString::Join(Event.Aus, TEXT(", ")), Event.Score));
}

#undef LOCTEXT_NAMESPACE
