// Values that Convert, Receiver, Assets and the panel share. Engine types only: nothing of the core library is seen.
#pragma once

#include "CoreMinimal.h"
#include "Curves/RichCurve.h"
#include "Misc/FrameRate.h"

DECLARE_LOG_CATEGORY_EXTERN(LogMicroExpression, Log, All);

/** One micro-expression; seconds from the first frame, OnsetSeconds <= ApexSeconds <= OffsetSeconds. */
struct FMicroExpressionEvent
{
	double OnsetSeconds = 0.0;
	double ApexSeconds = 0.0;
	double OffsetSeconds = 0.0;
	/** 0..1 */
	double Score = 0.0;
	/** The likeliest of the recogniser's labels, or empty. */
	FString Emotion;
	/** "AU12 left"; the subject's side, and nothing for both. */
	TArray<FString> Aus;
};

/** What the list of takes shows. */
struct FMicroExpressionTakeSummary
{
	FString TakeId;
	/** Ekman's name, or empty. */
	FString Emotion;
	/** Of the video, or empty. */
	FString SourceName;
	double DurationSeconds = 0.0;
	int32 CurveCount = 0;
	/** Of the commit in the server's store: a later commit has a greater one. */
	int64 Sequence = 0;
	TArray<FMicroExpressionEvent> Events;
};

/** A control of the rig and its curve. */
struct FMicroExpressionNamedCurve
{
	FName Name;
	FRichCurve Curve;
};

/** Why a take came. */
enum class EMicroExpressionTakeOrigin : uint8
{
	/** Committed on the server, with the subscription. */
	Pushed,
	/** Asked for by Fetch. */
	Fetched,
	/** Rebuilt by the server, asked for by Remap. */
	Remapped
};

/** A whole take: all that an import needs. */
struct FMicroExpressionTake
{
	FMicroExpressionTakeSummary Summary;
	EMicroExpressionTakeOrigin Origin = EMicroExpressionTakeOrigin::Pushed;
	/** The video's, exact: 30000/1001. */
	FFrameRate FrameRate = FFrameRate(30, 1);
	/** HH:MM:SS:FF, or empty. */
	FString StartTimecode;
	TArray<FMicroExpressionNamedCurve> Curves;
};

enum class EMicroExpressionConnection : uint8
{
	/** Not started, or stopped. */
	Disconnected,
	/** Started; no server has answered yet, or the connection broke and is being made anew. */
	Connecting,
	Connected,
	/** Ended for good (wrong token, wrong address): start it again after a change. */
	Failed
};

/** Where the server is. */
struct FMicroExpressionConnectionSettings
{
	/** HOST:PORT. Without TLS only this machine. */
	FString Address = TEXT("127.0.0.1:50551");
	/** Empty: none. */
	FString Token;
	/** PEM file of the root certificate; empty: no TLS. */
	FString TlsRootFile;
	/** Empty: the address must be in the server's certificate. */
	FString TlsServerName;
	/** Only takes whose id begins so; empty: all. */
	FString TakeIdPrefix;
	/** Commits and deletions of takes are announced. */
	bool bTakes = true;
	/** Committed takes come with their curves: OnTake without a Fetch. */
	bool bContent = false;
	/** Live frames come. */
	bool bLive = true;
};

enum class EMicroExpressionKeyMode : uint8
{
	/** The server's choice. */
	Default,
	/** Cubic keys with automatic tangents (the paper's). */
	Auto,
	/** Tangents that keep the spline to float32. */
	Exact
};

/** How the server makes curves of a take's tracks. Empty and unset mean the server's default; a rig must be chosen. */
struct FMicroExpressionMapping
{
	/** One of FMicroExpressionServerInfo::Rigs. */
	FString Rig;
	/** One of FMicroExpressionServerInfo::Emotions. */
	FString Emotion;
	/** 0..1 */
	TOptional<double> Intensity;
	TOptional<double> Gain;
	EMicroExpressionKeyMode KeyMode = EMicroExpressionKeyMode::Default;
	/** Of a curve's own peak, above 0 and at most 0.2. */
	TOptional<double> Tolerance;
};

/** What the server said of itself. */
struct FMicroExpressionServerInfo
{
	FString Version;
	TArray<FString> Rigs;
	TArray<FString> Emotions;
	/** The server analyses videos. */
	bool bAnalysis = false;
};

/** The controls of a live subject, in the order of its frames' values. SubjectId stands for it until it ends. */
struct FMicroExpressionLiveHeader
{
	uint64 SubjectId = 0;
	FString Subject;
	TArray<FName> Names;
};

struct FMicroExpressionLiveFrame
{
	uint64 SubjectId = 0;
	/** Seconds from the video's first frame. */
	double TimeSeconds = 0.0;
	/** When it was sent, seconds since 1970 by the sender's clock. */
	double SentUnixSeconds = 0.0;
	TArray<float> Values;
	/** Frames of this subject that were left out before this one. */
	uint64 Dropped = 0;
};
