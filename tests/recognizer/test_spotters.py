"""What every spotter keeps to, and what the parts of each compute."""

import pickle
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.values import DEFAULT_AUS, MIDLINE_AUS, Interval, Side
from recognizer.clips import ClipRecord
from recognizer.inference import MotionRun
from recognizer.spotters import Spot
from recognizer.spotters.naming import _templates, name_aus
from recognizer.spotters.of_fd import band_filters
from recognizer.spotters.picking import Limits, Trace, apart, half_length, pick_peaks, run_of
from recognizer.spotters.regions import at_times, cell_centres, even_times, face_cells, regional_flow
from recognizer.spotters.registry import SPOTTERS
from recognizer.spotters.softnet import SoftNet, Softnet, SoftnetSettings, overlaps, pair_input, train_network
from recognizer.spotters.unlearned import Unlearned, UnlearnedSettings, pulse

FPS, SECONDS = 50.0, 3.0
LEARNED = ("mdmd_spotter", "of_fd", "softnet")


def make_flow(times, events, seed, noise_px=0.03):
    """Noise, and events (onset, offset) in which both brows go up by 1.2 px."""
    random = np.random.default_rng(seed)
    flow = random.normal(0, noise_px, (len(times), 2, 56, 56))
    ys, xs = np.mgrid[0:56, 0:56] * 2 + 0.5
    brows = sum(np.exp(-((xs - x) ** 2 + (ys - 23) ** 2) / (2 * 8**2)) for x in (35, 76))
    for onset, offset in events:
        phase = np.clip((times - onset) / (offset - onset), 0, 1)
        flow[:, 1] -= 1.2 * (0.5 - 0.5 * np.cos(2 * np.pi * phase))[:, None, None] * brows
    return flow.astype(np.float16)


def make_run(events=(), seed=0, seconds=SECONDS, start_s=0.0):
    times = np.arange(round(seconds * FPS)) / FPS
    return MotionRun(times + start_s, make_flow(times, events, seed))


def make_clip(seed, events):
    times = np.arange(round(2 * FPS)) / FPS
    aus = np.zeros((len(events), len(DEFAULT_AUS), 2), np.float32)
    aus[:, :2] = 0.2
    return ClipRecord(
        times_s=times,
        flow=make_flow(times, events, seed),
        intensity=np.zeros((len(times), len(DEFAULT_AUS), 2), np.float32),
        onset_apex_offset=np.array([(a, (a + b) / 2, b) for a, b in events], np.float64).reshape(-1, 3),
        event_emotion=np.zeros(len(events), np.int64),
        event_au=aus,
        identity=f"p{seed}",
        seed=seed,
        fps=FPS,
    )


@cache
def fitted(name):
    """Fitted to made-up clips, every third without an event."""
    random = np.random.default_rng(7)
    clips = []
    for seed in range(18):
        onset = random.uniform(0.4, 1.2)
        clips.append(make_clip(seed, [] if seed % 3 == 2 else [(onset, onset + random.uniform(0.25, 0.35))]))
    spotter = Softnet(SoftnetSettings(epochs=10, pairs=24)) if name == "softnet" else SPOTTERS[name]
    return spotter.fit(clips[:12], clips[12:], seed=0)


def names():
    slow = [pytest.param("network", marks=pytest.mark.slow), pytest.param("softnet", marks=pytest.mark.slow)]
    return ["unlearned", "mdmd_spotter", "of_fd", *slow]


def test_the_registry_is_complete():
    assert set(SPOTTERS) == {"unlearned", "mdmd_spotter", "of_fd", "softnet", "network"}
    assert all(spotter.description for spotter in SPOTTERS.values())
    assert {name for name, spotter in SPOTTERS.items() if spotter.names_aus} == {"unlearned", "network"}


@pytest.mark.parametrize("name", names())
def test_finds_a_clear_event_and_no_other(name):
    spots = fitted(name).spot(make_run([(1.3, 1.6)]))
    assert len(spots) == 1
    assert spots[0].interval.iou(Interval(1.3, 1.6)) >= 0.5
    assert spots[0].onset_s <= spots[0].apex_s <= spots[0].offset_s
    assert spots[0].apex_s == pytest.approx(1.45, abs=0.08)
    assert bool(spots[0].aus) == SPOTTERS[name].names_aus


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("seed", range(3))
def test_finds_nothing_in_noise(name, seed):
    assert fitted(name).spot(make_run(seed=100 + seed)) == []


@pytest.mark.parametrize("name", names())
def test_spots_are_sorted_apart_and_inside_the_run(name):
    events = [(0.0, 0.2), (0.5, 0.8), (0.85, 1.1), (2.0, 2.3), (5.85, 6.1)]
    run = make_run(events, seed=3, seconds=6.0)
    spots = fitted(name).spot(run)
    assert len(spots) >= 2
    assert all(spot.onset_s < spot.offset_s for spot in spots)
    assert all(a.offset_s <= b.onset_s for a, b in pairwise(spots))
    assert spots[0].onset_s >= run.times_s[0]
    assert spots[-1].offset_s <= run.times_s[-1]


@pytest.mark.parametrize("name", names())
def test_a_shift_in_time_shifts_the_spots(name):
    events = [(0.7, 1.0), (1.9, 2.2)]
    here = fitted(name).spot(make_run(events))
    there = fitted(name).spot(make_run(events, start_s=37.5))
    assert len(here) == len(there) == 2
    for a, b in zip(here, there, strict=True):
        assert b.onset_s - a.onset_s == pytest.approx(37.5, abs=1e-3)
        assert b.apex_s - a.apex_s == pytest.approx(37.5, abs=1e-3)
        assert b.score == pytest.approx(a.score, rel=1e-2)


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("frames", [1, 2, 3, 6])
def test_short_runs(name, frames):
    run = make_run([(1.3, 1.6)])
    short = MotionRun(run.times_s[:frames], run.flow[:frames])
    assert fitted(name).spot(short) == []


@pytest.mark.parametrize("name", ["unlearned", "mdmd_spotter", "of_fd"])
def test_can_be_sent_to_another_process(name):
    again = pickle.loads(pickle.dumps(fitted(name)))  # noqa: S301
    run = make_run([(1.3, 1.6)])
    assert again.spot(run) == fitted(name).spot(run)


@pytest.mark.parametrize("name", ["unlearned", "mdmd_spotter", "of_fd"])
def test_uneven_frame_times(name):
    """A third of the frames is missing, the event is found all the same."""
    run = make_run([(1.3, 1.6)])
    kept = np.random.default_rng(2).random(len(run.times_s)) > 1 / 3
    spots = fitted(name).spot(MotionRun(run.times_s[kept], run.flow[kept]))
    assert any(spot.interval.iou(Interval(1.3, 1.6)) >= 0.5 for spot in spots)


def test_unlearned_learns_nothing():
    one = SPOTTERS["unlearned"].fit([make_clip(0, [(0.5, 0.8)])], [])
    run = make_run([(1.3, 1.6)])
    assert one.spot(run) == SPOTTERS["unlearned"].fit([], [], seed=9).spot(run)
    assert "nothing" in one.chosen["learned"]


def test_unlearned_says_when_and_what():
    (spot,) = Unlearned().spot(make_run([(1.3, 1.6)]))
    assert spot.onset_s == pytest.approx(1.3, abs=0.05)
    assert spot.offset_s == pytest.approx(1.6, abs=0.05)
    named = {item.au for item in spot.aus}
    assert {1, 2} <= named <= {1, 2, 5}  # the skirts of this movement reach the lids
    assert all(item.side is Side.BOTH for item in spot.aus)


def test_unlearned_takes_no_lasting_change_no_blink_and_nothing_large():
    run = make_run([(1.3, 1.6)])
    times, event = run.times_s, make_flow(run.times_s, [(1.3, 1.6)], 0, 0.0)
    for bad in (
        MotionRun(times, (make_flow(times, [], 0) + 10 * event).astype(np.float16)),
        MotionRun(times, make_flow(times, [(1.0, 2.6)], 0)),
        MotionRun(times, make_lids(times)),
    ):
        assert Unlearned().spot(bad) == []


def make_lids(times):
    flow = make_flow(times, [], 0)
    ys, xs = np.mgrid[0:56, 0:56] * 2 + 0.5
    lids = sum(np.exp(-((xs - x) ** 2 + (ys - 35) ** 2) / (2 * 4**2)) for x in (34.5, 76.5))
    phase = np.clip((times - 1.3) / 0.3, 0, 1)
    flow[:, 1] += (1.5 * np.sin(np.pi * phase) ** 2)[:, None, None] * lids
    return flow


@pytest.mark.parametrize(("duration", "step"), [(0.14, 1 / 25), (0.29, 1 / 60), (0.56, 1 / 100)])
def test_pulse_answers_one_to_itself_and_nothing_to_a_drift(duration, step):
    kernel = pulse(duration, step)
    x = np.arange(len(kernel)) - len(kernel) // 2
    bell = np.where(np.abs(x) < duration / step / 2, 0.5 + 0.5 * np.cos(2 * np.pi * x * step / duration), 0)
    assert kernel @ bell == pytest.approx(1, abs=1e-5)
    assert kernel.sum() == pytest.approx(0, abs=1e-5)
    assert kernel @ x == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("au", [au for au in DEFAULT_AUS if au not in MIDLINE_AUS])
@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
def test_a_template_is_named_as_what_it_is(au, side):
    templates = _templates(14)
    row = next(i for i in range(len(templates.aus)) if (templates.aus[i], templates.sides[i]) == (au, side))
    named = name_aus(templates.fields[row] * 2, np.full(templates.fields.shape[1], 0.1), 14)
    assert [(item.au, item.side) for item in named.aus] == [(au, side)]


def test_left_is_right_in_the_picture_and_both_sides_are_mirror_images():
    templates, at = _templates(14), cell_centres(14)
    rows = {(au, side): i for i, (au, side) in enumerate(zip(templates.aus, templates.sides, strict=True))}
    u, v = templates.fields[rows[12, Side.LEFT]].reshape(2, -1)
    strongest = np.argmax(np.hypot(u, v))
    assert at[strongest, 0] > 55.5
    assert u[strongest] > 0 > v[strongest]  # outward and up
    mirror = {(round(x, 3), round(y, 3)): i for i, (x, y) in enumerate(at)}
    order = [mirror[round(111 - x, 3), round(y, 3)] for x, y in at]
    right_u, right_v = templates.fields[rows[12, Side.RIGHT]].reshape(2, -1)
    assert np.allclose(right_u[order], -u)
    assert np.allclose(right_v[order], v)


def test_two_aus_on_two_sides():
    templates = _templates(14)
    rows = {(au, side): i for i, (au, side) in enumerate(zip(templates.aus, templates.sides, strict=True))}
    moved = templates.fields[rows[2, Side.LEFT]] + 0.9 * templates.fields[rows[15, Side.RIGHT]]
    named = name_aus(moved, np.full(len(moved), 0.1), 14)
    assert {(item.au, item.side) for item in named.aus} == {(2, Side.LEFT), (15, Side.RIGHT)}


def test_closing_lids_are_eyes_only():
    lids = _templates(14).fields[len(_templates(14).aus)]
    assert name_aus(lids, np.full(len(lids), 0.1), 14) == ((), True)


def test_regional_flow_is_the_mean_of_cells():
    flow = np.random.default_rng(0).normal(size=(3, 2, 56, 56))
    found, cells = regional_flow(flow, 7), face_cells(7)
    row, column = divmod(int(cells[5]), 7)
    block = flow[:, :, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
    assert np.allclose(found[:, :, 5], block.mean(axis=(2, 3)), atol=1e-6)
    assert cell_centres(7)[5] == pytest.approx([16 * column + 7.5, 16 * row + 7.5])
    with pytest.raises(ValueError, match="divisor"):
        regional_flow(flow, 5)


def test_even_times_thin_out_and_interpolate():
    times = np.array([0.0, 0.01, 0.02, 0.03, 0.06, 0.07])
    assert np.allclose(even_times(times, 60.0), np.arange(5) / 60)
    assert np.allclose(even_times(times, 500.0), np.arange(8) / 100)
    assert at_times(times, times * 10, np.array([-1, 0.005, 0.045, 9])) == pytest.approx([0, 0.05, 0.45, 0.7])


spot_lists = st.lists(
    st.tuples(st.floats(0, 10), st.floats(0.05, 1), st.floats(0, 1)).map(
        lambda item: Spot(item[0], item[0], item[0] + item[1], item[2])
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(spot_lists)
def test_apart_keeps_the_best_and_leaves_out_only_what_overlaps_a_better_one(spots):
    kept = apart(spots)
    assert all(a.offset_s <= b.onset_s for a, b in pairwise(kept))
    for spot in spots:
        better = [o for o in kept if o.score >= spot.score and o.onset_s < spot.offset_s and spot.onset_s < o.offset_s]
        assert better


def test_peaks_need_both_limits():
    times = np.arange(9) / 10
    trace = Trace(times, np.array([0, 0, 1, 0, 0, 0, 2, 0, 0], float))
    assert [s.apex_s for s in pick_peaks(trace, Limits(0.0, 0.0, 0.1))] == pytest.approx([0.2, 0.6])
    assert [s.apex_s for s in pick_peaks(trace, Limits(0.6, 0.0, 0.1))] == pytest.approx([0.6])
    assert pick_peaks(trace, Limits(0.0, 2.5, 0.1)) == []
    (first, _) = pick_peaks(trace, Limits(0.0, 0.0, 0.15))
    assert (first.onset_s, first.offset_s) == pytest.approx((0.05, 0.35))


def test_half_length():
    assert half_length([make_clip(0, [(0.5, 0.8)]), make_clip(1, [(0.5, 0.7)])]) == pytest.approx(0.125)
    assert half_length([]) == 0.15


def test_band_filters_answer_to_their_band_alone():
    step = 1 / 50
    time = np.arange(-200, 201) * step
    wave = np.cos(2 * np.pi * 4.5 * time)
    energy = {}
    for band in ((1.5, 3.5), (3.5, 7.0), (7.0, 12.0)):
        parts = [np.convolve(wave, kernel, "valid") for part in band_filters(band, step) for kernel in part]
        energy[band] = np.square(parts).mean()
        assert all(abs(kernel.sum()) < 1e-9 for part in band_filters(band, step) for kernel in part)
    assert energy[3.5, 7.0] > 10 * energy[7.0, 12.0]
    assert energy[3.5, 7.0] > 2 * energy[1.5, 3.5]
    assert band_filters((7.0, 12.0), 1 / 10)[0].shape[0] == 0


def test_overlaps_of_pairs():
    clip = make_clip(0, [(0.5, 0.8)])
    found = overlaps(np.array([0.0, 0.5, 0.65, 0.35, 0.8]), clip, 0.3)
    assert found == pytest.approx([0, 1, 1 / 3, 1 / 3, 0], abs=1e-6)


def test_pair_input_and_network_shapes():
    flow = np.zeros((2, 2, 56, 56), np.float16)
    flow[1, 0] = np.arange(56) * 2 * 0.01  # u grows by 0.01 a pixel to the right
    pairs = pair_input(flow)
    assert pairs.shape == (2, 3, 42, 42)
    assert pairs[0].abs().max() == 0
    assert pairs[1, 2, 20, 20] == pytest.approx(0.1, rel=0.02)  # strain in tenths
    assert SoftNet()(pairs).shape == (2,)


def test_softnet_training_is_seeded():
    clips = [make_clip(seed, [(0.5, 0.8)]) for seed in range(3)]
    nets = []
    for seed in (0, 0, 1):
        torch.rand(1)  # whatever else drew random numbers before
        nets.append(train_network(clips, 0.15, SoftnetSettings(epochs=1, pairs=8), seed))
    pairs = pair_input(run_of(clips[0]).flow[:4])
    with torch.inference_mode():
        first, same, other = (net(pairs) for net in nets)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_settings_stand_in_what_was_chosen():
    assert Unlearned(UnlearnedSettings(least=5.0)).chosen["least"] == 5.0
