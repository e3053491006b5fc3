"""``microexpr layer``: one take over another."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_samples import take, write_take

from curves.errors import InputError
from curves.formats import read_curves, read_take, take_from_json, take_to_json
from curves.keys import fit_keys
from curves.layer import add_performance, eased
from curves.piecewise import from_rich_curve, hermite
from curves.richcurve import evaluate
from curves.values import Interval, RichCurve, RichKey, Side, Take, TangentMode
from microexpr.config import ConvertConfig
from microexpr.layered_take import LayerSettings, Named, as_animated, cut, layer_takes, modulation_of, restless, rig_of

Run = Callable[..., tuple[int, str, str]]
TIMES = np.linspace(-0.5, 4.5, 2501)
BASE = take({(1, Side.BOTH): 0.5, (12, Side.BOTH): 0.9}, moments=((0.2, 1.0, 2.8),), duration_s=3.0)
MICRO = take({(4, Side.BOTH): 0.1, (12, Side.LEFT): 0.2, (12, Side.RIGHT): 0.15})


def named(made: Take, name: str = "x.take.json") -> Named:
    return Named(name, made, "0" * 64)


def layered(base: Take = BASE, micro: Take = MICRO, at_s: float = 0.5, **options: object) -> Take:
    return layer_takes(named(base, "base"), named(micro, "micro"), LayerSettings(at_s, **options))  # type: ignore[arg-type]


def values(made: Take, name: str, times: np.ndarray = TIMES) -> np.ndarray:
    found = {curve.name: curve for curve in made.curves}
    return np.asarray(evaluate(found[name], times)) if name in found else np.zeros(times.size)


# --- the sum ---------------------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(st.floats(0.0, 3.0), st.floats(0.1, 8.0), st.sampled_from(["exact", "auto"]))
def test_every_curve_is_the_clamped_sum_at_all_times(at_s: float, weight: float, mode: str) -> None:
    result = layered(at_s=at_s, weight=weight, keys=mode)
    for name in {curve.name for curve in (*BASE.curves, *MICRO.curves)}:
        expected = np.clip(values(BASE, name) + weight * values(MICRO, name, TIMES - at_s), 0.0, 1.0)
        allowed = 2e-6 if mode == "exact" else 0.006 * max(expected.max(), 1e-9)
        assert np.abs(values(result, name) - expected).max() <= allowed, name


def test_curves_keep_their_names_and_those_alone_stay_as_they_are() -> None:
    result = layered()
    assert {c.name for c in result.curves} == {"AU01_L", "AU01_R", "AU04_L", "AU04_R", "AU12_L", "AU12_R"}
    own = {curve.name: curve for curve in BASE.curves}
    assert next(curve for curve in result.curves if curve.name == "AU01_L") == own["AU01_L"]
    assert values(result, "AU04_L").max() == pytest.approx(0.1, abs=1e-3)


def test_events_move_along_and_stay_in_order() -> None:
    result = layered(at_s=0.5)
    onsets = [event.onset_s for event in result.events]
    assert onsets == pytest.approx([0.2, 0.8])
    moved = result.events[1]
    assert (moved.apex_s, moved.offset_s) == pytest.approx((0.95, 1.2))
    assert moved.aus == MICRO.events[0].aus


def test_the_take_grows_only_where_it_must() -> None:
    assert layered(at_s=0.5).duration_s == BASE.duration_s
    longer = layered(at_s=2.75)
    assert longer.duration_s == pytest.approx(3.75)
    assert any("0.75 s past the end" in note for note in longer.provenance["notes"])
    take_from_json(take_to_json(longer))
    with pytest.raises(InputError, match="after the end"):
        layered(at_s=3.01)


def test_an_event_that_ends_a_slow_frame_late_fits() -> None:
    slow = replace(MICRO, frame_rate=MICRO.frame_rate / 3, duration_s=0.65, tracks=())  # 10 fps, offset at 0.7
    take_from_json(take_to_json(slow))
    take_from_json(take_to_json(layered(micro=slow, at_s=2.5)))


def test_frame_rate_and_time_code_are_the_bases() -> None:
    base = replace(BASE, start_timecode="01:00:00:00")
    micro = replace(MICRO, frame_rate=MICRO.frame_rate * 2, start_timecode="02:00:00:00")
    result = layered(base, micro)
    assert (result.frame_rate, result.start_timecode) == (base.frame_rate, "01:00:00:00")


def test_tracks_are_the_same_sum_by_side() -> None:
    tracks = {(track.au, track.side): track for track in layered(at_s=0.5).tracks}
    assert set(tracks) == {(1, Side.BOTH), (4, Side.BOTH), (12, Side.LEFT), (12, Side.RIGHT)}
    left = tracks[12, Side.LEFT]
    assert np.array_equal(left.times_s, BASE.tracks[0].times_s)
    smile, added = BASE.tracks[1], MICRO.tracks[1]
    expected = smile.values + np.interp(smile.times_s - 0.5, added.times_s, added.values)
    assert np.allclose(left.values, np.clip(expected, 0, 1))


def test_tracks_of_a_take_with_a_gain_are_as_animated() -> None:
    gained = {"emotion": "none", "intensity": 1.0, "gain": 3.0, "seed": 0}
    micro = take({(12, Side.BOTH): 0.1}, config=gained)
    assert as_animated(micro).tracks[0].values.max() == pytest.approx(0.3, abs=0.01)
    track = next(track for track in layered(BASE, micro, at_s=0.0).tracks if track.au == 12)
    frame = int(np.argmax(track.values - BASE.tracks[1].values))
    assert (track.values - BASE.tracks[1].values)[frame] == pytest.approx(0.3, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("config", [("auto", 0.5, 2.0), ("fear", "draw", 1.0), ("none", 1.0, 1.0)])
def test_modulation_is_what_the_converter_chose(config: tuple[str, float | str, float]) -> None:
    from microexpr.pipeline import _own_seed, choose_modulation  # noqa: PLC0415  # torch

    named = dict(zip(("emotion", "intensity", "gain"), config, strict=True)) | {"seed": 3}
    provenance = {"config": named, "source": {"sha256": "abcdef0123" + 54 * "0"}}
    wanted = ConvertConfig(**named)
    chosen = choose_modulation(MICRO.events, wanted, seed=_own_seed(wanted, provenance))[0]
    assert modulation_of(replace(MICRO, provenance=provenance)) == chosen


def test_an_event_over_a_stretch_without_a_face_leaves_the_rest_of_it() -> None:
    kept = [replace(t, times_s=t.times_s[t.times_s < 2], values=t.values[t.times_s < 2]) for t in BASE.tracks]
    base = replace(BASE, tracks=tuple(kept), events=(), no_face=(Interval(2.0, 3.0),))
    result = layered(base, at_s=2.0)
    assert [time for gap in result.no_face for time in (gap.start_s, gap.end_s)] == pytest.approx([2.0, 2.3, 2.7, 3.0])
    take_from_json(take_to_json(result))


def test_what_is_held_at_one_is_said() -> None:
    notes = layered(at_s=0.6, weight=3.0).provenance["notes"]
    assert [note for note in notes if note.startswith("Held at")] == [
        "Held at rig weight 1, where the sum is larger: AU12_L, AU12_R."
    ]
    assert not any(note.startswith("Held at") for note in layered(at_s=2.0).provenance["notes"])


def test_a_micro_take_that_is_not_at_rest_is_said() -> None:
    restive = take({(12, Side.BOTH): 0.2}, rest=0.1)
    assert restless(MICRO) == {}
    assert restless(restive) == pytest.approx({"AU12_L": 0.02, "AU12_R": 0.02}, abs=2e-3)
    notes = layered(BASE, restive).provenance["notes"]
    assert any("2 of 2 curves of micro do not start and end at rest" in note for note in notes)
    assert not any("rest" in note for note in layered().provenance["notes"])


# --- rigs ------------------------------------------------------------------------------------------------------------


def test_takes_of_two_rigs_are_refused() -> None:
    other = take({(12, Side.BOTH): 0.2}, rig="arkit")
    with pytest.raises(InputError, match=r"base is for the rig facs, micro for arkit: convert .* --rig facs\."):
        layered(BASE, other)


def test_one_name_for_two_rig_files_is_refused() -> None:
    ours, theirs = (replace(BASE, provenance={**BASE.provenance, "rig_sha256": digest}) for digest in "ab")
    with pytest.raises(InputError, match="of other content"):
        layered(ours, theirs)
    assert layered(ours, ours).provenance["rig_sha256"] == "a"


def test_takes_that_name_no_rig_are_told_by_their_controls() -> None:
    assert rig_of(replace(BASE, provenance={})) == ("facs", None)
    assert rig_of(replace(BASE, provenance={}, curves=(RichCurve("own", ()),))) is None
    layered(replace(BASE, provenance={}), MICRO)
    strange = replace(BASE, provenance={}, curves=tuple(replace(c, name=f"own{c.name}") for c in BASE.curves))
    with pytest.raises(InputError, match="no control in common"):
        layered(strange, MICRO)


# --- from rest to rest -----------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    st.floats(-0.5, 1.0), st.floats(0.3, 2.0), st.floats(0.02, 0.15), st.lists(st.floats(0, 1), min_size=6, max_size=6)
)
def test_an_eased_curve_is_itself_inside_and_rest_outside(
    start: float, length: float, ease_s: float, heights: list[float]
) -> None:
    curve = fit_keys("a", hermite(np.linspace(0, 1.5, 6), heights, np.zeros(6)), "exact")
    within = Interval(start, start + length)
    short, whole = eased(curve, within, ease_s), from_rich_curve(curve)
    times = np.linspace(start - 0.3, within.end_s + 0.3, 1500)
    u = np.clip(np.minimum(times - start, within.end_s - times) / ease_s, 0, 1)
    assert np.abs(short(times) - whole(times) * u * u * (3 - 2 * u)).max() < 2e-5
    inside = (u == 1) & (times > start + ease_s + 1e-6) & (times < within.end_s - ease_s - 1e-6)
    assert np.abs(short(times[inside]) - whole(times[inside])).max(initial=0) < 1e-9
    assert np.abs(short(times[u == 0])).max() < 1e-9


def test_easing_follows_a_jump_and_refuses_what_is_too_long() -> None:
    jump = RichCurve("j", (RichKey(0.0, 0.3), RichKey(1.0, 0.3), RichKey(1.0, 0.5), RichKey(3.0, 0.5)))
    short = eased(jump, Interval(0.95, 2.0), 0.1)
    assert float(short(1.0 - 1e-6)) == pytest.approx(0.15, abs=1e-4)
    assert float(short(1.0 + 1e-6)) == pytest.approx(0.25, abs=1e-4)
    for ease_s in (0.0, 0.6):
        with pytest.raises(ValueError, match="ease"):
            eased(jump, Interval(0.0, 1.0), ease_s)


def test_a_cut_take_counts_from_its_start_and_is_at_rest() -> None:
    restive = take({(12, Side.BOTH): 0.2}, rest=0.2)
    short = cut(restive, Interval(0.2, 0.8), 0.1)
    assert restless(short) == {}
    assert short.duration_s == pytest.approx(0.6)
    assert short.events[0].onset_s == pytest.approx(0.1)
    inside = np.linspace(0.31, 0.69, 50)
    assert np.abs(values(short, "AU12_L", inside - 0.2) - values(restive, "AU12_L", inside)).max() < 1e-3
    take_from_json(take_to_json(short))


def test_sums_too_sharp_for_auto_keys_get_exact_ones() -> None:
    step = RichCurve("a", (RichKey(0.0, 0.0), RichKey(0.5, 0.0), RichKey(0.5, 1.0), RichKey(1.0, 1.0)))
    with pytest.raises(InputError, match="too sharply"):
        add_performance([step], [step], mode="auto")
    result = add_performance([step], [step], weight=0.2, limits=(0.0, 2.0), mode="auto", sharp_as_exact=True)[0]
    assert {key.tangent_mode for key in result.keys} <= {TangentMode.RCTM_User, TangentMode.RCTM_Break}
    assert evaluate(result, 0.75) == pytest.approx(1.2, abs=0.01)


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    base, micro = tmp_path / "talk.take.json", tmp_path / "micro.take.json"
    write_take(BASE, base)
    write_take(MICRO, micro)
    return base, micro


def test_the_command_writes_a_take_and_tells_what_is_laid_on_what(
    command: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, text, _ = command("layer", *files, "--at", 0.5, "--out", out, "--format", "curvetable,datatable")
    assert code == 0, text
    assert {path.name for path in out.iterdir()} == {
        "talk+micro.take.json", "talk+micro.curvetable.csv", "talk+micro.datatable.json",
    }  # fmt: skip
    made = read_take(out / "talk+micro.take.json")
    origin = made.provenance["layered"]
    assert (origin["base"]["name"], origin["micro"]["name"]) == ("talk.take.json", "micro.take.json")
    assert len(origin["base"]["sha256"]) == 64 and origin["base"]["sha256"] != origin["micro"]["sha256"]
    assert (origin["at_s"], origin["weight"]) == (0.5, 1.0)
    assert made.provenance["config"]["rig"] == "facs"
    assert {c.name for c in read_curves(out / "talk+micro.datatable.json")} == {c.name for c in made.curves}
    assert "talk+micro.take.json" in text


def test_one_event_is_laid_with_its_onset_at_the_time_given(
    command: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    code, text, _ = command("layer", *files, "--at", 1.2, "--event", 1, "--out", tmp_path, "--name", "one", "--json")
    assert code == 0
    assert json.loads(text)["results"][0]["events"][1]["onset_s"] == pytest.approx(1.2)
    made = read_take(tmp_path / "one.take.json")
    outside = np.concatenate([np.linspace(0, 1.09, 200), np.linspace(1.71, 3, 200)])
    assert np.abs(values(made, "AU12_L", outside) - values(BASE, "AU12_L", outside)).max() < 1e-6


def test_a_part_begins_at_the_time_given(command: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    options = ("--at", 2.0, "--part", 0.4, 0.6, "--ease", 0.05, "--out", tmp_path, "--name", "part")
    assert command("layer", *files, *options)[0] == 0
    made, times = read_take(tmp_path / "part.take.json"), np.linspace(2.01, 2.19, 40)
    expected = np.clip(values(BASE, "AU12_L", times) + values(MICRO, "AU12_L", times - 1.6), 0, 1)
    assert np.abs(values(made, "AU12_L", times) - expected).max() < 1e-3
    assert len(made.events) == 1  # the micro take's own is not within the part


def test_a_layered_take_can_be_layered_on(command: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    assert command("layer", *files, "--at", 0.5, "--out", tmp_path, "--name", "first")[0] == 0
    assert command("layer", tmp_path / "first.take.json", files[1], "--at", 1.5, "--out", tmp_path)[0] == 0
    made = read_take(tmp_path / "first+micro.take.json")
    assert len(made.events) == 3
    assert made.provenance["layered"]["base"]["layered"]["at_s"] == 0.5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--at", "-0.1"], "0 s or later"),
        (["--at", "nan"], "0 s or later"),
        (["--at", "9"], "after the end"),
        (["--at", "1", "--weight", "0"], "weight"),
        (["--at", "1", "--event", "2"], "there is no 2"),
        (["--at", "0.05", "--event", "1"], "eases in"),
        (["--at", "1", "--event", "1", "--part", "0", "1"], "either"),
        (["--at", "1", "--part", "0.5", "1.5"], "part: expected"),
        (["--at", "1", "--event", "1", "--ease", "0"], "more than 0"),
        (["--at", "1", "--ease", "0.6"], "twice is longer"),
        (["--at", "1", "--ease", "-1"], "0 or more"),
        (["--at", "1", "--format", "curvetabel"], "did you mean 'curvetable'"),
        (["--at", "1", "--keys", "few"], "keys"),
        (["--at", "1", "--format", "livelink"], "ARKit"),
        (["--at", "1", "--tolerance", "2"], "tolerance"),
    ],
)
def test_wrong_use_is_one_sentence_and_writes_nothing(
    command: Run, files: tuple[Path, Path], tmp_path: Path, options: list[str], sentence: str
) -> None:
    out = tmp_path / "out"
    code, _, error = command("layer", *files, "--out", out, *options)
    assert code == 2
    assert sentence in error and error.count("\n") == 1
    assert not out.exists()


def test_an_existing_take_is_kept(command: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    arguments = ("layer", *files, "--at", 0.5, "--out", tmp_path)
    assert command(*arguments)[0] == 0
    code, _, error = command(*arguments)
    assert code == 2 and "--overwrite" in error
    assert command(*arguments, "--overwrite")[0] == 0
