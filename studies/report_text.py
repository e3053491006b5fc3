"""The words of a report: what each analysis is, how it was done, what a reader must know about it."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from platform import python_version

import pandas as pd

from studies.analysis import POLICIES
from studies.corrections import DEFAULT_FAMILIES
from studies.ratings import ALL, Missing
from studies.settings import AnalysisSettings
from studies.vocabulary import DIMENSIONS, EMOTIONS


@dataclass(frozen=True, slots=True)
class Section:
    """Of a report: the analyses that it shows, in this order; ``warning`` stands before them."""

    title: str
    intro: str
    analyses: tuple[str, ...]
    warning: str = ""


SECTIONS: tuple[Section, ...] = (
    Section(
        "Results as in the published study",
        "The analysis of the study that this design follows, repeated so that results can be compared with it. Ratings "
        "of A and B are treated as if two groups of people had given them.",
        ("manova_published", "independent_f"),
        "Ignores pairing: every participant rated both videos, and these tests do not use it. They are no evidence for "
        "or against an effect in this design; the next section is.",
    ),
    Section(
        "Results as the design asks",
        "Each participant is compared with himself or herself. Differences are B - A: above zero, ratings are higher "
        "with the micro-expression.",
        ("hotelling_t2_paired", "paired_t", "wilcoxon"),
    ),
    Section(
        "Effect sizes",
        "Each effect size carries its denominator in its name; sizes with different denominators must not be compared. "
        "d_z stands with the t tests above and in the figure.",
        ("effect_sizes",),
    ),
    Section(
        "Models",
        "All ratings at once, with the participant as the unit that repeats.",
        ("rm_anova", "lmm"),
    ),
    Section(
        "Reliability",
        "How far the items, or the ratings of one participant, say the same thing.",
        ("cronbach_alpha", "icc"),
    ),
    Section(
        "Robustness",
        "Whether the result hangs on the order of the videos or on inattentive participants, whether absence of an "
        "effect can be claimed, and which effects this sample could have shown.",
        ("order_effect", "attention_sensitivity", "tost", "sensitivity_power"),
    ),
    Section(
        "Regression on the recognition score",
        "The participant's mean rating of video B on the participant's mean recognition score, one point a "
        "participant. Both come from the same people at the same time: this is no evidence of cause.",
        ("regression",),
    ),
)

#: What a table of an analysis is called.
TITLES: dict[str, str] = {
    "data": "What was read and what was left out",
    "manova_published": "MANOVA of the three dimensions, A and B as independent groups (ignores pairing)",
    "independent_f": "Univariate F tests, A and B as independent groups (ignores pairing)",
    "hotelling_t2_paired": "Paired Hotelling T² over the three dimensions",
    "paired_t": "Paired t tests",
    "wilcoxon": "Wilcoxon signed-rank tests",
    "effect_sizes": "Effect sizes of B - A with their intervals",
    "rm_anova": "Repeated-measures ANOVA, video × emotion",
    "lmm": "Linear mixed model",
    "cronbach_alpha": "Cronbach's alpha",
    "icc": "Intraclass correlation",
    "order_effect": "Effect of the order of the videos",
    "attention_sensitivity": "Without the participants who failed an attention check",
    "tost": "Equivalence (two one-sided tests)",
    "sensitivity_power": "Effects that this sample could have shown",
    "regression": "Regression and its diagnostics",
}

#: How each analysis was done: sentences of a methods section.
METHODS: dict[str, str] = {
    "hotelling_t2_paired": "The dimensions were tested together with Hotelling's T² on the paired differences.",
    "paired_t": "Video A and video B were compared with two-sided paired t tests on participants' means.",
    "wilcoxon": "Wilcoxon signed-rank tests (differences rounded to 10 decimals before ranking, exact where possible) "
    "were run too; zero differences are dropped, in the test and in the Hodges-Lehmann estimate and its interval.",
    "rm_anova": "A repeated-measures ANOVA (video × emotion, type III sums of squares) was corrected for "
    "non-sphericity after Greenhouse-Geisser and Huynh-Feldt.",
    "lmm": "A linear mixed model had a random intercept and a random slope of video for each participant.",
    "cronbach_alpha": "Internal consistency is Cronbach's alpha.",
    "icc": "Agreement is the intraclass correlation of the form named in its row.",
    "order_effect": "The influence of presentation order was tested on the differences of the two orders.",
    "attention_sensitivity": "The paired tests were repeated without the participants who failed an attention check.",
    "tost": "Claims of no effect rest on two one-sided tests (TOST) against the bounds named in the rows.",
    "sensitivity_power": "The smallest effect that the sample could show is given for the power named in the row.",
    "regression": "The mean rating of video B was regressed on the mean recognition score by ordinary least squares; "
    "residuals were examined with the Shapiro-Wilk, Breusch-Pagan and Durbin-Watson statistics and Cook's distance.",
    "manova_published": "For comparison with the published study, MANOVAs (Pillai, Wilks, Hotelling-Lawley, Roy) that "
    "treat A and B as independent groups are reported and marked as ignoring the pairing.",
    "independent_f": "For the same comparison, univariate F tests that treat A and B as independent groups are "
    "reported and marked as ignoring the pairing.",
}

#: Denominators of effect sizes, by name.
EFFECTS: dict[str, str] = {
    "d_z": "d_z is the mean difference divided by the standard deviation of the differences",
    "g_z": "g_z is d_z with Hedges' correction for small samples",
    "d_av_rms": "d_av_rms is the mean difference divided by the root mean square of the standard deviations of A and B",
    "g_av": "g_av is the same with Hedges' correction",
    "d_s": "d_s is the mean difference divided by the pooled standard deviation of A and B, as of independent groups",
    "partial_eta_squared": "partial eta squared is the sum of squares of the effect divided by itself plus that of its "
    "error",
    "rank_biserial_matched": "the matched-pairs rank-biserial correlation is the difference of the sums of positive "
    "and negative ranks divided by their total",
}


def methods_paragraph(frame: pd.DataFrame, n: int, policy: Missing, settings: AnalysisSettings) -> str:
    """Text for a paper. ``frame``: the table of results; only what has a number in it is said to have been done."""
    has_number = frame["statistic"].notna() | frame["effect"].notna()
    there, done = set(frame["analysis"]), set(frame.loc[has_number, "analysis"])
    parts = [
        f"{n} participant{'s' * (n != 1)} rated video A (without micro-expressions) and video B (with them). "
        f"Differences are B - A. Missing ratings were treated by the policy {policy} ({POLICIES[policy]}).",
        *(sentence for name, sentence in METHODS.items() if name in done),
    ]
    gone = [title for name, title in TITLES.items() if name in there - done - {"data"}]
    if gone:
        parts.append(f"Could not be computed, for the reasons in the tables: {'; '.join(gone)}.")
    effects = set(frame.loc[frame["effect"].notna(), "effect_name"])
    named = [words for name, words in EFFECTS.items() if name in effects]
    if named:
        parts.append(f"Effect sizes carry their denominator in the name: {'; '.join(named)}.")
    parts += _corrections(frame, settings)
    if done:
        confidence = f"{100 * settings.confidence:g} %"
        parts.append(f"Tests are two-sided at alpha = {settings.alpha:g} unless marked; intervals are {confidence}.")
    parts.append(f"Computed with {software()}.")
    return " ".join(parts)


def _corrections(frame: pd.DataFrame, settings: AnalysisSettings) -> list[str]:
    """The declared families with their sizes, and how many tests of each analysis were corrected; nothing if none."""
    tested = frame[frame["p_holm"].notna()]
    if tested.empty:
        return []
    families = settings.families
    declared = [f"{name}: {len(words)} ({', '.join(words)})" for name, words in families.items()]
    for one, other in product(families, families):
        if set(families[one]) <= set(EMOTIONS) and set(families[other]) <= set(DIMENSIONS):
            name = "cells" if (one, other) == tuple(DEFAULT_FAMILIES) else f"{one} x {other}"
            size = len(families[one]) * len(families[other])
            declared.append(f"{name}: {size} (each emotion in each dimension)")
    alike: dict[str, list[str]] = {}
    for analysis, rows in tested.groupby("analysis", sort=False):
        alike.setdefault(_counted(rows), []).append(str(analysis))
    counts = "; ".join(f"{counted} in {', '.join(names)}" for counted, names in alike.items())
    return [
        "p values were corrected after Bonferroni, Holm and Benjamini-Hochberg (FDR) within each declared family of "
        f"tests ({'; '.join(declared)}). The size of a family is the declared one. Corrected tests: {counts}."
    ]


def _counted(rows: pd.DataFrame) -> str:
    """ "6 by emotion, 3 by dimension, 18 by emotion and dimension": of one statistic and term, the most there are."""
    emotion, dimension = (~rows[name].isin(["", ALL]) for name in ("emotion", "dimension"))
    kinds = {
        "by emotion": emotion & ~dimension,
        "by dimension": dimension & ~emotion,
        "by emotion and dimension": emotion & dimension,
    }
    most = {kind: rows[chosen].groupby(["statistic_name", "term"]).size().max() for kind, chosen in kinds.items()}
    return ", ".join(f"{count} {kind}" for kind, count in most.items() if count > 0)


def software() -> str:
    """The versions that decide the numbers: "microexpr 0.1.0, Python 3.13.5, numpy ..."."""
    names = [("microexpr", _version("microexpr")), ("Python", python_version())]
    names += [(name, _version(name)) for name in ("numpy", "scipy", "pandas", "statsmodels", "matplotlib")]
    return ", ".join(f"{name} {number}" for name, number in names)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(version unknown)"
