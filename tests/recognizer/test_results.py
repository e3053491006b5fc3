"""Figures agree with scikit-style definitions and with scores; intervals are over subjects."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evaluation_systems import FixedSpotter, NearestMean, spotting_clip, toy_samples
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from curves.errors import InputError
from recognizer.evaluation import EvaluationSettings, evaluate
from recognizer.labelling import label_samples
from recognizer.protocols import ClassMap, Kind, Protocol
from recognizer.results import (
    COLUMNS,
    MEAN,
    Judged,
    Resampling,
    draw_subjects,
    percentiles,
    predictions_table,
    result_rows,
    rows_of,
    score,
    table_of,
)
from recognizer.scores import accuracy, confusion_matrix, uar, uf1
from recognizer.spot_evaluation import evaluate_spotter, spotting_rows
from recognizer.systems import FitSettings

QUICK = Resampling(draws=300)
ABOUT = {"system": "fixed", "protocol": "spotting", "data": "clips"}
answers = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40)


def judged(rows: list[tuple[str, int, int]], **changes: Any) -> Judged:
    return Judged(
        tuple(("set", name) for name, _, _ in rows),
        ("x", "y", "z"),
        np.array([true for _, true, _ in rows]),
        np.array([found for _, _, found in rows]),
        **changes,
    )


def value(rows: list[dict[str, Any]], metric: str, label: str = "", seed: str = MEAN) -> dict[str, Any]:
    (found,) = [r for r in rows if (r["metric"], r["label"], r["seed"]) == (metric, label, seed)]
    return found


@given(answers)
@settings(max_examples=40, deadline=None)
def test_figures_are_those_of_scores(rows: list) -> None:
    one = judged(rows)
    matrix = confusion_matrix(one.true, one.predicted, 3)
    np.testing.assert_array_equal(one.matrix, matrix)
    values = dict(zip(one.keys, score({"0": one}, Resampling(draws=5)).values[0], strict=True))
    for metric, expected in (("uf1", uf1(matrix)), ("uar", uar(matrix)), ("accuracy", accuracy(matrix))):
        assert values[metric, ""] == pytest.approx(expected)
    for c, name in enumerate(one.classes):
        tp, wrong = matrix[c, c], matrix[c].sum() + matrix[:, c].sum() - 2 * matrix[c, c]
        expected = 2 * tp / (2 * tp + wrong) if tp + wrong else math.nan
        assert values["f1", name] == pytest.approx(expected, nan_ok=True)


@given(answers)
@settings(max_examples=40, deadline=None)
def test_the_interval_of_one_draw_is_the_figure_of_the_subjects_drawn(rows: list) -> None:
    one = judged(rows)
    names = sorted(set(one.subjects))
    assume(len(names) > 1)
    (weights,) = draw_subjects(len(names), Resampling(draws=1, seed=3))
    repeated = [
        row
        for name, count in zip(names, weights, strict=True)
        for _ in range(count)
        for row in rows
        if row[0] == name[1]
    ]
    scored = score({"0": one}, Resampling(draws=1, seed=3))
    expected = judged(repeated)
    np.testing.assert_allclose(scored.draws[0, 0], expected.figures(expected.matrix, np.zeros((0, 3), np.int64)))


def test_intervals_are_over_subjects_not_clips() -> None:
    """Two people, one all right, one all wrong: however many clips they have, nothing is known of a third."""
    rows = [("a", k % 2, k % 2) for k in range(200)] + [("b", k % 2, 1 - k % 2) for k in range(200)]
    found = value(rows_of(score({"0": judged(rows)}, QUICK), QUICK, {}), "accuracy")
    assert found["value"] == 0.5
    assert (found["ci_low"], found["ci_high"]) == (0.0, 1.0)


def test_one_subject_gives_no_interval() -> None:
    one = judged([("a", k % 2, 0) for k in range(10)])
    for row in rows_of(score({"0": one, "1": one}, QUICK), QUICK, {}):
        assert math.isnan(row["ci_low"]), row
        assert math.isnan(row["ci_high"]), row
    assert value(rows_of(score({"0": one}, QUICK), QUICK, {}), "accuracy")["value"] == 0.5


def test_many_subjects_give_the_binomial_interval() -> None:
    rng = np.random.default_rng(0)
    rows = [(f"s{k}", 0, int(rng.random() > 0.7)) for k in range(400)]
    found = value(rows_of(score({"0": judged(rows)}, Resampling()), Resampling(), {}), "accuracy")
    half = 1.96 * math.sqrt(0.7 * 0.3 / 400)
    assert (found["ci_high"] - found["ci_low"]) / 2 == pytest.approx(half, rel=0.12)


def test_seeds_are_averaged_and_their_spread_told() -> None:
    good, bad = [("a", 0, 0), ("b", 1, 1)], [("a", 0, 0), ("b", 1, 0)]
    rows = rows_of(score({"0": judged(good), "1": judged(bad)}, QUICK), QUICK, {"system": "s"})
    mean = value(rows, "accuracy")
    assert mean["value"] == 0.75
    assert mean["sd"] == pytest.approx(math.sqrt(0.125))
    assert value(rows, "accuracy", seed="1")["value"] == 0.5
    assert math.isnan(value(rows, "accuracy", seed="1")["sd"])


def test_n_is_what_a_figure_rests_on() -> None:
    counts = np.zeros((3, 2, 3), np.int64)
    counts[0, 0, 0] = counts[1, 0, 2] = counts[2, 1, 1] = 1  # AU1: found once, missed once; AU2: once found wrongly
    one = judged([("a", 0, 0), ("a", 0, 1), ("b", 2, 2)], aus=(1, 2), au_counts=counts)
    sizes = dict(zip(one.keys, one.sizes, strict=True))
    assert (sizes["uf1", ""], sizes["f1", "x"], sizes["recall", "y"]) == (3, 2, 0)
    assert (sizes["au_f1", "1"], sizes["au_f1", "2"]) == (2, 0)
    values = dict(zip(one.keys, score({"0": one}, QUICK).values[0], strict=True))
    assert values["au_f1", "1"] == pytest.approx(2 / 3)
    assert values["au_f1", "2"] == 0.0
    assert values["au_f1_macro", ""] == pytest.approx(1 / 3)


def test_figures_that_most_draws_lack_have_no_interval() -> None:
    draws = np.array([[0.5, np.nan], [0.6, np.nan], [0.7, 1.0]])
    low, high = percentiles(draws, Resampling(level=0.9))
    assert (low[0], high[0]) == (pytest.approx(0.51), pytest.approx(0.69))
    assert np.isnan([low[1], high[1]]).all()


@pytest.mark.slow
def test_table_of_an_evaluation(tmp_path: Path) -> None:
    two = ClassMap("two", "", ("disgust", "happiness"), {"*": {"disgust": "disgust", "happiness": "happiness"}})
    data = label_samples(toy_samples(noise=0.8), two, (4, 12))
    asked = EvaluationSettings(
        ("nearest", "again"), two, Protocol(Kind.KFOLD, folds=3), (0, 1), (4, 12), FitSettings(epochs=5), 1
    )
    systems = {"nearest": NearestMean(), "again": NearestMean()}
    evaluation = evaluate(data, asked, tmp_path, systems=systems)
    rows = result_rows(evaluation, QUICK, protocol="kfold", data="toy")
    table = table_of(rows)
    assert tuple(table.columns) == COLUMNS
    assert set(table["system"]) == {"nearest", "again"}
    one = table[table["system"] == "nearest"]
    assert set(one["metric"]) == {"uf1", "uar", "accuracy", "f1", "recall", "au_f1", "au_f1_macro"}
    assert not table.duplicated(["system", "seed", "metric", "label"]).any()
    assert (table["ci_low"] <= table["value"] + 1e-9).all()
    assert (table["value"] <= table["ci_high"] + 1e-9).all()
    same = table[(table["system"] == "again") & (table["metric"] == "uf1_difference")].iloc[0]
    assert (same["label"], same["value"], same["ci_low"], same["ci_high"]) == ("nearest", 0.0, 0.0, 0.0)
    predictions = predictions_table(evaluation)
    assert len(predictions) == 24 * 2 * 2
    pooled = predictions[(predictions["system"] == "nearest") & (predictions["seed"] == 0)]
    hits = (pooled["y_true"] == pooled["y_pred"]).mean()
    assert one[(one["metric"] == "accuracy") & (one["seed"] == "0")]["value"].item() == pytest.approx(hits)
    assert pooled[["p_disgust", "p_happiness"]].sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-5)
    assert set(pooled["aus_true"]) == {"4", "12"}


def test_spots_match_intervals_of_their_own_type() -> None:
    """``FixedSpotter`` says 1.1 to 1.5 s in each clip: micro. Where the truth there is called macro, it is missed."""
    both = [(1.0, 1.2, 1.5), (3.0, 3.2, 3.5)]
    plain = [spotting_clip(f"p{k}", k, both) for k in range(6)]
    macro_there, macro_here = np.array([False, True]), np.array([True, False])
    for marked, micro, overall in ((macro_there, 2 / 3, 1 / 2), (macro_here, 0.0, 0.0)):
        clips = [replace(clip, event_macro=marked) for clip in plain]
        run = evaluate_spotter("fixed", FixedSpotter(), clips, Protocol(Kind.LOSO), [0], resampling=QUICK)
        table = pd.DataFrame(spotting_rows(run, QUICK, ABOUT))
        value = table[table["seed"] == "mean"].set_index(["metric", "label"])["value"]
        assert value["spotting_f1", "micro"] == pytest.approx(micro)
        assert value["spotting_f1", "macro"] == 0.0
        assert value["spotting_f1", ""] == pytest.approx(overall)
        assert run.people[2] == 6


def test_spotters_are_judged_on_people_apart(tmp_path: Path) -> None:
    clips = [spotting_clip(f"p{k}", k, [(1.0, 1.2, 1.5)]) for k in range(10)]
    spotter = FixedSpotter()
    run = evaluate_spotter(
        "fixed", spotter, clips, Protocol(Kind.SPLIT, test_share=0.3), (0,), resampling=QUICK, keep=tmp_path
    )
    assert run.people == (6, 1, 3)
    assert not spotter.people[0] & spotter.people[1]
    rows = spotting_rows(run, QUICK, ABOUT)
    expected = {
        "spotting_f1": 2 * 3 / (2 * 3 + 3), "spotting_precision": 0.5, "spotting_recall": 1.0,
        "false_events_per_min": 1.0, "onset_error_s": 0.1, "apex_error_s": 0.0, "offset_error_s": 0.0,
        "spotting_au_f1_macro": 0.5,
    }  # fmt: skip
    for metric, wanted in expected.items():
        found = value(rows, metric)
        assert found["value"] == pytest.approx(wanted, abs=1e-9), metric
        assert found["n"] == 3
        assert found["ci_low"] == pytest.approx(wanted, abs=1e-9)  # all people are alike
    # Another run finds what was kept; of other clips it judges anew.
    for some, fits in ((clips, 0), ([*clips[:-1], spotting_clip("p9", 9, [(1.0, 1.3, 1.5)])], 1)):
        again = FixedSpotter()
        evaluate_spotter(
            "fixed", again, some, Protocol(Kind.SPLIT, test_share=0.3), (0,), resampling=QUICK, keep=tmp_path
        )
        assert len(again.people) == 2 * fits


def test_clips_without_events_cannot_judge() -> None:
    silent = [spotting_clip(f"p{k}", k, []) for k in range(5)]
    with pytest.raises(InputError, match="hold no event"):
        evaluate_spotter("fixed", FixedSpotter(), silent, Protocol(Kind.SPLIT), (0,), resampling=QUICK)


def test_draws_are_of_as_many_subjects_as_there_are() -> None:
    weights = draw_subjects(7, QUICK)
    assert (weights.sum(axis=1) == 7).all()
    assert any((a != b).any() for a, b in pairwise(weights))
    np.testing.assert_array_equal(weights, draw_subjects(7, QUICK))
