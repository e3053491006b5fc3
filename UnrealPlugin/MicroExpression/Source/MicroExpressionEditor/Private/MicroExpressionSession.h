// What the panel does, without a widget: the chosen take, its rig and sliders, imports, sentences for the user.
#pragma once

#include "MicroExpressionAssets.h"
#include "MicroExpressionReceiver.h"
#include "MicroExpressionSettings.h"

/**
 * Game thread only. It asks for one take at a time: a slider moved meanwhile is sent when the answer has come, so that a
 * slow server is never behind by more than one request. Not run in an editor.
 */
class FMicroExpressionSession : public TSharedFromThis<FMicroExpressionSession>
{
public:
	using FItem = TSharedPtr<FMicroExpressionTakeSummary>;
	/** Names of the assets in the way; true: replace them. */
	using FConfirm = TFunction<bool(const TArray<FString>&)>;

	explicit FMicroExpressionSession(TSharedPtr<IMicroExpressionResumeStore> Resume);
	~FMicroExpressionSession();

	FMicroExpressionReceiver& GetReceiver() { return Receiver; }
	void Connect(const FMicroExpressionConnectionSettings& Settings);
	void Disconnect();
	bool IsStarted() const;

	/** Newest first. */
	const TArray<FItem>& GetItems() const { return Items; }
	/** Empty: none. */
	void Select(const FString& TakeId);
	const FMicroExpressionTakeSummary* GetSelected() const;
	/** An empty rig: the take as it was converted, and the other wishes do not count. */
	void SetMapping(const FMicroExpressionMapping& InMapping);
	const FMicroExpressionMapping& GetMapping() const { return Mapping; }

	/** Imports the selected take as it is mapped, now or once it has come. */
	void Import(const FMicroExpressionImportOptions& Options, EMicroExpressionOverwrite Overwrite, FConfirm Confirm);
	bool IsWaiting() const { return bInFlight; }

	/** The last thing that happened, and what to do about it. */
	const FText& GetMessage() const { return Message; }
	/** What is known of the selected take's curves. */
	FText GetCurvesText() const;
	/** Live subjects, for a preview that starts late. */
	const TMap<uint64, FMicroExpressionLiveHeader>& GetLiveHeaders() const { return LiveHeaders; }

	/** Something above has changed. */
	FSimpleMulticastDelegate OnChanged;

	static FText TakeText(const FMicroExpressionTakeSummary& Take);
	static FText EventText(const FMicroExpressionEvent& Event);

private:
	struct FPendingImport
	{
		FMicroExpressionImportOptions Options;
		EMicroExpressionOverwrite Overwrite = EMicroExpressionOverwrite::Ask;
		FConfirm Confirm;
	};

	void Say(const FText& Text);
	void DropPending();
	void Refresh();
	void Ask();
	void RunImport(const FPendingImport& Wanted);
	void HandleTakes();
	void HandleTake(const FMicroExpressionTake& Take);
	void HandleTakeFailed(const FString& TakeId, const FText& Sentence);
	void HandleConnection(EMicroExpressionConnection State, const FText& Sentence);
	void HandleLiveHeader(const FMicroExpressionLiveHeader& Header);
	void HandleLiveEnd(uint64 SubjectId);

	FMicroExpressionReceiver Receiver;
	TArray<FItem> Items;
	FString SelectedId;
	FMicroExpressionMapping Mapping;
	/** The selected take as it is mapped, once it has come. */
	TOptional<FMicroExpressionTake> Current;
	FString InFlightId;
	bool bInFlight = false;
	/** What is in flight is no longer what is wanted. */
	bool bStale = false;
	TOptional<FPendingImport> Pending;
	TMap<uint64, FMicroExpressionLiveHeader> LiveHeaders;
	FText Message;
};
