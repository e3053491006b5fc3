// Takes and live frames from a server, on the game thread.
#pragma once

#include "Containers/Ticker.h"
#include "CoreMinimal.h"
#include "MicroExpressionTypes.h"
#include "Templates/SharedPointer.h"

class FMicroExpressionLink;
struct FMicroExpressionAnswer;
struct FMicroExpressionUpdate;

/** Where the receiver keeps how far it has got, so that it goes on there after a restart. */
class IMicroExpressionResumeStore
{
public:
	virtual ~IMicroExpressionResumeStore() = default;
	/** False when nothing is known of this address: begin at the beginning. */
	virtual bool Load(const FString& Address, FString& OutStoreId, uint64& OutSequence) = 0;
	virtual void Save(const FString& Address, const FString& StoreId, uint64 Sequence) = 0;
};

DECLARE_MULTICAST_DELEGATE(FMicroExpressionTakesChanged);
DECLARE_MULTICAST_DELEGATE_OneParam(FMicroExpressionTakeArrived, const FMicroExpressionTake& /*Take*/);
DECLARE_MULTICAST_DELEGATE_TwoParams(FMicroExpressionTakeFailed, const FString& /*TakeId*/, const FText& /*Sentence*/);
DECLARE_MULTICAST_DELEGATE_OneParam(FMicroExpressionLiveHeaderArrived, const FMicroExpressionLiveHeader& /*Header*/);
DECLARE_MULTICAST_DELEGATE_OneParam(FMicroExpressionLiveFrameArrived, const FMicroExpressionLiveFrame& /*Frame*/);
DECLARE_MULTICAST_DELEGATE_OneParam(FMicroExpressionLiveEnded, uint64 /*SubjectId*/);
DECLARE_MULTICAST_DELEGATE_TwoParams(
	FMicroExpressionConnectionChanged, EMicroExpressionConnection /*State*/, const FText& /*Sentence*/);

/**
 * Owns the connection. Everything here is called, and every delegate is called back, on the game thread: the core
 * library's threads are polled by a ticker and never enter the engine. Stop before the core library is freed.
 * Delegates may call Fetch, Remap and Stop. Not run in an editor.
 */
class FMicroExpressionReceiver
{
public:
	/** Without a store every Start begins at the beginning. */
	explicit FMicroExpressionReceiver(TSharedPtr<IMicroExpressionResumeStore> InResume = nullptr);
	/** Stops without calling a delegate. */
	~FMicroExpressionReceiver();
	FMicroExpressionReceiver(const FMicroExpressionReceiver&) = delete;
	FMicroExpressionReceiver& operator=(const FMicroExpressionReceiver&) = delete;

	/** Stops what runs and starts anew. False when the settings cannot work: the state is Failed and says why. */
	bool Start(const FMicroExpressionConnectionSettings& Settings);
	/** Ends the connection and joins the core's threads within 2 s. Also done at the engine's pre-exit. */
	void Stop();
	/** One poll: what the ticker calls every frame. Always true: the ticker goes on. */
	bool Tick(float DeltaSeconds);

	EMicroExpressionConnection GetConnection() const { return Connection; }
	/** One sentence for the user about the state. */
	const FText& GetConnectionText() const { return ConnectionText; }
	/** Newest first. */
	const TArray<FMicroExpressionTakeSummary>& GetTakes() const { return Takes; }
	/** Null until the server has answered. */
	const FMicroExpressionServerInfo* GetServerInfo() const { return ServerInfo.GetPtrOrNull(); }

	/** Ask for a take: OnTake or OnTakeFailed follows. False while not started. */
	bool Fetch(const FString& TakeId);
	/** Ask for a take's curves made anew: OnTake or OnTakeFailed follows. False while not started. */
	bool Remap(const FString& TakeId, const FMicroExpressionMapping& Mapping);
	/** Fetch and Remap that have not been answered. */
	int32 NumPending() const;

	/** GetTakes or GetServerInfo has changed. */
	FMicroExpressionTakesChanged OnTakesChanged;
	FMicroExpressionTakeArrived OnTake;
	FMicroExpressionTakeFailed OnTakeFailed;
	FMicroExpressionLiveHeaderArrived OnLiveHeader;
	FMicroExpressionLiveFrameArrived OnLiveFrame;
	FMicroExpressionLiveEnded OnLiveEnd;
	FMicroExpressionConnectionChanged OnConnection;

private:
	void SetConnection(EMicroExpressionConnection State, const FText& Sentence);
	/** The connection has ended for good. */
	void Fail(const FText& Sentence);
	void Deal(const FMicroExpressionUpdate& Update);
	void DealWithAnswer(const FMicroExpressionAnswer& Answer);
	void Welcome(const FMicroExpressionUpdate& Update);
	void Commit(const FMicroExpressionUpdate& Update);
	void StartList();
	void AskForPage(const FString& Page);
	void ReadPage(const FMicroExpressionAnswer& Answer);
	/** What the subscription said of a take: it is newer than what a list says. */
	void Touch(const FString& TakeId);
	void AddTake(const FMicroExpressionTakeSummary& Take);

	TSharedPtr<IMicroExpressionResumeStore> Resume;
	TSharedPtr<FMicroExpressionLink> Link;
	FMicroExpressionConnectionSettings Settings;
	EMicroExpressionConnection Connection = EMicroExpressionConnection::Disconnected;
	FText ConnectionText;
	TArray<FMicroExpressionTakeSummary> Takes;
	bool bTakesChanged = false;
	/** The list that is being read page by page, and the takes that were committed or deleted meanwhile. */
	bool bListing = false;
	int32 ListTag = 0;
	TArray<FMicroExpressionTakeSummary> Listed;
	TArray<FString> TouchedWhileListing;
	TOptional<FMicroExpressionServerInfo> ServerInfo;
	FTSTicker::FDelegateHandle TickerHandle;
	FDelegateHandle PreExitHandle;
};
