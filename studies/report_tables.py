"""Rows of results as tables of a report: only columns in which something stands, numbers as in a paper."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import pandas as pd

from studies import apa
from studies.document import Table
from studies.ratings import ALL
from studies.report_text import TITLES

_NUMERIC = ("n", "p", "p Bonferroni", "p Holm", "p FDR")
_LONG = 16  # rows; a longer table of pooled rows and of single cells becomes two
Row = dict[Hashable, Any]


def result_tables(part: pd.DataFrame, analysis: str) -> list[Table]:
    """Tables of one analysis; every row of ``part`` (columns ``studies.results.COLUMNS``) is in one of them. What all
    rows of a table share (a note, a term) stands in its caption instead."""
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
    if (part["analysis"] == "manova_published").all():
        part = _one_row_a_manova(part)
    shared, notes = _shared_notes(list(part["note"]))
    heads, told = _heads({name: list(part[name]) for name in ("emotion", "dimension", "term")})
    body: dict[str, list[str]] = {
        "n": [apa.degrees(value) for value in part["n"]],
        "statistic": _each(part, _statistic),
        "p": [apa.p_value(value) for value in part["p"]],
        "p Bonferroni": [apa.p_value(value) for value in part["p_bonferroni"]],
        "p Holm": [apa.p_value(value) for value in part["p_holm"]],
        "p FDR": [apa.p_value(value) for value in part["p_fdr"]],
        "estimate [interval]": _each(part, _estimate),
        _effect_title(part): _each(part, _effect_value if _one_effect(part) else _effect),
        "note": notes,
    }
    body = {name: words for name, words in body.items() if any(word not in ("", apa.NONE) for word in words)}
    columns = {**(heads or {"analysis": list(part["analysis"])}), **body}
    numeric = frozenset(at for at, name in enumerate(columns) if name in _NUMERIC)
    rows = tuple(tuple(row) for row in zip(*columns.values(), strict=True))
    return Table(
        _captioned(caption, told, shared), tuple(columns), rows, numeric, max(1, len(heads)), has_notes="note" in body
    )


def _one_row_a_manova(part: pd.DataFrame) -> pd.DataFrame:
    """The rows of F, which stands for all four statistics of its MANOVA with one and the same p; ``shown`` tells them
    all. Rows without an F beside them stay."""
    kept = []
    for _, group in part.groupby([*_QUESTION, "term", "p", "note"], sort=False, dropna=False):
        rows = group.to_dict("records")
        if rows[-1]["statistic_name"] == "F":
            words = [apa.statistic(row["statistic_name"], row["statistic"]) for row in rows[:-1]]
            exists = not apa.missing(rows[-1]["statistic"])
            rows = [rows[-1] | {"shown": ", ".join([*words, _statistic(rows[-1])]) if exists else apa.NONE}]
        kept += rows
    return pd.DataFrame(kept)


def _effect_table(part: pd.DataFrame, caption: str) -> Table:
    """A row a question, a column an effect name; every effect of ``part`` is there, notes are told once."""
    names = list(dict.fromkeys(part["effect_name"]))
    shared, loose = _shared_notes([
        "; ".join(f"{row['effect_name']}: {note}" for row in group.to_dict("records") for note in _split(row["note"]))
        for _, group in part.groupby(_QUESTION, sort=False, dropna=False)
    ])  # fmt: skip
    rows = []
    groups = part.groupby(_QUESTION, sort=False, dropna=False)
    for ((emotion, dimension, n), group), note in zip(groups, loose, strict=True):
        records = group.to_dict("records")
        cells = ["; ".join(_effect_value(row) for row in records if row["effect_name"] == name) for name in names]
        shown = [str(emotion), str(dimension), apa.degrees(n), apa.number(group["estimate"].iloc[0])]
        rows.append((*shown, *(cell or apa.NONE for cell in cells), *((note,) if any(loose) else ())))
    columns = ("emotion", "dimension", "n", "B - A", *names, *(("note",) if any(loose) else ()))
    return Table(_captioned(caption, [], shared), columns, tuple(rows), frozenset({2, 3}), 2, has_notes=any(loose))


_QUESTION = ["emotion", "dimension", "n"]


def _heads(columns: dict[str, list[str]]) -> tuple[dict[str, list[str]], list[str]]:
    """The columns that name rows, and what is told once because all rows have it."""
    filled = {name: [word or apa.NONE for word in words] for name, words in columns.items() if any(words)}
    if len(filled) < 2 or len(next(iter(filled.values()))) < 2:
        return filled, []
    same = [name for name, words in filled.items() if len(set(words)) == 1]
    if len(same) == len(filled):
        same = same[1:]
    return {name: words for name, words in filled.items() if name not in same}, [
        f"{name}: {filled[name][0]}" for name in same
    ]


def _shared_notes(notes: Sequence[str]) -> tuple[list[str], list[str]]:
    """The parts (between semicolons) that all notes have, and the notes without them; of one row nothing is shared."""
    parts = [_split(note) for note in notes]
    if len(parts) < 2:
        return [], list(notes)
    shared = [part for part in dict.fromkeys(parts[0]) if all(part in others for others in parts)]
    return shared, ["; ".join(part for part in own if part not in shared) for own in parts]


def _split(note: str) -> list[str]:
    return [part for part in note.split("; ") if part]


def _captioned(caption: str, told: Sequence[str], shared: Sequence[str]) -> str:
    same = "; ".join([*told, *shared])
    return f"{caption} All rows: {same}." if same else caption


def _each(part: pd.DataFrame, tell: Callable[[Row], str]) -> list[str]:
    return [tell(row) for row in part.to_dict("records")]


def _statistic(row: Row) -> str:
    if isinstance(row.get("shown"), str):
        return str(row["shown"])
    return apa.statistic(row["statistic_name"], row["statistic"], row["df1"], row["df2"])


def _estimate(row: Row) -> str:
    return apa.with_interval(row["estimate"], row["ci_low"], row["ci_high"])


def _one_effect(part: pd.DataFrame) -> bool:
    """Whether the effects of all rows that have one are of the same name: it can stand above them."""
    names = set(part.loc[part["effect"].notna(), "effect_name"])
    return len(names) == 1 and "" not in names


def _effect_title(part: pd.DataFrame) -> str:
    if not _one_effect(part):
        return "effect [interval]"
    return f"{apa.name_of(part.loc[part['effect'].notna(), 'effect_name'].iloc[0])} [interval]"


def _effect(row: Row) -> str:
    if apa.missing(row["effect"]):
        return apa.NONE
    return f"{apa.name_of(row['effect_name'])} = {_effect_value(row)}" if row["effect_name"] else _effect_value(row)


def _effect_value(row: Row) -> str:
    bounded = apa.is_bounded(row["effect_name"])
    return apa.with_interval(row["effect"], row["effect_ci_low"], row["effect_ci_high"], bounded=bounded)
