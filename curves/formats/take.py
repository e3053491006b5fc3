"""`STEM.take.json`, the canonical file: everything that a Take holds, versioned, checked by take.schema.json.

Floats are written with as many digits as bring back the same number. Lists whose order means nothing are sorted, so
equal takes make equal files.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from curves.errors import FormatError
from curves.formats import schema, take_rules
from curves.formats.files import parse_json, read_text, write_text
from curves.values import (
    AUActivation,
    AUTrack,
    Emotion,
    EmotionEstimate,
    Event,
    InterpMode,
    Interval,
    RichCurve,
    RichKey,
    Side,
    Take,
    TangentMode,
)

FORMAT = "microexpr.take/1"

Made = TypeVar("Made")


def write_take(take: Take, path: Path) -> None:
    """Write the take as JSON, whole or not at all. Raises ValueError if the format cannot hold it."""
    document = take_to_json(take)
    write_text(path, _layout(document))


def read_take(path: Path) -> Take:
    """The take in a `.take.json` file; InputError if it cannot be read, FormatError if it breaks the format."""
    return take_from_json(parse_json(read_text(path), str(path)), str(path))


def take_to_json(take: Take) -> dict[str, Any]:
    """The take as JSON values (schema: take.schema.json).

    Raises ValueError where the format would lose something: tangent weights, an extrapolation or default value
    that is not Unreal's default, provenance that is not JSON, or anything that reading would refuse.
    """
    document = {
        "format": FORMAT,
        "fps": take.fps,
        "frame_rate": [take.frame_rate.numerator, take.frame_rate.denominator],
        "start_timecode": take.start_timecode,
        "duration_s": float(take.duration_s),
        "events": [_event_to_json(event) for event in sorted(take.events, key=event_order)],
        "tracks": [_track_to_json(track) for track in sorted(take.tracks, key=lambda track: (track.au, track.side))],
        "curves": [_curve_to_json(curve) for curve in sorted(take.curves, key=lambda curve: curve.name)],
        "no_face": sorted([float(gap.start_s), float(gap.end_s)] for gap in take.no_face),
        "provenance": json.loads(json.dumps(dict(take.provenance), allow_nan=False, sort_keys=True)),
    }
    try:
        take_from_json(document)
    except FormatError as error:
        raise ValueError(f"expected a take that can be read again, got: {error}") from error
    return document


def take_from_json(document: Any, where: str = "take") -> Take:
    """The take in JSON values; FormatError, with ``where`` and the place in it, if they break the format."""
    version = document.get("format") if isinstance(document, dict) else None
    if version != FORMAT:
        if isinstance(version, str) and version.startswith("microexpr.take/"):
            raise FormatError(f"{where} has format {version}, this version reads {FORMAT}: update microexpr.")
        raise FormatError(f'{where} is no take: its "format" must be "{FORMAT}".')
    schema.check(document, "take", where)
    rate = Fraction(int(document["frame_rate"][0]), int(document["frame_rate"][1]))
    if not math.isclose(document["fps"], float(rate), rel_tol=1e-6):
        raise FormatError(f"{where}, fps: {document['fps']} is not frame_rate {rate}.")
    tracks = _list(_track, document, "tracks", where)
    curves = _list(_curve, document, "curves", where)
    _refuse_twins([(track.au, track.side.value) for track in tracks], f"{where}, tracks")
    _refuse_twins([curve.name.casefold() for curve in curves], f"{where}, curves")
    take = Take(
        frame_rate=rate,
        duration_s=_made(lambda value: _finite(value, "seconds"), document["duration_s"], f"{where}, duration_s"),
        events=_list(_event, document, "events", where),
        tracks=tracks,
        curves=curves,
        no_face=_list(_interval, document, "no_face", where),
        start_timecode=document["start_timecode"],
        provenance=document["provenance"],
    )
    take_rules.check(take, where)
    return take


def _layout(document: dict[str, Any]) -> str:
    """JSON text with one line an event, track, curve: readable in a diff, small on disk."""
    lines = []
    for name, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict | list):
            rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False, allow_nan=False) for row in value)
            lines.append(f'"{name}": [\n{rows}\n]')
        else:
            lines.append(f'"{name}": {json.dumps(value, ensure_ascii=False, allow_nan=False)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def event_order(event: Event) -> tuple[float, float, float, float]:
    """Sort key of events in files and on the wire."""
    return (event.onset_s, event.offset_s, event.apex_s, event.score)


def _event_to_json(event: Event) -> dict[str, Any]:
    probabilities = event.emotion.probabilities
    aus = sorted(event.aus, key=lambda present: (present.au, present.side, present.intensity))
    return {
        "onset_s": float(event.onset_s),
        "apex_s": float(event.apex_s),
        "offset_s": float(event.offset_s),
        "score": float(event.score),
        "emotion": {
            "label": event.emotion.label.value,
            "probabilities": {label.value: float(probabilities[label]) for label in Emotion if label in probabilities},
        },
        "aus": [
            {"au": int(present.au), "side": present.side.value, "intensity": float(present.intensity)}
            for present in aus
        ],
    }


def _track_to_json(track: AUTrack) -> dict[str, Any]:
    return {
        "au": int(track.au),
        "side": track.side.value,
        "times_s": track.times_s.tolist(),
        "values": track.values.tolist(),
    }


def _curve_to_json(curve: RichCurve) -> dict[str, Any]:
    plain = RichCurve(curve.name, tuple(map(_plain_key, curve.keys)))
    if curve != plain:
        raise ValueError(
            f"curve {curve.name}: expected no tangent weights, constant extrapolation and no default value, "
            "got others; a take cannot hold them"
        )
    return {
        "name": curve.name,
        "keys": [
            {
                "time": float(key.time),
                "value": float(key.value),
                "interp_mode": InterpMode(key.interp_mode).name,
                "tangent_mode": TangentMode(key.tangent_mode).name,
                "arrive_tangent": float(key.arrive_tangent),
                "leave_tangent": float(key.leave_tangent),
            }
            for key in curve.keys
        ],
    }


def _plain_key(key: RichKey) -> RichKey:
    return RichKey(key.time, key.value, key.interp_mode, key.tangent_mode, key.arrive_tangent, key.leave_tangent)


def _list(maker: Callable[[Any], Made], document: dict[str, Any], place: str, where: str) -> tuple[Made, ...]:
    return tuple(_made(maker, item, f"{where}, {place}[{index}]") for index, item in enumerate(document[place]))


def _made(maker: Callable[[Any], Made], item: Any, where: str) -> Made:
    try:
        return maker(item)
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{where}: {error}.") from error


def _event(item: Any) -> Event:
    emotion = item["emotion"]
    return Event(
        onset_s=_finite(item["onset_s"], "onset_s"),
        apex_s=_finite(item["apex_s"], "apex_s"),
        offset_s=_finite(item["offset_s"], "offset_s"),
        score=float(item["score"]),
        emotion=EmotionEstimate(
            Emotion(emotion["label"]),
            {Emotion(label): _finite(share, label) for label, share in emotion["probabilities"].items()},
        ),
        aus=tuple(AUActivation(int(au["au"]), Side(au["side"]), float(au["intensity"])) for au in item["aus"]),
    )


def _track(item: Any) -> AUTrack:
    return AUTrack(int(item["au"]), Side(item["side"]), item["times_s"], item["values"])


def _curve(item: Any) -> RichCurve:
    return RichCurve(item["name"], tuple(_key(key, index) for index, key in enumerate(item["keys"])))


def _key(item: Any, index: int) -> RichKey:
    time, value, arrive, leave = (
        _finite(item[name], f"keys[{index}].{name}") for name in ("time", "value", "arrive_tangent", "leave_tangent")
    )
    return RichKey(time, value, InterpMode[item["interp_mode"]], TangentMode[item["tangent_mode"]], arrive, leave)


def _interval(item: Any) -> Interval:
    return Interval(float(item[0]), float(item[1]))


def _finite(value: float, where: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{where}: expected a finite number, got {number}")
    return number


def _refuse_twins(names: Sequence[object], where: str) -> None:
    twin = next((name for name, count in Counter(names).items() if count > 1), None)
    if twin is not None:
        raise FormatError(f"{where}: {twin} stands there twice.")
