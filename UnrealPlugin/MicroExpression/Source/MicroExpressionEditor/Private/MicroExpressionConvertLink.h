// The core library's handles behind engine types: what the receiver polls. No thread of the core enters here.
#pragma once

#include "CoreMinimal.h"
#include "MicroExpressionTypes.h"

struct microexpr_call;
struct microexpr_client;
struct microexpr_subscription;

enum class EMicroExpressionUpdate : uint8
{
	/** Of a newer server: only ResumeSequence counts. */
	Other,
	/** Connected: StoreId, bReset. */
	Welcome,
	/** Summary, and with content Take or Error. */
	Committed,
	/** TakeId. */
	Deleted,
	LiveHeader,
	LiveFrame,
	/** SubjectId. */
	LiveEnd,
	/** The connection broke and is being made anew: Error. Subjects are gone. */
	Lost
};

/** What happened in the server's store, in order. */
struct FMicroExpressionUpdate
{
	EMicroExpressionUpdate Kind = EMicroExpressionUpdate::Other;
	/** Another store than before: forget what was known. */
	bool bReset = false;
	FString StoreId;
	/** Not 0: to be stored with StoreId once this update is dealt with. */
	uint64 ResumeSequence = 0;
	FString TakeId;
	FMicroExpressionTakeSummary Summary;
	TOptional<FMicroExpressionTake> Take;
	FText Error;
	uint64 SubjectId = 0;
	FMicroExpressionLiveHeader Header;
	FMicroExpressionLiveFrame Frame;
};

enum class EMicroExpressionRequest : uint8
{
	Info,
	List,
	Fetch,
	Remap
};

/** What became of a request. */
struct FMicroExpressionAnswer
{
	EMicroExpressionRequest Request = EMicroExpressionRequest::Info;
	FString TakeId;
	/** Of a list: what RequestList was given. */
	int32 Tag = 0;
	/** Empty when it went well. */
	FText Error;
	FMicroExpressionServerInfo ServerInfo;
	TArray<FMicroExpressionTakeSummary> Summaries;
	/** Of the list's next page; empty on the last one. */
	FString NextPage;
	FMicroExpressionTake Take;
};

enum class EMicroExpressionPoll : uint8
{
	Nothing,
	Something,
	/** For good: GetMessage says why. */
	Ended
};

/** A client, its subscription and its calls. */
class FMicroExpressionLink
{
public:
	/** Null, with a sentence, when the settings cannot work. Sends nothing that it would wait for. */
	static TSharedPtr<FMicroExpressionLink> Open(
		const FMicroExpressionConnectionSettings& Settings, const FString& StoreId, uint64 Since, FText& OutError);
	~FMicroExpressionLink();
	FMicroExpressionLink(const FMicroExpressionLink&) = delete;
	FMicroExpressionLink& operator=(const FMicroExpressionLink&) = delete;

	/** Cancels and joins within 2 s; afterwards every poll says Ended. */
	void Close();

	EMicroExpressionPoll PollUpdate(FMicroExpressionUpdate& OutUpdate);
	/** Why it ended, or why it is not connected now; empty while connected. */
	FText GetMessage() const;

	/** False, with a sentence, when the request itself is wrong. */
	bool RequestInfo(FText& OutError);
	/** Tag comes back with the answer. */
	bool RequestList(const FString& Page, int32 Tag, FText& OutError);
	bool RequestFetch(const FString& TakeId, FText& OutError);
	bool RequestRemap(const FString& TakeId, const FMicroExpressionMapping& Mapping, FText& OutError);
	/** True when a request was answered, in well or in ill. */
	bool PollAnswer(FMicroExpressionAnswer& OutAnswer);
	/** Of Fetch and Remap, those that were not answered. */
	TArray<FString> GetPendingTakes() const;

private:
	struct FRequest
	{
		EMicroExpressionRequest Kind = EMicroExpressionRequest::Info;
		FString TakeId;
		int32 Tag = 0;
		microexpr_call* Call = nullptr;
	};

	FMicroExpressionLink() = default;
	bool Subscribe(
		const FMicroExpressionConnectionSettings& Settings, const FString& StoreId, uint64 Since, FText& OutError);
	bool Keep(int Status, EMicroExpressionRequest Kind, const FString& TakeId, microexpr_call* Call, FText& OutError);
	void ReadAnswer(const FRequest& Request, int Status, FMicroExpressionAnswer& OutAnswer) const;
	void ReadTake(microexpr_call* Call, FMicroExpressionAnswer& OutAnswer) const;

	microexpr_client* Client = nullptr;
	microexpr_subscription* Subscription = nullptr;
	TArray<FRequest> Requests;
};
