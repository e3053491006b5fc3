"""Rows of results as tables of a report: only columns in which something stands, numbers as in a paper."""

from collections.abc import Callable, Hashable
from typing import Any

import pandas as pd

from studies import apa
from studies.document import Table
from studies.ratings import ALL
from studies.report_text import TITLES

_LONG = 16  # rows; a longer table of pooled rows and of single cells becomes two


def result_tables(part: pd.DataFrame, analysis: str) -> list[Table]:
    """Tables of one analysis; every row of ``part`` (columns ``studies.results.COLUMNS``) is in one of them."""
    if not len(part):
        return []
    title = TITLES.get(analysis, analysis)
    single = ~part["emotion"].isin([ALL, ""]) & ~part["dimension"].isin([ALL, ""])
    build = _effect_table if analysis == "effect_sizes" else _table
    if len(part) <= _LONG or not single.any() or single.all():
        return [build(part, f"{title} ({analysis}).")]
    return [
        build(part[~single], f"{title}, pooled ({analysis})."),
        build(part[single], f"{title}, by emotion and dimension ({analysis})."),
    ]


def _table(part: pd.DataFrame, caption: str) -> Table:
    heads: dict[str, list[str]] = {
        "emotion": list(part["emotion"]), "dimension": list(part["dimension"]), "term": list(part["term"]),
    }  # fmt: skip
    heads = {name: words for name, words in heads.items() if any(words)} or {"analysis": list(part["analysis"])}
    body: dict[str, list[str]] = {
        "n": [apa.degrees(value) for value in part["n"]],
        "statistic": _each(part, _statistic),
        "p": [apa.p_value(value) for value in part["p"]],
        "p Bonferroni": [apa.p_value(value) for value in part["p_bonferroni"]],
        "p Holm": [apa.p_value(value) for value in part["p_holm"]],
        "p FDR": [apa.p_value(value) for value in part["p_fdr"]],
        "estimate [interval]": _each(part, _estimate),
        "effect [interval]": _each(part, _effect),
        "note": list(part["note"]),
    }
    body = {name: words for name, words in body.items() if any(word not in ("", apa.NONE) for word in words)}
    columns = {**heads, **body}
    numeric = frozenset(at for at, name in enumerate(columns) if name == "n" or name.startswith("p"))
    rows = tuple(tuple(row) for row in zip(*columns.values(), strict=True))
    return Table(caption, tuple(columns), rows, numeric, heads=len(heads))


def _effect_table(part: pd.DataFrame, caption: str) -> Table:
    """A row a question, a column an effect name; every effect of ``part`` is there, notes are told once."""
    names = list(dict.fromkeys(part["effect_name"]))
    rows = []
    for (emotion, dimension, n), group in part.groupby(["emotion", "dimension", "n"], sort=False, dropna=False):
        shown: dict[Hashable, str] = {}
        for row in group.to_dict("records"):
            both = (shown.get(row["effect_name"], ""), _effect_value(row))
            shown[row["effect_name"]] = "; ".join(filter(None, both))
        notes = [f"{row['effect_name']}: {row['note']}" for row in group.to_dict("records") if row["note"]]
        estimate = apa.number(group["estimate"].iloc[0])
        cells = [shown.get(name, apa.NONE) for name in names]
        rows.append((str(emotion), str(dimension), apa.degrees(n), estimate, *cells, "; ".join(dict.fromkeys(notes))))
    columns = ("emotion", "dimension", "n", "B - A", *names, "note")
    return Table(caption, columns, tuple(rows), frozenset({2, 3}), heads=2)


def _each(part: pd.DataFrame, tell: Callable[[dict[Hashable, Any]], str]) -> list[str]:
    return [tell(row) for row in part.to_dict("records")]


def _statistic(row: dict[Hashable, Any]) -> str:
    return apa.statistic(row["statistic_name"], row["statistic"], row["df1"], row["df2"])


def _estimate(row: dict[Hashable, Any]) -> str:
    return apa.with_interval(row["estimate"], row["ci_low"], row["ci_high"])


def _effect(row: dict[Hashable, Any]) -> str:
    if apa.missing(row["effect"]):
        return apa.NONE
    return f"{row['effect_name']} = {_effect_value(row)}" if row["effect_name"] else _effect_value(row)


def _effect_value(row: dict[Hashable, Any]) -> str:
    bounded = apa.is_bounded(row["effect_name"])
    return apa.with_interval(row["effect"], row["effect_ci_low"], row["effect_ci_high"], bounded=bounded)
