"""All analyses of a study's ratings, by name, into one table of results.

A new analysis is a function ``(ratings, settings) -> list[Result]`` and one row of ``ANALYSES``.
"""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from studies.corrections import correct
from studies.manova import independent_f, manova_published
from studies.mixed import lmm
from studies.paired import effect_sizes, hotelling_t2_paired, paired_t, wilcoxon
from studies.ratings import FLOW_COLUMNS, Missing, Ratings
from studies.regression import regression
from studies.reliability import cronbach_alpha, icc_of_ratings
from studies.results import SIMULATED, Result, is_simulated, results_frame
from studies.rm_anova import rm_anova
from studies.robustness import attention_sensitivity, order_effect, sensitivity_power, tost
from studies.settings import AnalysisSettings

Analysis = Callable[[Ratings, AnalysisSettings], list[Result]]
POLICIES: Mapping[Missing, str] = {
    Missing.STRICT: "only participants who gave every rating",
    Missing.ITEM_PAIRS: "an item counts only where its participant rated it for both A and B",
    Missing.MEAN_AVAILABLE: "a cell is the mean of whatever items there are, for A and B apart; pooled means "
    "of A, B and B - A are over cells with both videos",
}


def data(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:  # noqa: ARG001  # as every analysis
    """Not an analysis: who is in, who was left out and why. n: participants (of "excluded": of whom no row is left)."""
    policy = f"policy {ratings.policy}: {POLICIES[ratings.policy]}"
    rows = [Result(analysis="data", term="missing ratings", n=len(ratings.people), note=policy)]
    fractions = ratings.long[ratings.long["rating"] % 1 != 0]
    lone = ratings.cells[~ratings.cells.duplicated(["participant_id", "emotion", "dimension"], keep=False)]
    for term, odd, told in (
        ("fractional ratings", fractions, "ratings are no whole numbers; they count as they are"),
        (
            "unpaired cells",
            lone,
            "emotions x dimensions with a rating of one video only: in no B - A, nor pooled A or B",
        ),
    ):
        if len(odd):
            people = int(odd["participant_id"].nunique())
            rows.append(Result(analysis="data", term=term, n=people, note=f"{len(odd)} {told}"))
    for table, step, reason, count, participants in ratings.flow[list(FLOW_COLUMNS)].astype(object).to_numpy():
        told = f"{count} rows" + (f": {reason}" if reason else "")
        rows.append(Result(analysis="data", term=f"{table} {step}", n=int(participants), note=told))
    mark = Result(analysis="data", term="simulated", n=len(ratings.people), note=SIMULATED)
    return [mark, *rows] if is_simulated(ratings.people.index) else rows


#: In the order of the table of results.
ANALYSES: Mapping[str, Analysis] = {
    "data": data,
    # as paper 004 did
    "manova_published": manova_published,
    "independent_f": independent_f,
    "regression": regression,
    # as the design asks
    "hotelling_t2_paired": hotelling_t2_paired,
    "paired_t": paired_t,
    "effect_sizes": effect_sizes,
    "wilcoxon": wilcoxon,
    "rm_anova": rm_anova,
    "lmm": lmm,
    # do the ratings agree?
    "cronbach_alpha": cronbach_alpha,
    "icc": icc_of_ratings,
    # would it stand?
    "order_effect": order_effect,
    "attention_sensitivity": attention_sensitivity,
    "tost": tost,
    "sensitivity_power": sensitivity_power,
}


def analyse(
    ratings: Ratings, settings: AnalysisSettings | None = None, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """The table of ``studies.results.results_frame``: every analysis of ``ANALYSES`` or those of ``names``, corrected
    within the families of ``settings``.

    Raises:
        ValueError: an unknown name.
    """
    asked = settings or AnalysisSettings()
    chosen = list(ANALYSES if names is None else names)
    unknown = [name for name in chosen if name not in ANALYSES]
    if unknown:
        raise ValueError(f"analysis: expected one of {', '.join(ANALYSES)}, got {unknown[0]!r}")
    rows = [row for name in chosen for row in ANALYSES[name](ratings, asked)]
    return results_frame(correct(rows, asked.families))
