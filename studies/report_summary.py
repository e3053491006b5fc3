"""The first lines of a report: what the paired tests say, in sentences that can stand in a paper."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from studies import apa
from studies.document import Block, Heading, Listing
from studies.ratings import ALL
from studies.settings import AnalysisSettings

Row = dict[Hashable, Any]


def summary(frame: pd.DataFrame, settings: AnalysisSettings) -> list[Block]:
    """Overall, by emotion and by dimension, from the rows of ``paired_t``; nothing where they are missing."""
    tests = frame[frame["analysis"] == "paired_t"]
    emotions = tests[(tests["emotion"] != ALL) & (tests["dimension"] == ALL)].to_dict("records")
    dimensions = tests[(tests["emotion"] == ALL) & (tests["dimension"] != ALL)].to_dict("records")
    pooled = tests[(tests["emotion"] == ALL) & (tests["dimension"] == ALL)].to_dict("records")
    items = [f"Over all emotions and dimensions: {_test(row, settings)}." for row in pooled]
    items += _family(emotions, "emotion", settings)
    items += _family(dimensions, "dimension", settings)
    return [Heading("In short"), Listing(tuple(items))] if items else []


def _family(rows: list[Row], column: str, settings: AnalysisSettings) -> list[str]:
    """Who differs after Holm's correction, who does not, and of whom there is no test."""
    tested = [row for row in rows if not apa.missing(row["p"])]
    without = [row for row in rows if apa.missing(row["p"])]
    corrected = [row for row in tested if not apa.missing(row["p_holm"])]
    lines = []
    for found, words in ((True, "differ"), (False, "do not differ significantly")):
        part = [row for row in corrected if (row["p_holm"] < settings.alpha) is found]
        if part:
            told = "; ".join(f"{row[column]} ({_test(row, settings)})" for row in part)
            lines.append(f"By {column}, after Holm's correction: A and B {words} in {told}.")
    single = [row for row in tested if apa.missing(row["p_holm"])]
    lines += [f"By {column}, in no family and uncorrected: {row[column]} ({_test(row, settings)})." for row in single]
    if without:
        told = "; ".join(f"{row[column]} ({row['note']})" for row in without)
        lines.append(f"By {column}, no test exists for {told}.")
    return lines


def _test(row: Row, settings: AnalysisSettings) -> str:
    """ "B - A = 0.11, 95 % CI [0.06, 0.16], t(81) = 4.50, p < .001, d_z = 0.50 [0.27, 0.72]"."""
    if apa.missing(row["statistic"]):
        return f"no test: {row['note']}" if row["note"] else "no test"
    low_high = apa.interval(row["ci_low"], row["ci_high"])
    parts = [
        f"B - A = {apa.number(row['estimate'])}",
        f"{100 * settings.confidence:g} % CI {low_high}" if low_high else "",
        apa.statistic(row["statistic_name"], row["statistic"], row["df1"], row["df2"]),
        _p("p", row["p"]),
        "" if apa.missing(row["p_holm"]) else _p("p Holm", row["p_holm"]),
    ]
    if not apa.missing(row["effect"]):
        effect = apa.with_interval(row["effect"], row["effect_ci_low"], row["effect_ci_high"])
        parts.append(f"{row['effect_name']} = {effect}")
    return ", ".join(filter(None, parts))


def _p(name: str, value: object) -> str:
    words = apa.p_value(value)
    return f"{name} {words}" if words[0] in "<>" else f"{name} = {words}"
