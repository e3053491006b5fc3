"""The user study's tables computed again from its own printed figures: what agrees, what does not, what cannot be told.

A recomputed figure agrees if some numbers that round to the printed ones give it. The source is named in
``paper_tables.toml``. "Cohen's d" there is a pooled SD; figures of ours are for B - A and name their denominators.
"""

from collections import Counter
from dataclasses import asdict
from typing import Any

import pandas as pd

from studies.paper_regression import regression_rows, text_rows
from studies.paper_rows import PaperRow, Verdict, paper_figures
from studies.paper_tests import emotion_tests, means_agree, overall_row, paired_tests, whole_ratings

#: In words, for who does not read 130 rows; each is held by a test against them.
FINDINGS: tuple[str, ...] = (
    'The column "Cohen\'s d" of Tables 4 to 6 is the pooled standard deviation of A and B in rating points: with it as '
    "the SD, the p values of all six emotions of Table 4 come out; were it d, all six would be below 0.0001.",
    "The p values of Table 4 are those of F(1, 162), two independent groups of 82, though the same 82 people rated "
    "both videos. They test the mean over the dimensions: no multivariate statistic is printed.",
    "The true effects are smaller: by size d_z is 0.08 to 0.33 where p is printed. For fear and for clarity, of which "
    "only p < 0.001 is known, it is above 0.37; d_av_rms is 0.39 and 0.23 there.",
    "The Overall row of Table 4 cannot be had from the rows above it: their mean difference is -0.1342, not -0.2564. "
    'Its "Cohen\'s d" of 0.048 is neither d nor a pooled SD; partial eta squared of F(1, 162) would be that.',
    "Disgust (p = 0.008) may or may not be below Bonferroni's 0.0083: the printed p is rounded. After Holm it is "
    "significant.",
    "In Table 6 the means of naturalness and authenticity give the printed differences only if the zeros at their end "
    "were filled in; the differences themselves fit those of Table 5.",
    "The p of naturalness in the text, 0.606, does not follow from Table 6; those of clarity and authenticity do.",
    "The regression of Table 7 is consistent in itself with n = 82, Shapiro-Wilk included. Independence of its "
    "residuals is claimed; no figure for it is printed.",
    "The means of Table 5 cannot come from one whole rating a dimension; with two items a dimension all can.",
)


def paper_rows() -> list[PaperRow]:
    """Every comparison, by table."""
    return [
        *emotion_tests(),
        *overall_row(),
        *paired_tests("5", "emotions", 6),
        *whole_ratings(),
        *paired_tests("6", "dimensions", 3),
        *means_agree(),
        *regression_rows(),
        *text_rows(),
    ]


def paper_frame(rows: list[PaperRow] | None = None) -> pd.DataFrame:
    """The rows as a table; numbers that do not exist are NaN."""
    return pd.DataFrame([asdict(row) for row in (paper_rows() if rows is None else rows)])


def paper_document(rows: list[PaperRow]) -> dict[str, Any]:
    """The ``--json`` document."""
    counts = Counter(str(row.verdict) for row in rows)
    return {
        "format": "microexpr.study-paper/1",
        "source": paper_figures()["source"],
        "findings": list(FINDINGS),
        "counts": {str(verdict): counts[str(verdict)] for verdict in Verdict},
        "rows": [asdict(row) for row in rows],
    }
