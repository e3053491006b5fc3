"""What is said of a take without its content: made from its outline for the wire, and read back from the wire."""

from dataclasses import dataclass

from curves.emotion import strongest_emotion
from curves.errors import FormatError
from curves.values import AUActivation, Emotion, EmotionEstimate, Event, Take
from unreal_bridge.convert import event_message
from unreal_bridge.wire import SIDES, pb

#: Most events that a summary holds.
MAX_EVENTS = 32
_MAX_NAME = 256


@dataclass(frozen=True)
class TakeInfo:
    """A take in the store. ``emotion`` (Ekman's name) and ``source_name`` may be empty; ``events`` are at most 32."""

    take_id: str
    sha256: str
    sequence: int
    duration_s: float
    curve_count: int
    event_count: int
    content_bytes: int
    emotion: str
    source_name: str
    events: tuple[Event, ...]
    committed_unix_s: float


def summarise(take: Take) -> pb.TakeSummary:
    """What the take says of itself; its tracks' samples and curves' keys are not needed."""
    emotion = strongest_emotion(take.events)
    source = take.provenance.get("source")
    name = source.get("name") if isinstance(source, dict) else None
    return pb.TakeSummary(
        duration_s=take.duration_s,
        curve_count=len(take.curves),
        event_count=len(take.events),
        emotion="" if emotion is None else emotion.value,
        source_name=_printable(name) if isinstance(name, str) else "",
        events=[event_message(event) for event in take.events[:MAX_EVENTS]],
    )


def read_summary(summary: pb.TakeSummary) -> TakeInfo:
    """A summary from the wire. Raises FormatError if its events are none."""
    try:
        events = tuple(map(_event, summary.events))
    except (KeyError, ValueError) as error:
        raise FormatError(f"The server's summary of take {summary.take_id} is not understood: {error}.") from error
    return TakeInfo(
        take_id=summary.take_id,
        sha256=summary.sha256.hex(),
        sequence=summary.sequence,
        duration_s=summary.duration_s,
        curve_count=summary.curve_count,
        event_count=summary.event_count,
        content_bytes=summary.content_bytes,
        emotion=summary.emotion,
        source_name=summary.source_name,
        events=events,
        committed_unix_s=summary.committed_unix_s,
    )


def _printable(name: str) -> str:
    """The name as the wire can carry it: no lone surrogates, not too long."""
    return name[:_MAX_NAME].encode("utf-8", "replace").decode()


def _event(event: pb.Event) -> Event:
    return Event(
        onset_s=event.onset_s,
        apex_s=event.apex_s,
        offset_s=event.offset_s,
        score=event.score,
        emotion=EmotionEstimate(
            Emotion(event.emotion.label),
            {Emotion(label): share for label, share in event.emotion.probabilities.items()},
        ),
        aus=tuple(AUActivation(au.au, SIDES[au.side], au.intensity) for au in event.aus),
    )
