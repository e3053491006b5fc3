// FMicroExpressionReceiver without a server: linked in the place of the real one. Tests say what comes and see what was
// asked. Everything is delivered by Tick, as by the real one.
#pragma once

#include "MicroExpressionReceiver.h"

struct FFakeServer
{
	TArray<FMicroExpressionTakeSummary> Takes;
	TOptional<FMicroExpressionServerInfo> Info;
	/** "fetch demo", "remap demo arkit fear 0.5" */
	TArray<FString> Asked;
	TArray<FMicroExpressionTake> Answers;
	TArray<TPair<FString, FText>> Failed;
	TArray<FMicroExpressionLiveHeader> Headers;
	TArray<FMicroExpressionLiveFrame> Frames;
	TArray<uint64> Ends;
	EMicroExpressionConnection State = EMicroExpressionConnection::Connected;

	static FFakeServer& Get();
	void Reset() { *this = FFakeServer(); }
	/** Answers the request made last with this many curves of two keys. */
	void Answer(const FString& TakeId, EMicroExpressionTakeOrigin Origin, int32 CurveCount, float Peak = 0.25f);
};
