// Values of the core library as values of the engine. Copied field by field: the layouts are nobody's promise.
#include "MicroExpressionConvert.h"

THIRD_PARTY_INCLUDES_START
#include "microexpr_core.h"
THIRD_PARTY_INCLUDES_END

#define LOCTEXT_NAMESPACE "MicroExpression"

namespace
{
	/** FName ends the program on more; rows of the dictionary add "_k00001", and some engine text its own. */
	constexpr int32 MaxNameLength = NAME_SIZE - 64;

	bool ToName(const char* Utf8, FName& OutName, FText& OutError)
	{
		const FString Text = MicroExpressionConvert::FromUtf8(Utf8);
		OutName = Text.Len() <= MaxNameLength ? FName(*Text) : FName();
		if (!OutName.IsNone())
		{
			return true;
		}
		OutError = FText::Format(
			LOCTEXT("NoName", "A control named \"{0}\" cannot be imported: rename it in the rig mapping."),
			FText::FromString(Text.Left(40)));
		return false;
	}

	bool IsFiniteKey(const microexpr_key& Key)
	{
		return FMath::IsFinite(Key.time) && FMath::IsFinite(Key.value) && FMath::IsFinite(Key.arrive_tangent)
			&& FMath::IsFinite(Key.arrive_tangent_weight) && FMath::IsFinite(Key.leave_tangent)
			&& FMath::IsFinite(Key.leave_tangent_weight);
	}

	bool ToKey(const microexpr_key& Key, FRichCurveKey& OutKey)
	{
		if (!IsFiniteKey(Key) || Key.interp_mode > MICROEXPR_RCIM_NONE || Key.tangent_mode > MICROEXPR_RCTM_SMART_AUTO
			|| Key.tangent_weight_mode > MICROEXPR_RCTWM_BOTH)
		{
			return false;
		}
		OutKey.InterpMode = static_cast<ERichCurveInterpMode>(Key.interp_mode);
		OutKey.TangentMode = static_cast<ERichCurveTangentMode>(Key.tangent_mode);
		OutKey.TangentWeightMode = static_cast<ERichCurveTangentWeightMode>(Key.tangent_weight_mode);
		OutKey.Time = Key.time;
		OutKey.Value = Key.value;
		OutKey.ArriveTangent = Key.arrive_tangent;
		OutKey.ArriveTangentWeight = Key.arrive_tangent_weight;
		OutKey.LeaveTangent = Key.leave_tangent;
		OutKey.LeaveTangentWeight = Key.leave_tangent_weight;
		if (Key.tangent_mode == MICROEXPR_RCTM_SMART_AUTO)
		{
			// Its formula is the engine's own and differs by version: the tangents that came with it stay as they are.
			OutKey.TangentMode = Key.arrive_tangent == Key.leave_tangent ? RCTM_User : RCTM_Break;
		}
		return true;
	}

	FString AuName(const microexpr_activation& Activation)
	{
		const TCHAR* Side = Activation.side == MICROEXPR_SIDE_LEFT ? TEXT(" left")
			: Activation.side == MICROEXPR_SIDE_RIGHT              ? TEXT(" right")
																   : TEXT("");
		return FString::Printf(TEXT("AU%u%s"), Activation.au, Side);
	}

	TArray<FMicroExpressionEvent> ToEvents(const microexpr_event* Events, size_t Count)
	{
		TArray<FMicroExpressionEvent> Result;
		for (size_t Index = 0; Index < Count; ++Index)
		{
			const microexpr_event& From = Events[Index];
			FMicroExpressionEvent& Event = Result.AddDefaulted_GetRef();
			Event.OnsetSeconds = From.onset_s;
			Event.ApexSeconds = From.apex_s;
			Event.OffsetSeconds = From.offset_s;
			Event.Score = From.score;
			Event.Emotion = MicroExpressionConvert::FromUtf8(From.emotion);
			for (size_t Au = 0; Au < From.activation_count; ++Au)
			{
				Event.Aus.Add(AuName(From.activations[Au]));
			}
		}
		return Result;
	}

	bool IsExtrapolation(int32 Mode)
	{
		return Mode >= MICROEXPR_RCCE_CYCLE && Mode <= MICROEXPR_RCCE_NONE;
	}
}

namespace MicroExpressionConvert
{
	FString FromUtf8(const char* Utf8)
	{
		return FString(UTF8_TO_TCHAR(Utf8));
	}

	bool ToCurve(const microexpr_curve& Curve, FRichCurve& OutCurve, FText& OutError)
	{
		TArray<FRichCurveKey> Keys;
		Keys.Reserve(static_cast<int32>(Curve.key_count));
		for (size_t Index = 0; Index < Curve.key_count; ++Index)
		{
			FRichCurveKey Key;
			if (!ToKey(Curve.keys[Index], Key) || (!Keys.IsEmpty() && Key.Time < Keys.Last().Time))
			{
				OutError = FText::Format(
					LOCTEXT("BadKey", "Key {0} of {1} cannot be read: update the plugin or convert the video again."),
					static_cast<int32>(Index), FText::FromString(FromUtf8(Curve.name)));
				return false;
			}
			Keys.Add(Key);
		}
		if (!IsExtrapolation(Curve.pre_infinity) || !IsExtrapolation(Curve.post_infinity))
		{
			OutError = FText::Format(
				LOCTEXT("BadExtrapolation", "{0} goes on beyond its ends in an unknown way: update the plugin."),
				FText::FromString(FromUtf8(Curve.name)));
			return false;
		}
		OutCurve.PreInfinityExtrap = static_cast<ERichCurveExtrapolation>(Curve.pre_infinity);
		OutCurve.PostInfinityExtrap = static_cast<ERichCurveExtrapolation>(Curve.post_infinity);
		OutCurve.DefaultValue = Curve.has_default_value ? Curve.default_value : MAX_FLT;
		SetCurveKeys(OutCurve, Keys);
		return true;
	}

	FMicroExpressionTakeSummary ToSummary(const microexpr_take_summary& Summary)
	{
		FMicroExpressionTakeSummary Result;
		Result.TakeId = FromUtf8(Summary.take_id);
		Result.Emotion = FromUtf8(Summary.emotion);
		Result.SourceName = FromUtf8(Summary.source_name);
		Result.DurationSeconds = Summary.duration_s;
		Result.CurveCount = static_cast<int32>(Summary.curve_count);
		Result.Sequence = static_cast<int64>(Summary.sequence);
		Result.Events = ToEvents(Summary.events, Summary.event_count);
		return Result;
	}

	bool ToTake(const microexpr_take* Take, FMicroExpressionTake& OutTake, FText& OutError)
	{
		microexpr_take_info Info;
		MICROEXPR_INIT(&Info);
		if (microexpr_take_get_info(Take, &Info) != MICROEXPR_OK || Info.frame_rate_num > static_cast<uint32>(MAX_int32)
			|| Info.frame_rate_den > static_cast<uint32>(MAX_int32))
		{
			OutError = LOCTEXT("BadTake", "The take cannot be read: update the plugin or convert the video again.");
			return false;
		}
		OutTake.FrameRate = FFrameRate(Info.frame_rate_num, Info.frame_rate_den);
		OutTake.StartTimecode = FromUtf8(Info.start_timecode);
		OutTake.Summary.DurationSeconds = Info.duration_s;
		OutTake.Summary.CurveCount = static_cast<int32>(Info.curve_count);
		OutTake.Summary.Events = ToEvents(Info.events, Info.event_count);
		OutTake.Curves.Reset();
		OutTake.Curves.Reserve(OutTake.Summary.CurveCount);
		microexpr_curve Curve;
		MICROEXPR_INIT(&Curve);
		for (size_t Position = 0; microexpr_take_get_curve(Take, Position, &Curve) == MICROEXPR_OK; ++Position)
		{
			FMicroExpressionNamedCurve& Named = OutTake.Curves.AddDefaulted_GetRef();
			if (!ToName(Curve.name, Named.Name, OutError) || !ToCurve(Curve, Named.Curve, OutError))
			{
				return false;
			}
		}
		return true;
	}
}

#undef LOCTEXT_NAMESPACE
