"""`take.json`: what is written comes back, and what the format forbids is refused with the place named."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from format_samples import bare_take, sample, takes
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from curves.errors import FormatError, InputError
from curves.formats import read_take, schema, take_from_json, take_to_json, timecode, write_take
from curves.values import (
    AUActivation,
    Event,
    Extrapolation,
    RichCurve,
    RichKey,
    Take,
    TangentWeightMode,
)


@given(take=takes)
@settings(max_examples=25, deadline=None)
def test_a_take_comes_back_to_the_last_bit(take: Take, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("take") / "a.take.json"
    write_take(take, path)
    back = read_take(path)
    assert back.frame_rate == take.frame_rate and back.duration_s == take.duration_s
    assert back.start_timecode == take.start_timecode and dict(back.provenance) == dict(take.provenance)
    assert sorted(back.curves, key=lambda c: c.name) == sorted(take.curves, key=lambda c: c.name)
    assert sorted(map(repr, back.events)) == sorted(
        repr(Event(e.onset_s, e.apex_s, e.offset_s, e.score, e.emotion, _sorted(e.aus))) for e in take.events
    )
    own = {(track.au, track.side): track for track in take.tracks}
    assert own.keys() == {(track.au, track.side) for track in back.tracks}
    for track in back.tracks:
        assert np.array_equal(track.times_s, own[track.au, track.side].times_s)
        assert np.array_equal(track.values, own[track.au, track.side].values)
    text = path.read_bytes()
    write_take(back, path)
    assert path.read_bytes() == text and text.endswith(b"}\n") and b"\r" not in text


def _sorted(aus: tuple[AUActivation, ...]) -> tuple[AUActivation, ...]:
    return tuple(sorted(aus, key=lambda au: (au.au, au.side, au.intensity)))


def test_order_without_meaning_does_not_change_the_file() -> None:
    take = sample()
    mixed = Take(
        take.frame_rate, take.duration_s, take.events, take.tracks[::-1], take.curves[::-1], take.no_face,
        take.start_timecode, dict(reversed(take.provenance.items())),
    )  # fmt: skip
    assert json.dumps(take_to_json(mixed)) == json.dumps(take_to_json(take))


def test_the_names_others_rely_on() -> None:
    document = take_to_json(sample())
    assert list(document) == [
        "format", "fps", "frame_rate", "start_timecode", "duration_s", "events", "tracks", "curves", "no_face",
        "provenance",
    ]  # fmt: skip
    assert document["format"] == "microexpr.take/1" and document["frame_rate"] == [30000, 1001]
    assert list(document["events"][0]) == ["onset_s", "apex_s", "offset_s", "score", "emotion", "aus"]
    assert document["events"][0]["aus"] == [{"au": 4, "side": "left", "intensity": 0.25}]
    assert list(document["events"][0]["emotion"]) == ["label", "probabilities"]
    assert document["curves"][0]["keys"][1] == {
        "time": 0.30000000000000004, "value": 0.2, "interp_mode": "RCIM_Cubic", "tangent_mode": "RCTM_Break",
        "arrive_tangent": -0.0, "leave_tangent": 1 / 3,
    }  # fmt: skip
    assert document["tracks"][1] == {"au": 4, "side": "right", "times_s": [0.0, 1001 / 30000], "values": [0.0, 1.0]}
    assert document["no_face"] == [[1.0, 1.25]]


Place = tuple[str | int, ...]


def _objects(value: Any, place: Place = ()) -> Iterator[Place]:
    """Places of all objects with fixed fields."""
    if place[:1] == ("provenance",):
        return
    if isinstance(value, dict):
        if place[-1:] != ("probabilities",):
            yield place
        for name, part in value.items():
            yield from _objects(part, (*place, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _objects(part, (*place, index))


def _at(document: Any, place: Place) -> Any:
    for part in place:
        document = document[part]
    return document


DOCUMENT = take_to_json(sample())
FIELDS = [(place, name) for place in _objects(DOCUMENT) for name in _at(DOCUMENT, place)]


@pytest.mark.parametrize(("place", "name"), FIELDS, ids=str)
def test_every_field_is_required_and_typed(place: Place, name: str) -> None:
    missing = copy.deepcopy(DOCUMENT)
    del _at(missing, place)[name]
    with pytest.raises(FormatError):
        take_from_json(missing)
    for wrong in ([], {}, "x", 1.5, True, None, -7):
        value = DOCUMENT if not place else _at(DOCUMENT, place)
        if type(wrong) is type(value[name]) or (name == "start_timecode" and wrong is None):
            continue
        if isinstance(wrong, int | float) and not isinstance(wrong, bool) and isinstance(value[name], float):
            continue  # another number is no other type
        broken = copy.deepcopy(DOCUMENT)
        _at(broken, place)[name] = wrong
        with pytest.raises(FormatError):
            take_from_json(broken)


@pytest.mark.parametrize("place", list(_objects(DOCUMENT)), ids=str)
def test_unknown_fields_are_refused(place: Place) -> None:
    document = copy.deepcopy(DOCUMENT)
    _at(document, place)["extra"] = 1
    with pytest.raises(FormatError, match="extra"):
        take_from_json(document, "my.json")


NAN = float("nan")
AU4 = DOCUMENT["events"][0]["aus"][0]
BROKEN: list[tuple[Place, Any, str]] = [
    (("format",), "microexpr.take/2", "microexpr.take/2.*update"),
    (("format",), "other", "is no take"),
    (("fps",), 25.0, "frame_rate"),
    (("frame_rate",), [30, 0], "frame_rate"),
    (("frame_rate",), [30], "frame_rate"),
    (("start_timecode",), "1:2:3:4", "start_timecode"),
    (("start_timecode",), "01:02:03:04\n", "start_timecode"),
    (("duration_s",), NAN, "duration_s"),
    (("duration_s",), -1.0, "duration_s"),
    (("events", 0, "apex_s"), 0.05, r"events\[0\].*onset <= apex <= offset"),
    (("events", 0, "onset_s"), NAN, r"events\[0\]"),
    (("events", 0, "score"), 1.5, "score"),
    (("events", 0, "emotion", "label"), "joy", "label"),
    (("events", 0, "emotion", "probabilities"), {"joy": 1.0}, "joy"),
    (("events", 0, "emotion", "probabilities"), {"disgust": 0.5}, "sum of 1"),
    (("events", 0, "emotion", "probabilities", "fear"), NAN, "fear"),
    (("events", 0, "emotion", "label"), "fear", r"events\[0\], emotion: the label fear is not the likeliest"),
    (("events", 0, "emotion", "probabilities"), {"fear": 0.5, "sadness": 0.5}, "disgust is not the likeliest"),
    (("events", 0, "emotion", "probabilities"), {"fear": 0.75, "disgust": 0.25}, "disgust is not the likeliest"),
    (("events", 0, "aus"), [AU4, AU4 | {"intensity": 0.5}], r"events\[0\], aus: AU4 left stands there twice"),
    (("events", 0, "onset_s"), -1e-9, r"events\[0\]: .* is not within"),
    (("events", 0, "offset_s"), 1.54, r"events\[0\]: .* is not within"),
    (("duration_s",), 0.3, r"events\[0\]: .* is not within the take's 0 to 0.3 s"),
    (("events", 0, "offset_s"), 1.001, r"events\[0\].* overlaps 1 to 1.25 s"),
    (("no_face",), [[0.0, 0.05], [0.3, 0.31]], r"events\[0\].* overlaps 0.3 to 0.31 s"),
    (("tracks", 0, "side"), "both", "AU4 has a track of both sides"),
    (("tracks", 1, "times_s"), [-0.01, 0.0], r"tracks\[1\]: .* is not within"),
    (("tracks", 1, "times_s"), [0.0, 1.54], r"tracks\[1\]: .* is not within"),
    (("tracks", 1, "times_s"), [0.0, 1.0], r"tracks\[1\]: 1 s lies in 1 to 1.25 s"),
    (("no_face",), [[0.01, 0.02], [0.03, 0.05]], r"tracks\[0\]: 0.0333667 s lies in 0.03 to 0.05 s"),
    (("events", 0, "aus", 0, "side"), "Left", "side"),
    (("events", 0, "aus", 0, "intensity"), 1.01, "intensity"),
    (("tracks", 0, "times_s"), [0.5, 0.5], r"tracks\[0\].*rising"),
    (("tracks", 0, "times_s"), [0.5], r"tracks\[0\].*as many"),
    (("tracks", 0, "values"), [0.5, NAN], r"tracks\[0\].*finite"),
    (("tracks", 0, "values"), [0.5, None], r"tracks\[0\].values\[1\]"),
    (("tracks", 1, "side"), "left", "twice"),
    (("curves", 0, "keys", 0, "time"), 2.0, r"curves\[0\].*time order"),
    (("curves", 0, "keys", 1, "leave_tangent"), NAN, r"curves\[0\]: keys\[1\].leave_tangent"),
    (("curves", 0, "keys", 1, "value"), 10**400, r"curves\[0\]"),
    (("curves", 0, "keys", 1, "interp_mode"), "Cubic", "interp_mode"),
    (("curves", 1, "name"), "ctrl_EXPRESSIONS_browDownL", "twice"),
    (("no_face",), [[2.0, 1.0]], r"no_face\[0\]"),
]


@pytest.mark.parametrize(("place", "value", "message"), BROKEN, ids=lambda part: str(part)[:40])
def test_broken_values_are_refused_with_their_place(place: Place, value: Any, message: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    _at(document, place[:-1])[place[-1]] = value
    with pytest.raises(FormatError, match=message) as refusal:
        take_from_json(document, "my.json")
    assert str(refusal.value).startswith("my.json") and "\n" not in str(refusal.value)


BORDERLINE: list[tuple[Place, Any]] = [
    (("events", 0, "emotion", "probabilities"), {"fear": 0.5, "disgust": 0.5}),
    (("events", 0, "aus"), [AU4, AU4 | {"side": "right"}]),
    (("events", 0, "onset_s"), 0.0),
    (("no_face",), [[1001 / 30000 + 1e-9, 0.1], [0.4, 1.5]]),
    (("tracks", 1, "times_s"), [0.0, 1.25]),
    (("duration_s",), 0.37),
]


@pytest.mark.parametrize(("place", "value"), BORDERLINE, ids=lambda part: str(part)[:40])
def test_what_just_fits_is_read(place: Place, value: Any) -> None:
    document = copy.deepcopy(DOCUMENT)
    _at(document, place[:-1])[place[-1]] = value
    assert take_to_json(take_from_json(document)) == document


@given(st.from_regex(r"[0-9]{2}:[0-9]{2}:[0-9]{2}[:;.,][0-9]{1,4}\n?", fullmatch=True) | st.text(max_size=12))
def test_a_time_code_is_what_the_schema_says(text: str) -> None:
    accepts = Draft202012Validator(schema.load_schema("take")["properties"]["start_timecode"]).is_valid
    assert timecode.is_timecode(text) == (accepts(text) and not text.endswith("\n"))


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", '{"fps": Infinity}', '{"fps": 1e999}', '{"a": 1, "a": 2}', "[" * 9999]
)
def test_text_that_is_no_strict_json(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.take.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=r"a\.take\.json is not valid JSON"):
        read_take(path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("events", 0, "score"), 1.5),
        (("events", 0, "aus", 0, "intensity"), -0.1),
        (("tracks", 0, "values"), [0.5, 1.5]),
        (("tracks", 0, "au"), 0),
        (("fps",), 0),
    ],
)
def test_the_schema_alone_knows_the_ranges(place: Place, value: Any) -> None:
    validator = Draft202012Validator(schema.load_schema("take"))
    document = copy.deepcopy(DOCUMENT)
    assert validator.is_valid(document)
    _at(document, place[:-1])[place[-1]] = value
    assert not validator.is_valid(document)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_take(tmp_path / "none.take.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        read_take(tmp_path / "binary")


WEIGHTED = RichKey(0, 0, tangent_weight_mode=TangentWeightMode.RCTWM_WeightedBoth)


@pytest.mark.parametrize(
    "curve",
    [
        RichCurve("a", (WEIGHTED,)),
        RichCurve("a", (RichKey(0, 0, leave_tangent_weight=1.0),)),
        RichCurve("a", (), pre_infinity=Extrapolation.RCCE_Cycle),
        RichCurve("a", (), post_infinity=Extrapolation.RCCE_Linear),
        RichCurve("a", (), default_value=0.0),
        RichCurve("a", (RichKey(NAN, 0.0),)),
        RichCurve("", ()),
    ],
)
def test_writing_loses_nothing_silently(curve: RichCurve, tmp_path: Path) -> None:
    take = bare_take(curve)
    with pytest.raises(ValueError, match="expected"):
        write_take(take, tmp_path / "a.take.json")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.take.json"
    write_take(sample(), path)
    before = path.read_bytes()

    def full_disk(self: Path, target: Path) -> Path:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_take(bare_take(), path)
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["a.take.json"]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema.load_schema("take"))


JSON_LEAF = st.none() | st.booleans() | st.integers(-2, 120) | st.floats() | st.sampled_from(["left", "RCIM_Cubic", ""])
KEY = DOCUMENT["curves"][0]["keys"][0]


DEFINITIONS = schema.load_schema("take")["$defs"]
CHECKS = [
    (
        schema.compile_predicate(part, DEFINITIONS),
        Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": DEFINITIONS}),
    )
    for name, part in DEFINITIONS.items()
]


@given(leaf=JSON_LEAF, changes=st.dictionaries(st.sampled_from([*KEY, "au", "x"]), JSON_LEAF, max_size=2))
@settings(max_examples=80, deadline=None)
def test_the_fast_check_accepts_nothing_that_the_schema_refuses(leaf: Any, changes: dict[str, Any]) -> None:
    for value in (leaf, KEY | changes, DOCUMENT["events"][0]["aus"][0] | changes, [leaf]):
        for accepts, validator in CHECKS:
            assert not accepts(value) or validator.is_valid(value)


def test_the_fast_check_is_used_where_it_counts() -> None:
    assert schema.compile_predicate(DEFINITIONS["unit"], DEFINITIONS)(0.5)
    assert schema.compile_predicate(DEFINITIONS["key"], DEFINITIONS)(KEY)
