"""Simulated data: they have what was wished, pass as real ones, and say that they are not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from curves.errors import FormatError, InputError
from studies.analysis import analyse
from studies.experts import OVERALL, normalise, read_scores, totals
from studies.ratings import Missing
from studies.simulate import SD_TOLERANCE, draw, emotion_spreads, fit_population, fit_sample
from studies.simulated_means import PRESETS, EmotionMeans, Means, find_means, means_toml
from studies.simulated_tables import (
    FILES,
    MEANS,
    RATINGS,
    README,
    SESSIONS,
    SimulationSettings,
    figures,
    simulated_study,
    write_study,
)
from studies.simulated_votes import write_scores, write_votes
from studies.validation import ReadSettings, read_ratings
from studies.vocabulary import DIMENSIONS, EMOTIONS, RATING_COLUMNS, SESSION_COLUMNS
from studies.votes import analyse_votes, read_votes

PAPER = PRESETS["paper-004"]

# --- the means -------------------------------------------------------------------------------------------------------


def test_the_presets_figures_are_those_of_paper_004() -> None:
    """Table 5: difference and p of 82 people give the SD of the differences; Table 4's last column is the pooled SD."""
    printed = {
        "anger": (-0.1301, 0.068), "disgust": (-0.1931, 0.008), "happiness": (-0.0935, 0.325),
        "sadness": (-0.1850, 0.044), "surprise": (0.0813, 0.425),
    }  # fmt: skip
    correlations = []
    for word, (difference, p) in printed.items():
        one = PAPER.emotions[word]
        assert one.mean_a - one.mean_b == pytest.approx(difference, abs=2e-4)
        spread = abs(difference) * np.sqrt(82) / stats.t.isf(p / 2, 81)
        assert one.sd_difference == pytest.approx(spread, abs=1e-4)
        correlations.append(1 - one.sd_difference**2 / (2 * one.sd**2))
    fear = PAPER.emotions["fear"]
    assert fear.sd_difference == pytest.approx(fear.sd * np.sqrt(2 * (1 - np.mean(correlations))), abs=1e-4)
    t = (fear.mean_b - fear.mean_a) / fear.sd_difference * np.sqrt(82)
    assert 2 * stats.t.sf(t, 81) < 0.001  # as printed


@pytest.mark.slow
@given(seed=st.integers(0, 50), n=st.integers(20, 90), items=st.integers(1, 3))
@settings(max_examples=8)
def test_a_sample_has_the_wished_figures(seed: int, n: int, items: int) -> None:
    ratings, _ = fit_sample(PAPER, n, items, np.random.default_rng(seed))
    assert ratings.shape == (n, 6, 3, items, 2)
    assert ratings.min() >= 1
    assert ratings.max() <= 5
    cells = ratings.mean(axis=(0, 3))
    for e, emotion in enumerate(PAPER.emotions):
        for d, dimension in enumerate(DIMENSIONS):
            for video in (0, 1):
                wished = PAPER.cell_mean(emotion, dimension, video)
                assert abs(cells[e, d, video] - wished) <= 0.5 / (n * items) + 1e-12
    wished_spreads = np.array([(one.sd, one.sd_difference) for one in PAPER.emotions.values()]).T
    assert np.abs(emotion_spreads(ratings) / wished_spreads - 1).max() <= SD_TOLERANCE


@pytest.mark.slow
def test_a_population_has_the_wished_figures_and_its_samples_differ() -> None:
    fit = fit_population(PAPER)
    many = draw(fit, PAPER, 30_000, 1, np.random.default_rng(9))
    for e, one in enumerate(PAPER.emotions.values()):
        assert many[:, e].mean(axis=(0, 1, 2)) == pytest.approx([one.mean_a, one.mean_b], abs=0.025)
        assert emotion_spreads(many)[:, e] == pytest.approx([one.sd, one.sd_difference], rel=0.03)
    few = [draw(fit, PAPER, 82, 1, np.random.default_rng(seed))[:, 0, :, :, 0].mean() for seed in range(5)]
    assert np.std(few) > 0.02


def test_rounding_alone_would_miss_the_means() -> None:
    """What is corrected for: at a mean of 4.6 the ceiling takes more than a tenth of a point."""
    high = Means("high", "a test", {"fear": EmotionMeans(4.6, 4.6, 0.5, 0.5)})
    ratings, fit = fit_sample(high, 200, 1, np.random.default_rng(2))
    assert ratings.mean() == pytest.approx(4.6, abs=0.003)
    assert fit.shift.mean() > 4.7


def test_an_effect_is_the_same_d_z_in_every_emotion() -> None:
    ratings, _ = fit_sample(PAPER.with_effect(0.5), 82, 1, np.random.default_rng(1))
    differences = ratings[..., 1].mean(axis=(2, 3)) - ratings[..., 0].mean(axis=(2, 3))
    assert differences.mean(axis=0) / differences.std(axis=0, ddof=1) == pytest.approx(np.full(6, 0.5), abs=0.05)
    of_dimensions = (ratings[..., 1] - ratings[..., 0]).mean(axis=(0, 1, 3))
    assert np.ptp(of_dimensions) < 0.01
    null, _ = fit_sample(PAPER.with_effect(0.0), 82, 1, np.random.default_rng(1))
    assert abs((null[..., 1] - null[..., 0]).mean()) < 0.005


def test_wishes_that_integers_cannot_fulfil_are_told() -> None:
    tight = Means("tight", "a test", {"fear": EmotionMeans(3.5, 3.5, 0.05, 0.02)})
    with pytest.raises(InputError, match=r"cannot have the sd.* wished for fear; the nearest is"):
        fit_sample(tight, 50, 1, np.random.default_rng(1))
    with pytest.raises(InputError, match="too few"):
        fit_sample(PAPER, 19, 1, np.random.default_rng(1))
    with pytest.raises(InputError, match="must lie within 1 and 5"):
        PAPER.with_effect(3.0)
    for wrong in ((3.0, 3.0, 0.5, 1.0), (3.0, 3.0, 0.0, 0.1), (3.0, 3.0, 0.5, float("nan")), (0.9, 3.0, 0.5, 0.5)):
        with pytest.raises(InputError):
            EmotionMeans(*wrong)


# --- the files -------------------------------------------------------------------------------------------------------


def test_the_tables_pass_the_readers_validation_unchanged(tmp_path: Path) -> None:
    write_study(PAPER, SimulationSettings(n=40, seed=3), tmp_path)
    held = read_ratings(tmp_path / RATINGS, tmp_path / SESSIONS)
    assert len(held.rejected) == 0
    assert len(held.people) == 40
    assert len(held.cells) == 40 * 6 * 3 * 2
    assert held.people["order"].value_counts().to_dict() == {"AB": 20, "BA": 20}
    assert held.people["attention_check_passed"].sum() == 38
    pairs = held.pairs("fear")
    assert pairs["B"].mean() - pairs["A"].mean() == pytest.approx(3.8150 - 3.5305, abs=0.03)


def test_items_and_missing_ratings_pass_too(tmp_path: Path) -> None:
    write_study(PAPER, SimulationSettings(n=30, items=2, missing=0.1), tmp_path)
    held = read_ratings(tmp_path / RATINGS, settings=ReadSettings(missing=Missing.MEAN_AVAILABLE))
    assert held.items == ("1", "2")
    assert len(held.long) == round(0.9 * 30 * 6 * 3 * 2 * 2)
    assert len(held.rejected) == 0
    with pytest.raises(InputError, match="lacks"):
        read_ratings(tmp_path / RATINGS)


def test_every_file_says_that_it_is_simulated(tmp_path: Path) -> None:
    written = write_study(PAPER, SimulationSettings(n=20), tmp_path)
    written += [write_votes(tmp_path), write_scores(tmp_path)]
    assert {path.name for path in written} >= set(FILES)
    for path in written:
        assert path.name.startswith("simulated_") or path.name == README
        assert "simulated" in path.read_text(encoding="utf-8").lower()
        if path.suffix == ".csv":
            table = pd.read_csv(path, dtype=str)
            assert (table["simulated"] == "true").all()
            who = next(name for name in ("participant_id", "voter", "expert") if name in table.columns)
            assert table[who].str.startswith("sim-").all()
    assert (tmp_path / README).read_text(encoding="utf-8").startswith("SIMULATED DATA.")


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for seed, folder in ((1, "a"), (1, "b"), (2, "c")):
        write_study(PAPER, SimulationSettings(n=20, seed=seed), tmp_path / folder)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / RATINGS).read_bytes() != (tmp_path / "c" / RATINGS).read_bytes()


def test_columns_and_what_people_are() -> None:
    ratings, sessions = simulated_study(PAPER, SimulationSettings(n=82))
    assert tuple(ratings.columns) == (*RATING_COLUMNS[:7], "rating", "recognition_score", "simulated")
    assert set(SESSION_COLUMNS) < set(sessions.columns)
    people = ratings.drop_duplicates("participant_id")
    assert people["gender"].value_counts().to_dict() == {"female": 45, "male": 37}
    assert (people["age_band"] == "25-30").sum() == 41
    assert set(ratings["emotion"]) == set(EMOTIONS)
    score = ratings.drop_duplicates(["participant_id", "emotion"]).groupby("participant_id")["recognition_score"].mean()
    b = ratings[ratings["video"] == "B"].astype({"rating": float}).groupby("participant_id")["rating"].mean()
    assert 0.3 < stats.pearsonr(score, b).statistic < 0.75  # paper 004: R2 = 0.277


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_participants_can_be_drawn(n: int) -> None:
    ratings, sessions = simulated_study(PRESETS["no-effect"], SimulationSettings(n=n, drawn=True))
    assert len(ratings) == n * 36
    assert len(sessions) == n


def test_the_readme_tells_wished_and_got(tmp_path: Path) -> None:
    write_study(PAPER, SimulationSettings(n=82, seed=4), tmp_path)
    text = (tmp_path / README).read_text(encoding="utf-8")
    ratings = pd.read_csv(tmp_path / RATINGS, dtype=str)
    got = figures(ratings).loc["fear"]
    row = next(line for line in text.splitlines() if line.startswith("fear"))
    told = [float(word) for word in row.replace("/", " ").split()[1:]]
    wished = PAPER.emotions["fear"]
    assert told[::2] == [wished.mean_a, wished.mean_b, wished.sd, wished.sd_difference]
    assert told[1::2] == pytest.approx(got.tolist(), abs=5e-5)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"items": 0}, {"missing": 1.0}, {"missing": -0.1}, {"inattentive": 1.1}])
def test_settings_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        SimulationSettings(**wrong)  # type: ignore[arg-type]


def test_votes_and_scores_have_the_printed_figures_of_paper_003(tmp_path: Path) -> None:
    rates = [row for row in analyse_votes(read_votes(write_votes(tmp_path, 5))) if row.analysis == "preference_rate"]
    assert [row.estimate for row in rates[::2]] == [10 / 18, 14 / 18, 14 / 18, 17 / 18]
    held = read_scores(write_scores(tmp_path, 5))
    sums = totals(held)
    assert sums.sum(axis=1).tolist() == [173, 236, 303, 316]
    assert normalise(sums)[OVERALL].round(6).tolist() == [1.57062, 2.228101, 2.736842, 2.936782]
    assert held.missing == 0


# --- means of one's own ----------------------------------------------------------------------------------------------


def test_means_are_written_and_read_back(tmp_path: Path) -> None:
    for means in (PAPER, PRESETS["no-effect"], PAPER.with_effect(0.25)):
        path = tmp_path / MEANS
        path.write_text(means_toml(means), encoding="utf-8")
        again = find_means(str(path))
        assert dict(again.emotions) == dict(means.emotions)
        assert dict(again.dimensions) == dict(means.dimensions)
        assert (again.name, again.source, again.recognition) == (means.name, means.source, means.recognition)


def test_some_emotions_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[emotions.fear]\nmean_a = 3\nmean_b = 3.4\nsd = 0.8\nsd_difference = 0.9\n", encoding="utf-8")
    ratings, _ = simulated_study(find_means(str(path)), SimulationSettings(n=25))
    assert set(ratings["emotion"]) == {"fear"}
    assert figures(ratings).loc["fear", "mean_b"] == pytest.approx(3.4, abs=0.02)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "needs a table"),
        ("emotions = 3", "a value in place of a table"),
        ("[emotions.joy]\n", "joy is not known"),
        ("[emotions.fear]\nmean_a = 3\n", "the key mean_b must be a number"),
        ("[emotions.fear]\nmean_a = 3\nmean_b = 3\nsd = 'x'\nsd_difference = 1\n", "the key sd must be a number"),
        ("[emotions.fear]\nmean = 3\n", "mean is not known"),
        ("[emotions", "no TOML"),
    ],
)
def test_wrong_means_are_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=told):
        find_means(str(path))


def test_unknown_means_are_told() -> None:
    with pytest.raises(InputError, match="neither a file nor one of: paper-004, no-effect"):
        find_means("paper-005")


@pytest.mark.parametrize("name", ["sim-0001", "simone"])
def test_results_of_simulated_ratings_say_so_first(tmp_path: Path, name: str) -> None:
    ratings, _ = simulated_study(PAPER, SimulationSettings(n=20))
    real = ratings.assign(participant_id=ratings["participant_id"].str.replace("sim-", "p"))
    real["participant_id"] = real["participant_id"].replace("p0001", name)
    real.to_csv(tmp_path / "r.csv", index=False)
    first = analyse(read_ratings(tmp_path / "r.csv"), names=["data"]).iloc[0]
    assert (first["term"] == "simulated") is name.startswith("sim-")
    assert first["note"].startswith("simulated data") is name.startswith("sim-")
