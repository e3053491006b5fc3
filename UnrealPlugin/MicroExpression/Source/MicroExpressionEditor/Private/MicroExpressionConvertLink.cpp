// Handles of the core library: connecting, polling, asking.
#include "MicroExpressionConvertLink.h"

#include <limits>

#include "MicroExpressionConvert.h"
#include "Misc/FileHelper.h"

THIRD_PARTY_INCLUDES_START
#include "microexpr_core.h"
THIRD_PARTY_INCLUDES_END

#define LOCTEXT_NAMESPACE "MicroExpression"

namespace
{
	/** Of a list: a few hundred summaries are read within one frame. */
	constexpr uint32 PageSize = 200;

	using MicroExpressionConvert::FromUtf8;

	FText TextFromUtf8(const char* Utf8)
	{
		return FText::FromString(FromUtf8(Utf8));
	}

	/** A string for the core, which takes null for "none". */
	class FOptionalUtf8
	{
	public:
		explicit FOptionalUtf8(const FString& Text) : Utf8(*Text), bNone(Text.IsEmpty()) {}
		const char* Get() const { return bNone ? nullptr : Utf8.Get(); }

	private:
		FTCHARToUTF8 Utf8;
		bool bNone;
	};

	EMicroExpressionUpdate ToKind(int32 Kind)
	{
		switch (Kind)
		{
			case MICROEXPR_UPDATE_WELCOME:
				return EMicroExpressionUpdate::Welcome;
			case MICROEXPR_UPDATE_COMMITTED:
				return EMicroExpressionUpdate::Committed;
			case MICROEXPR_UPDATE_DELETED:
				return EMicroExpressionUpdate::Deleted;
			case MICROEXPR_UPDATE_LIVE_HEADER:
				return EMicroExpressionUpdate::LiveHeader;
			case MICROEXPR_UPDATE_LIVE_FRAME:
				return EMicroExpressionUpdate::LiveFrame;
			case MICROEXPR_UPDATE_LIVE_END:
				return EMicroExpressionUpdate::LiveEnd;
			case MICROEXPR_UPDATE_LOST:
				return EMicroExpressionUpdate::Lost;
			default:
				return EMicroExpressionUpdate::Other;
		}
	}

	/** What a take does not know of itself. The rest of the summary it knows better: remapped, it has other curves. */
	void Identify(
		FMicroExpressionTake& Take, const FMicroExpressionTakeSummary& Summary, EMicroExpressionTakeOrigin Origin)
	{
		Take.Origin = Origin;
		Take.Summary.TakeId = Summary.TakeId;
		Take.Summary.Emotion = Summary.Emotion;
		Take.Summary.SourceName = Summary.SourceName;
		Take.Summary.Sequence = Summary.Sequence;
	}

	void ReadCommit(const microexpr_update& From, FMicroExpressionUpdate& Update)
	{
		Update.Summary = MicroExpressionConvert::ToSummary(From.summary);
		if (From.take_status != MICROEXPR_OK)
		{
			Update.Error = TextFromUtf8(From.message);
		}
		else if (From.take)
		{
			FMicroExpressionTake Take;
			if (MicroExpressionConvert::ToTake(From.take, Take, Update.Error))
			{
				Identify(Take, Update.Summary, EMicroExpressionTakeOrigin::Pushed);
				Update.Take = MoveTemp(Take);
			}
		}
	}

	void ReadLive(const microexpr_update& From, FMicroExpressionUpdate& Update)
	{
		Update.SubjectId = Update.Header.SubjectId = Update.Frame.SubjectId = From.subject_id;
		Update.Header.Subject = FromUtf8(From.subject);
		for (size_t Index = 0; Index < From.name_count; ++Index)
		{
			// Live Link takes any name; one that FName cannot hold has no value to anybody.
			const FString Name = FromUtf8(From.names[Index]);
			Update.Header.Names.Add(Name.Len() < NAME_SIZE ? FName(*Name) : FName());
		}
		Update.Frame.TimeSeconds = From.time_s;
		Update.Frame.SentUnixSeconds = From.sent_unix_s;
		Update.Frame.Dropped = From.dropped;
		Update.Frame.Values = TArray<float>(From.values, static_cast<int32>(From.value_count));
	}

	FMicroExpressionServerInfo ToServerInfo(const microexpr_server_info& Info)
	{
		FMicroExpressionServerInfo Result;
		Result.Version = FromUtf8(Info.server_version);
		Result.bAnalysis = Info.analysis != 0;
		for (size_t Index = 0; Index < Info.rig_count; ++Index)
		{
			Result.Rigs.Add(FromUtf8(Info.rigs[Index]));
		}
		for (size_t Index = 0; Index < Info.emotion_count; ++Index)
		{
			Result.Emotions.Add(FromUtf8(Info.emotions[Index]));
		}
		return Result;
	}

	int32 ToKeyMode(EMicroExpressionKeyMode Mode)
	{
		return Mode == EMicroExpressionKeyMode::Auto ? MICROEXPR_KEY_MODE_AUTO
			: Mode == EMicroExpressionKeyMode::Exact ? MICROEXPR_KEY_MODE_EXACT
													 : MICROEXPR_KEY_MODE_DEFAULT;
	}
}

TSharedPtr<FMicroExpressionLink> FMicroExpressionLink::Open(
	const FMicroExpressionConnectionSettings& Settings, const FString& StoreId, uint64 Since, FText& OutError)
{
	FString Pem;
	if (!Settings.TlsRootFile.IsEmpty() && !FFileHelper::LoadFileToString(Pem, *Settings.TlsRootFile))
	{
		OutError =
			FText::Format(LOCTEXT("NoPem", "{0} cannot be read: choose the PEM file of the server's root certificate."),
				FText::FromString(Settings.TlsRootFile));
		return nullptr;
	}
	const FTCHARToUTF8 Address(*Settings.Address);
	const FOptionalUtf8 Root(Pem), ServerName(Settings.TlsServerName), Token(Settings.Token);
	microexpr_client_options Options;
	MICROEXPR_INIT(&Options);
	Options.address = Address.Get();
	Options.tls_root_pem = Root.Get();
	Options.tls_server_name = ServerName.Get();
	Options.token = Token.Get();
	Options.client_name = "Unreal";
	const TSharedPtr<FMicroExpressionLink> Link = MakeShareable(new FMicroExpressionLink);
	if (microexpr_client_create(&Options, &Link->Client) != MICROEXPR_OK)
	{
		OutError = TextFromUtf8(microexpr_last_message());
		return nullptr;
	}
	if (!Link->Subscribe(Settings, StoreId, Since, OutError))
	{
		return nullptr;
	}
	return Link;
}

bool FMicroExpressionLink::Subscribe(
	const FMicroExpressionConnectionSettings& Settings, const FString& StoreId, uint64 Since, FText& OutError)
{
	const FOptionalUtf8 Store(StoreId), Prefix(Settings.TakeIdPrefix);
	microexpr_subscribe_options Options;
	MICROEXPR_INIT(&Options);
	Options.store_id = Store.Get();
	Options.since_sequence = StoreId.IsEmpty() ? 0 : Since;
	Options.takes = Settings.bTakes;
	Options.live = Settings.bLive;
	Options.content = Settings.bContent;
	Options.take_id_prefix = Prefix.Get();
	if (microexpr_subscribe(Client, &Options, &Subscription) != MICROEXPR_OK)
	{
		OutError = TextFromUtf8(microexpr_last_message());
		return false;
	}
	return true;
}

FMicroExpressionLink::~FMicroExpressionLink()
{
	Close();
}

void FMicroExpressionLink::Close()
{
	for (const FRequest& Request : Requests)
	{
		microexpr_call_cancel(Request.Call); // all at once, so that joining one after the other is quick
	}
	for (const FRequest& Request : Requests)
	{
		microexpr_call_destroy(Request.Call);
	}
	Requests.Reset();
	microexpr_subscription_destroy(Subscription);
	microexpr_client_destroy(Client);
	Subscription = nullptr;
	Client = nullptr;
}

EMicroExpressionPoll FMicroExpressionLink::PollUpdate(FMicroExpressionUpdate& OutUpdate)
{
	microexpr_update From;
	MICROEXPR_INIT(&From);
	const int Status = Subscription ? microexpr_subscription_poll(Subscription, &From) : MICROEXPR_CANCELLED;
	if (Status != MICROEXPR_OK)
	{
		return Status == MICROEXPR_PENDING ? EMicroExpressionPoll::Nothing : EMicroExpressionPoll::Ended;
	}
	OutUpdate = FMicroExpressionUpdate();
	OutUpdate.Kind = ToKind(From.kind);
	OutUpdate.bReset = From.reset != 0;
	OutUpdate.StoreId = FromUtf8(From.store_id);
	OutUpdate.ResumeSequence = From.resume_sequence;
	OutUpdate.TakeId = FromUtf8(From.take_id);
	switch (OutUpdate.Kind)
	{
		case EMicroExpressionUpdate::Committed:
			ReadCommit(From, OutUpdate);
			break;
		case EMicroExpressionUpdate::LiveHeader:
		case EMicroExpressionUpdate::LiveFrame:
		case EMicroExpressionUpdate::LiveEnd:
			ReadLive(From, OutUpdate);
			break;
		default:
			OutUpdate.Error = TextFromUtf8(From.message);
			break;
	}
	return EMicroExpressionPoll::Something;
}

FText FMicroExpressionLink::GetMessage() const
{
	return Subscription ? TextFromUtf8(microexpr_subscription_message(Subscription)) : FText::GetEmpty();
}

bool FMicroExpressionLink::Keep(
	int Status, EMicroExpressionRequest Kind, const FString& TakeId, microexpr_call* Call, FText& OutError)
{
	if (Status != MICROEXPR_OK)
	{
		OutError = TextFromUtf8(microexpr_last_message());
		return false;
	}
	FRequest& Request = Requests.AddDefaulted_GetRef();
	Request.Kind = Kind;
	Request.TakeId = TakeId;
	Request.Call = Call;
	return true;
}

bool FMicroExpressionLink::RequestInfo(FText& OutError)
{
	microexpr_call* Call = nullptr;
	const int Status = microexpr_start_info(Client, &Call);
	return Keep(Status, EMicroExpressionRequest::Info, FString(), Call, OutError);
}

bool FMicroExpressionLink::RequestList(const FString& Page, int32 Tag, FText& OutError)
{
	const FOptionalUtf8 Token(Page);
	microexpr_list_options Options;
	MICROEXPR_INIT(&Options);
	Options.page_size = PageSize;
	Options.page_token = Token.Get();
	microexpr_call* Call = nullptr;
	const int Status = microexpr_start_list(Client, &Options, &Call);
	if (!Keep(Status, EMicroExpressionRequest::List, FString(), Call, OutError))
	{
		return false;
	}
	Requests.Last().Tag = Tag;
	return true;
}

bool FMicroExpressionLink::RequestFetch(const FString& TakeId, FText& OutError)
{
	const FTCHARToUTF8 Id(*TakeId);
	microexpr_call* Call = nullptr;
	const int Status = microexpr_start_fetch(Client, Id.Get(), &Call);
	return Keep(Status, EMicroExpressionRequest::Fetch, TakeId, Call, OutError);
}

bool FMicroExpressionLink::RequestRemap(const FString& TakeId, const FMicroExpressionMapping& Mapping, FText& OutError)
{
	constexpr double ServersChoice = std::numeric_limits<double>::quiet_NaN();
	const FTCHARToUTF8 Id(*TakeId);
	const FOptionalUtf8 Rig(Mapping.Rig), Emotion(Mapping.Emotion);
	microexpr_mapping Options;
	MICROEXPR_INIT(&Options);
	Options.rig = Rig.Get();
	Options.emotion = Emotion.Get();
	Options.intensity = Mapping.Intensity.Get(ServersChoice);
	Options.gain = Mapping.Gain.Get(ServersChoice);
	Options.tolerance = Mapping.Tolerance.Get(ServersChoice);
	Options.key_mode = ToKeyMode(Mapping.KeyMode);
	microexpr_call* Call = nullptr;
	const int Status = microexpr_start_remap(Client, Id.Get(), &Options, &Call);
	return Keep(Status, EMicroExpressionRequest::Remap, TakeId, Call, OutError);
}

bool FMicroExpressionLink::PollAnswer(FMicroExpressionAnswer& OutAnswer)
{
	for (int32 Index = 0; Index < Requests.Num(); ++Index)
	{
		const FRequest Request = Requests[Index];
		const int Status = microexpr_call_poll(Request.Call, nullptr);
		if (Status == MICROEXPR_PENDING)
		{
			continue;
		}
		Requests.RemoveAt(Index);
		OutAnswer = FMicroExpressionAnswer();
		ReadAnswer(Request, Status, OutAnswer);
		microexpr_call_destroy(Request.Call);
		return true;
	}
	return false;
}

void FMicroExpressionLink::ReadAnswer(const FRequest& Request, int Status, FMicroExpressionAnswer& OutAnswer) const
{
	OutAnswer.Request = Request.Kind;
	OutAnswer.TakeId = Request.TakeId;
	OutAnswer.Tag = Request.Tag;
	if (Status != MICROEXPR_OK)
	{
		OutAnswer.Error = TextFromUtf8(microexpr_call_message(Request.Call));
		return;
	}
	if (Request.Kind == EMicroExpressionRequest::Info)
	{
		microexpr_server_info Info;
		MICROEXPR_INIT(&Info);
		if (microexpr_call_get_info(Request.Call, &Info) == MICROEXPR_OK)
		{
			OutAnswer.ServerInfo = ToServerInfo(Info);
		}
		return;
	}
	microexpr_take_summary Summary;
	MICROEXPR_INIT(&Summary);
	for (size_t Position = 0; microexpr_call_get_summary(Request.Call, Position, &Summary) == MICROEXPR_OK; ++Position)
	{
		OutAnswer.Summaries.Add(MicroExpressionConvert::ToSummary(Summary));
	}
	if (Request.Kind == EMicroExpressionRequest::List)
	{
		const char* Page = "";
		if (microexpr_call_get_page_token(Request.Call, &Page) == MICROEXPR_OK)
		{
			OutAnswer.NextPage = FromUtf8(Page);
		}
		return;
	}
	ReadTake(Request.Call, OutAnswer);
}

void FMicroExpressionLink::ReadTake(microexpr_call* Call, FMicroExpressionAnswer& OutAnswer) const
{
	microexpr_take* Take = nullptr;
	if (microexpr_call_get_take(Call, &Take) != MICROEXPR_OK || OutAnswer.Summaries.IsEmpty())
	{
		OutAnswer.Error =
			LOCTEXT("NoTake", "The server answered without a take: update the older one of server and plugin.");
		microexpr_take_release(Take);
		return;
	}
	if (MicroExpressionConvert::ToTake(Take, OutAnswer.Take, OutAnswer.Error))
	{
		const bool bRemapped = OutAnswer.Request == EMicroExpressionRequest::Remap;
		Identify(OutAnswer.Take, OutAnswer.Summaries[0],
			bRemapped ? EMicroExpressionTakeOrigin::Remapped : EMicroExpressionTakeOrigin::Fetched);
	}
	microexpr_take_release(Take);
}

TArray<FString> FMicroExpressionLink::GetPendingTakes() const
{
	TArray<FString> Ids;
	for (const FRequest& Request : Requests)
	{
		if (!Request.TakeId.IsEmpty())
		{
			Ids.Add(Request.TakeId);
		}
	}
	return Ids;
}

#undef LOCTEXT_NAMESPACE
