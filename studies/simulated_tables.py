"""Simulated data sets as files: the very tables that a study gives, marked as simulated in every one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from curves.errors import InputError
from studies import simulate
from studies.orders import order_list
from studies.results import write_csv
from studies.simulated_means import Means, means_toml
from studies.vocabulary import DIMENSIONS, SCALE, VIDEOS

RATINGS, SESSIONS = "simulated_ratings.csv", "simulated_sessions.csv"
MEANS, README = "simulated_means.toml", "README.txt"
FILES = (RATINGS, SESSIONS, MEANS, README)

#: Shares of paper 004's participants where it prints them (section 4.2.1), invented where it does not.
GENDERS: Mapping[str, float] = {"female": 45 / 82, "male": 37 / 82}
AGE_BANDS: Mapping[str, float] = {"18-24": 0.2, "25-30": 0.5, "31-40": 0.18, "41-50": 0.08, "51+": 0.04}
EDUCATION: Mapping[str, float] = {"secondary": 0.08, "bachelor": 0.53, "master": 0.32, "doctorate": 0.07}


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """``n`` participants, ``items`` a dimension, ``missing``: share of ratings left empty, by chance; ``inattentive``:
    share of participants whose attention check is marked as failed, by chance and without any effect on ratings.
    ``drawn``: by chance from a population that has the means, in place of a sample that has them itself."""

    n: int = 82
    seed: int = 1
    items: int = 1
    missing: float = 0.0
    inattentive: float = 0.05
    drawn: bool = False

    def __post_init__(self) -> None:
        for held, message in (
            (self.n >= 1, f"--n {self.n} is below 1"),
            (1 <= self.items <= 20, f"--items {self.items} is outside 1 to 20"),
            (0.0 <= self.missing < 1.0, f"--missing {self.missing:g} is outside 0 to 1"),
            (0.0 <= self.inattentive <= 1.0, f"--inattentive {self.inattentive:g} is outside 0 to 1"),
        ):
            if not held:
                raise InputError(f"{message}.")


def simulated_study(means: Means, settings: SimulationSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings and sessions with the columns of ``studies.vocabulary`` and ``simulated``; ids are "sim-0001", ....

    Raises:
        InputError: as ``simulate.fit_sample``.
    """
    rng = np.random.default_rng(settings.seed)
    if settings.drawn:
        fit = simulate.fit_population(means, settings.items)
        ratings = simulate.draw(fit, means, settings.n, settings.items, rng)
    else:
        ratings = simulate.fit_sample(means, settings.n, settings.items, rng)[0]
    people = _people(settings.n, rng)
    recognition = _recognition(ratings[..., 1].mean(axis=(1, 2, 3)), len(means.emotions), means.recognition, rng)
    return _rating_rows(ratings, recognition, people, means, settings, rng=rng), _sessions(people, means, settings, rng)


def _people(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Demographic words whose counts are the shares of ``n``, in an order drawn."""
    words = {
        name: rng.permutation(np.repeat(list(shares), _counts(n, list(shares.values()))))
        for name, shares in (("age_band", AGE_BANDS), ("gender", GENDERS), ("education", EDUCATION))
    }
    return pd.DataFrame({"participant_id": [f"sim-{number:04d}" for number in range(1, n + 1)], **words})


def _counts(n: int, shares: list[float]) -> list[int]:
    """Whole numbers that sum to ``n``, next to the shares of it."""
    ends = np.rint(np.cumsum(shares) / sum(shares) * n).astype(int)
    return [int(count) for count in np.diff(ends, prepend=0)]


def _recognition(
    mean_b: simulate.FloatArray, emotions: int, wished: tuple[float, float, float], rng: np.random.Generator
) -> simulate.IntArray:
    """(n, emotions) scores 1..5; their mean goes with the participant's mean rating of B."""
    mean, sd, correlation = wished
    spread = mean_b.std()
    standard = (mean_b - mean_b.mean()) / (spread if spread > 0 else 1.0)
    person = correlation * standard + np.sqrt(1 - correlation**2) * rng.standard_normal(len(mean_b))
    noise = 0.4 * rng.standard_normal((len(mean_b), emotions))
    scores: simulate.IntArray = np.clip(np.rint(mean + sd * person[:, None] + noise), *SCALE).astype(np.int64)
    return scores


def _rating_rows(
    ratings: simulate.IntArray, recognition: simulate.IntArray, people: pd.DataFrame, means: Means,
    settings: SimulationSettings, *, rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """``ratings`` (n, E, D, items, 2) as rows; ``settings.missing`` of them with an empty rating."""
    person, emotion, dimension, item, video = (index.ravel() for index in np.indices(ratings.shape))
    values = ratings.ravel().astype(str).astype(object)
    values[rng.permutation(values.size)[: round(settings.missing * values.size)]] = ""
    about = {name: people[name].to_numpy()[person] for name in people.columns}
    table = pd.DataFrame(
        {
            **about,
            "emotion": np.array(list(means.emotions))[emotion],
            "video": np.array(VIDEOS)[video],
            "dimension": np.array(DIMENSIONS)[dimension],
            "item": (item + 1).astype(str),
            "rating": values,
            "recognition_score": recognition[person, emotion],
            "simulated": "true",
        }
    )
    return table if settings.items > 1 else table.drop(columns="item")


def _sessions(
    people: pd.DataFrame, means: Means, settings: SimulationSettings, rng: np.random.Generator
) -> pd.DataFrame:
    failed = rng.permutation(settings.n) < round(settings.inattentive * settings.n)
    return pd.DataFrame(
        {
            "participant_id": people["participant_id"],
            "order": [one.order for one in order_list(settings.n, tuple(means.emotions), settings.seed)],
            "attention_check_passed": np.where(failed, "false", "true"),
            "duration_s": np.rint(np.exp(rng.normal(np.log(780.0), 0.25, settings.n))).astype(int),
            "simulated": "true",
        }
    )


def write_study(means: Means, settings: SimulationSettings, out: Path) -> list[Path]:
    """Ratings, sessions, the means that were wished and a README, each marked as simulated, in ``out`` (made)."""
    ratings, sessions = simulated_study(means, settings)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(ratings, out / RATINGS)
    write_csv(sessions, out / SESSIONS)
    (out / MEANS).write_text(means_toml(means), encoding="utf-8", newline="\n")
    (out / README).write_text(_readme(means, settings, ratings), encoding="utf-8", newline="\n")
    return [out / name for name in FILES]


def figures(ratings: pd.DataFrame) -> pd.DataFrame:
    """What the ratings have, an emotion a row: mean_a, mean_b, sd, sd_difference as in ``EmotionMeans``."""
    given = ratings[ratings["rating"] != ""].astype({"rating": "float64"})
    means = given.groupby(["emotion", "participant_id", "video"], sort=False)["rating"].mean().unstack()
    of_emotion = means.groupby(level="emotion", sort=False)
    spread = np.sqrt(of_emotion.var().mean(axis=1))
    difference = (means["B"] - means["A"]).groupby(level="emotion", sort=False).std()
    return of_emotion.mean().set_axis(["mean_a", "mean_b"], axis=1).assign(sd=spread, sd_difference=difference)


def _readme(means: Means, settings: SimulationSettings, ratings: pd.DataFrame) -> str:
    cell = settings.n * settings.items
    how = f"made so that the sample itself has them: means to half a rating in a cell's {cell}, standard deviations to "
    how += f"{simulate.SD_TOLERANCE:.0%}"
    if settings.drawn:
        how = "drawn by chance from a population that has these figures"
    got = figures(ratings)
    lines = [
        "SIMULATED DATA. Nobody gave these ratings; they are for teaching, tests and rehearsals.",
        "Every file here says so: by its name, by the column 'simulated', by ids that begin with 'sim-'.",
        "",
        f"Means: {means.name} ({means.source}).",
        f"The ratings are {how}. Missing ratings: {settings.missing:.1%}, by chance, after that.",
        f"n {settings.n}, seed {settings.seed}, items a dimension {settings.items}; the order of videos has no effect;",
        f"attention checks failed by {settings.inattentive:.0%}, by chance, without any effect either.",
        "",
        "emotion      mean_a wished/has    mean_b wished/has    sd wished/has      sd_difference wished/has",
    ]
    for word, one in means.emotions.items():
        has = got.loc[word]
        pairs = [f"{getattr(one, name):7.4f} /{has[name]:7.4f}" for name in got.columns]
        lines.append(f"{word:10}   " + "     ".join(pairs))
    command = f"microexpr study analyze {RATINGS} --sessions {SESSIONS} --out results"
    lines += ["", f"Analyse: {command}" + (" --missing mean_available" if settings.missing else ""), ""]
    return "\n".join(lines)
