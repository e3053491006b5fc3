"""Windows, gate, merging and presence: the steps from a motion stream to events, with a network made for the test."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from curves.values import DEFAULT_AUS, Emotion, Interval, Side
from graph.anatomy import impossible_pairs, impossible_rate
from recognizer.belief import Evidence, Unrest, belief
from recognizer.gate import motion_within, regional_motion, rise_within
from recognizer.inference import MotionRun
from recognizer.model import Thresholds
from recognizer.network import NetworkOutput
from recognizer.spotting import Candidates, SpottingSettings, holding, merge, propose, score_windows, slide, spot
from recognizer.tracks import at_rest, settled, track_intensity

AUS = len(DEFAULT_AUS)


class MeanMotion:
    """A stand-in with a network's answers: AU12's intensity is the mean downward motion from neutral of that side of
    the face (the subject's left is right in the picture), and what ``leaning`` adds on the left; a window is an event
    when its middle moves more than its ends."""

    def __init__(self, leaning: float = 0.0, **limits: float) -> None:
        self.leaning = leaning
        self.thresholds = Thresholds(**limits)
        self.network = SimpleNamespace(config=SimpleNamespace(aus=DEFAULT_AUS))
        self.device = torch.device("cpu")
        self.seen = 0

    def predict(self, volumes: torch.Tensor) -> NetworkOutput:
        self.seen += len(volumes)
        left, right = (volumes[:, 4, :, 24:32, part].mean(dim=(2, 3)) for part in (slice(34, 42), slice(14, 22)))
        motion = torch.maximum(left, right)  # (B, 16)
        rise = motion[:, 5:11].amax(dim=1) - torch.maximum(motion[:, 0], motion[:, -1])
        intensity = torch.zeros(len(volumes), 16, AUS, 2)
        intensity[:, :, DEFAULT_AUS.index(12)] = torch.stack([left + self.leaning, right], dim=-1)
        au = torch.full((len(volumes), AUS), -6.0)
        au[:, DEFAULT_AUS.index(12)] = 6.0
        emotion = torch.zeros(len(volumes), len(Emotion))
        emotion[:, 0] = 3.0
        times = torch.tensor([0.2, 0.5, 0.8]).expand(len(volumes), 3)
        return NetworkOutput(40 * (rise - 0.15), times, au, emotion, emotion, intensity)


def stream(times: NDArray[np.float64], motion: NDArray[np.float64]) -> MotionRun:
    flow = np.zeros((len(times), 2, 56, 56), np.float16)
    flow[:, 1, :, 28:] = motion[:, None, None]  # the subject's left
    return MotionRun(times, flow)


def pulse(times: NDArray[np.float64], middle: float, width: float, height: float) -> NDArray[np.float64]:
    return height * np.exp(-0.5 * ((times - middle) / width) ** 2)


@pytest.mark.parametrize("fps", [24, 60, 200])
def test_an_event_is_found_once_at_any_frame_rate(fps: int) -> None:
    times = np.arange(0, 3, 1 / fps)
    run, model, how = stream(times, pulse(times, 1.5, 0.08, 0.4)), MeanMotion(), SpottingSettings()
    tracks = track_intensity(run, model)
    events = spot(score_windows(run, tracks, model, how), run, tracks, model, how)
    assert len(events) == 1
    assert events[0].onset_s < 1.5 < events[0].offset_s
    assert [(a.au, a.side) for a in events[0].aus] == [(12, Side.LEFT)]
    assert events[0].aus[0].intensity == pytest.approx(0.4, abs=0.08)
    assert events[0].emotion.label is Emotion.HAPPINESS


@pytest.mark.parametrize("fps", [24, 50, 200])
def test_tracks_return_the_intensity_of_every_frame(fps: int) -> None:
    random = np.random.default_rng(0)
    times = np.sort(np.arange(0, 3, 1 / fps) + random.uniform(0, 0.3 / fps, 3 * fps))
    motion = pulse(times, 1.0, 0.15, 0.6) + pulse(times, 2.2, 0.3, 0.3)
    tracks = track_intensity(stream(times, motion), MeanMotion())
    assert np.abs(tracks[:, DEFAULT_AUS.index(12), 0] - motion).max() < 0.05
    assert not tracks[:, DEFAULT_AUS.index(12), 1].any()


def test_what_a_network_leans_to_by_itself_is_shared_by_both_sides() -> None:
    times = np.arange(0, 2, 1 / 30)
    tracks = track_intensity(stream(times, np.full(len(times), 0.3)), MeanMotion(leaning=0.1))
    left, right = tracks[:, DEFAULT_AUS.index(12)].T
    assert np.allclose(left, 0.35, atol=1e-3)
    assert np.allclose(right, 0.05, atol=1e-3)


@pytest.mark.parametrize("trace", [-0.12, 0.12])
def test_a_neutral_frame_with_a_trace_of_an_expression_is_put_right(trace: float) -> None:
    """Motion measured from a frame that smiles a little, or frowns: rest is 0 and the peak keeps its height."""
    times = np.arange(0, 3, 1 / 30)
    motion = pulse(times, 1.5, 0.2, 0.5) + trace
    measured = track_intensity(stream(times, motion), MeanMotion())
    rest = at_rest(measured, np.flatnonzero(times < 0.8))
    tracks = settled(measured, DEFAULT_AUS, rest)[:, DEFAULT_AUS.index(12), 0]
    assert np.abs(tracks - np.clip(motion - trace, 0, 1)).max() < 0.05
    assert settled(measured, DEFAULT_AUS).min() >= 0.0


@given(arrays(np.float32, (4, AUS, 2), elements=st.floats(-0.5, 1.5, width=32)))
def test_no_side_of_a_face_shows_what_it_cannot(raw: NDArray[np.float32]) -> None:
    tracks = settled(raw, DEFAULT_AUS)
    shown = [{DEFAULT_AUS[i] for i in np.flatnonzero(side > 0)} for frame in tracks for side in frame.T]
    assert not any(shown) or impossible_rate(shown) == 0.0
    free = [i for i, au in enumerate(DEFAULT_AUS) if all(au not in pair for pair in impossible_pairs())]
    np.testing.assert_array_equal(tracks[:, free], np.clip(raw[:, free], 0, 1))


@pytest.mark.parametrize("count", [1, 2, 5, 15, 16, 17])
def test_short_runs_have_tracks(count: int) -> None:
    times = np.arange(count) / 30
    tracks = track_intensity(stream(times, np.full(count, 0.25)), MeanMotion())
    assert tracks.shape == (count, AUS, 2)
    assert np.allclose(tracks[:, DEFAULT_AUS.index(12), 0], 0.25, atol=1e-3)


def test_the_gate_saves_the_network_still_stretches_and_exhaustive_does_not() -> None:
    times = np.arange(0, 6, 1 / 30)
    run = stream(times, pulse(times, 1.0, 0.08, 0.5))
    gated, all_of_them = MeanMotion(gate_rise=0.05), MeanMotion()
    tracks = track_intensity(run, MeanMotion())
    found = score_windows(run, tracks, gated, SpottingSettings())
    everything = score_windows(run, tracks, all_of_them, SpottingSettings(exhaustive=True))
    assert everything.windows == found.windows == all_of_them.seen
    assert 0 < gated.seen < all_of_them.seen / 2
    assert found.score.max() == pytest.approx(everything.score.max())


def test_progress_never_goes_back() -> None:
    times = np.arange(0, 6, 1 / 30)
    run, model = stream(times, pulse(times, 3.0, 0.08, 0.5)), MeanMotion()
    told: list[tuple[int, int]] = []
    score_windows(run, track_intensity(run, model), model, SpottingSettings(), lambda *at: told.append(at))
    shares = [done / total for done, total in told]
    assert shares == sorted(shares)
    assert 0.5 in shares and shares[-1] == 1.0


def test_the_gate_measures_the_largest_regional_extent() -> None:
    flow = np.zeros((30, 2, 56, 56), np.float32)
    flow[10:20, 0, 8:16, 16:24] = 3.0
    flow[10:20, 1, 8:16, 16:24] = 4.0
    moved = motion_within(np.arange(30) / 30, regional_motion(flow), np.array([[0.0, 0.2], [0.0, 0.9]]))
    assert moved == pytest.approx([0.0, 5.0], abs=1e-5)


def test_the_gate_measures_what_rises_and_comes_back() -> None:
    times = np.arange(30) / 30
    tracks = np.zeros((30, AUS, 2))
    tracks[:, 3, 0] = np.linspace(0, 1, 30)  # goes and stays
    tracks[10:20, 5, 1] = 0.3
    tracks[15:, 5, 1] += 0.1  # comes back to 0.1
    risen = rise_within(times, tracks, np.array([[0.0, 0.2], [0.0, 0.97], [0.6, 0.97]]))
    assert risen == pytest.approx([0.0, 0.3, 0.0], abs=1e-6)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 100), st.integers(0, 10))
def test_a_window_holds_an_event_when_half_of_it_lies_within(seed: int, count: int, events: int) -> None:
    random = np.random.default_rng(seed)
    start, onset = random.uniform(0, 10, count), random.uniform(0, 10, events)
    windows = np.stack([start, start + random.choice([0.3, 0.45, 1.0], count)], axis=1)
    length = random.choice([0.1, 0.3, 0.7], events)
    instants = onset + np.linspace(0.0005, 0.9995, 1000)[:, None] * length  # (1000, events)
    part = ((instants >= windows[:, :1, None]) & (instants <= windows[:, 1:, None])).mean(axis=1)
    intervals = [Interval(float(a), float(a + d)) for a, d in zip(onset, length, strict=True)]
    clear = (np.abs(part - 0.5) > 0.002).all(axis=1)  # an instant at the border may fall to either side
    assert (holding(windows, intervals) == (part >= 0.5).any(axis=1))[clear].all()


@pytest.mark.parametrize("apex", [1.0, 1.04, 1.09, 1.17, 1.26])
def test_what_a_third_of_the_windows_hints_at_is_found_as_if_all_were_looked_at(apex: float) -> None:
    times = np.arange(0, 8, 1 / 30)
    run = stream(times, pulse(times, apex, 0.08, 0.5) + pulse(times, apex + 3.1, 0.11, 0.4))
    few, many = MeanMotion(), MeanMotion()
    tracks = track_intensity(run, MeanMotion())
    events, of_all = (
        spot(score_windows(run, tracks, model, how), run, tracks, model, how)
        for model, how in ((few, SpottingSettings()), (many, SpottingSettings(exhaustive=True)))
    )
    assert few.seen < 0.6 * many.seen
    assert len(events) == 2
    for event, of_it in zip(events, of_all, strict=True):
        assert event.score == pytest.approx(of_it.score, rel=0.05)
        ends, of_its = ((one.onset_s, one.apex_s, one.offset_s) for one in (event, of_it))
        assert ends == pytest.approx(of_its, abs=0.02)


def test_windows_cover_the_run_and_stay_in_it() -> None:
    times = np.arange(0, 2, 1 / 30)
    windows = slide(times, SpottingSettings())
    assert windows[:, 0].min() == 0.0
    assert windows[:, 1].max() <= times[-1] + 1e-9
    for duration in SpottingSettings().durations_s:
        ends = windows[np.isclose(np.diff(windows, axis=1)[:, 0], duration), 1]
        assert ends.max() == pytest.approx(times[-1])
    assert len(slide(np.arange(4) / 30, SpottingSettings())) == 0


def candidates(times: NDArray[np.float64], score: NDArray[np.float64]) -> Candidates:
    return Candidates(times, score, np.zeros((len(score), AUS)), np.full((len(score), 7), 1 / 7), len(score))


def agreed(score: float, count: int = 8) -> Candidates:
    """As many windows as usually see an event, all of one mind."""
    return candidates(np.tile([0.8, 1.0, 1.2], (count, 1)), np.full(count, score))


def test_one_window_alone_is_not_believed() -> None:
    times = np.arange(0, 2, 1 / 30)
    run, model = stream(times, np.zeros(len(times))), MeanMotion()
    tracks = np.zeros((len(times), AUS, 2))
    tracks[:, DEFAULT_AUS.index(12)] = pulse(times, 1.0, 0.06, 0.3)[:, None]
    assert spot(agreed(0.99, count=1), run, tracks, model, SpottingSettings()) == []
    (event,) = spot(agreed(0.9), run, tracks, model, SpottingSettings())
    assert event.score > 0.8


def test_what_rises_no_further_than_the_face_does_all_the_time_is_not_believed() -> None:
    times = np.arange(0, 6, 1 / 30)
    run, model = stream(times, np.zeros(len(times))), MeanMotion()
    calm, restless = np.zeros((2, len(times), AUS, 2))
    calm[:, DEFAULT_AUS.index(12)] = pulse(times, 1.0, 0.06, 0.1)[:, None]
    restless[:, DEFAULT_AUS.index(12)] = sum(pulse(times, middle, 0.06, 0.1) for middle in np.arange(0, 6, 0.25))[
        :, None
    ]
    ((_, clear),) = propose(agreed(0.9), run, calm, model, SpottingSettings())
    ((_, lost),) = propose(agreed(0.9), run, restless, model, SpottingSettings())
    assert clear.support == lost.support == pytest.approx(8 * 0.9)
    assert clear.clearness > 8 * lost.clearness
    assert spot(agreed(0.9), run, calm, model, SpottingSettings())
    assert not spot(agreed(0.9), run, restless, model, SpottingSettings())


@given(st.floats(0, 100), st.floats(0, 1000), st.floats(0, 100), st.floats(0, 1000))
def test_more_evidence_never_lowers_the_belief(support: float, clearness: float, more: float, clearer: float) -> None:
    limits = Thresholds()
    less = belief(Evidence(support, clearness), limits)
    assert 0 < less <= belief(Evidence(support + more, clearness + clearer), limits) < 1


@pytest.mark.parametrize("rate", [1.0, 2.0, 30.0])
def test_unrest_is_measured_over_pauses_and_at_low_rates(rate: float) -> None:
    times = np.concatenate([np.arange(0, 6, 1 / rate), np.arange(8, 14, 1 / rate)])
    tracks = np.zeros((len(times), AUS, 2), np.float32)
    tracks[:, 4, 0] = pulse(times, 3.0, 0.3, 0.4)
    clear = Unrest(times, tracks)
    assert clear.clearness(2.5, 3.5) > 1.0
    assert clear.clearness(6.4, 6.6) == clear.clearness(7.0, 7.3) == 0.0


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 30), st.integers(0, 2**31))
def test_merged_events_never_share_candidates_and_never_overlap_much(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    onset = random.uniform(0, 3, count)
    length = random.uniform(0.02, 0.9, count)
    times = np.stack([onset, onset + random.uniform(0.1, 0.9, count) * length, onset + length], axis=1)
    how = SpottingSettings()
    groups = merge(candidates(times, random.uniform(0, 1, count)), how)
    members = np.concatenate([group for _, group in groups]) if groups else np.zeros(0, int)
    assert len(set(members.tolist())) == len(members)
    best = [b for b, _ in groups]
    for i, a in enumerate(best):
        for b in best[i + 1 :]:
            overlap = max(0.0, min(times[a, 2], times[b, 2]) - max(times[a, 0], times[b, 0]))
            union = (times[a, 2] - times[a, 0]) + (times[b, 2] - times[b, 0]) - overlap
            assert overlap / union < how.merge_iou


def test_what_lasts_too_long_or_scores_too_low_is_no_event() -> None:
    times = np.array([[0.0, 0.5, 1.5], [2.0, 2.1, 2.3], [3.0, 3.1, 3.2]])
    groups = merge(candidates(times, np.array([0.9, 0.9, 0.1])), SpottingSettings())
    assert [best for best, _ in groups] == [1]


def test_a_side_that_stays_behind_is_not_named() -> None:
    times = np.arange(0, 2, 1 / 30)
    run, model = stream(times, np.zeros(len(times))), MeanMotion()
    au12, au17 = DEFAULT_AUS.index(12), DEFAULT_AUS.index(17)
    tracks = np.zeros((len(times), AUS, 2))
    bell = pulse(times, 1.0, 0.06, 1.0)
    tracks[:, au12] = bell[:, None] * [0.05, 0.3]
    tracks[:, au17] = bell[:, None] * [0.05, 0.3]
    found = agreed(0.9)
    found.au[:, [au12, au17]] = 0.9
    (event,) = spot(found, run, tracks, model, SpottingSettings())
    assert {(a.au, a.side) for a in event.aus} == {(12, Side.RIGHT), (17, Side.BOTH)}


def test_nothing_that_rises_is_no_event() -> None:
    times = np.arange(0, 2, 1 / 30)
    run, model = stream(times, np.zeros(len(times))), MeanMotion()
    found = agreed(0.9)
    assert spot(found, run, np.full((len(times), AUS, 2), 0.3), model, SpottingSettings()) == []


def test_a_smile_that_stays_is_no_event() -> None:
    """Whatever the network says of its beginning, and though another AU overshoots on the way."""
    times = np.arange(0, 2, 1 / 30)
    run, model = stream(times, np.zeros(len(times))), MeanMotion()
    tracks = np.zeros((len(times), AUS, 2))
    tracks[:, DEFAULT_AUS.index(12)] = np.clip((times - 0.8) / 0.3, 0, 1)[:, None]
    tracks[:, DEFAULT_AUS.index(9)] = pulse(times, 1.0, 0.06, 0.3)[:, None]
    found = agreed(0.99)
    found.au[:] = 0.9
    assert spot(found, run, tracks, model, SpottingSettings()) == []
