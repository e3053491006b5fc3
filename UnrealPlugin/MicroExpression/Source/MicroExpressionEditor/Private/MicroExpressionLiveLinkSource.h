// Live frames of a server as Live Link subjects of the basic role.
#pragma once

#include "ILiveLinkSource.h"
#include "MicroExpressionTypes.h"

class FMicroExpressionSession;

/**
 * One source, a subject for each face that is being analysed: names from the header, values frame by frame. Frames come
 * on the game thread. Not run in an editor.
 */
class FMicroExpressionLiveLinkSource : public ILiveLinkSource, public TSharedFromThis<FMicroExpressionLiveLinkSource>
{
public:
	explicit FMicroExpressionLiveLinkSource(const FText& InServer) : Server(InServer) {}

	/** Takes over subjects that are live already, and follows what comes. Delegates hold it weakly. */
	void Follow(FMicroExpressionSession& Session);

	//~ ILiveLinkSource
	virtual void ReceiveClient(ILiveLinkClient* InClient, FGuid InSourceGuid) override;
	virtual bool IsSourceStillValid() const override;
	virtual bool RequestSourceShutdown() override;
	virtual FText GetSourceType() const override;
	virtual FText GetSourceMachineName() const override;
	virtual FText GetSourceStatus() const override;

	void PushHeader(const FMicroExpressionLiveHeader& Header);
	void PushFrame(const FMicroExpressionLiveFrame& Frame);
	void PushEnd(uint64 SubjectId);
	/** Subjects end with the connection: none is announced as ended, and their numbers may come to mean others. */
	void HandleConnection(EMicroExpressionConnection State, const FText& Sentence);

private:
	struct FSubject
	{
		FName Name;
		int32 ValueCount = 0;
		uint64 Dropped = 0;
	};

	ILiveLinkClient* Client = nullptr;
	FGuid SourceGuid;
	FText Server;
	TMap<uint64, FSubject> Subjects;
};
