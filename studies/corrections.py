"""p-values corrected for how many were looked at: Bonferroni, Holm, and Benjamini-Hochberg's false discovery rate.

A family is declared before the data are seen: by default the six emotions ("emotions") and the three dimensions
("dimensions"). Rows of one analysis, statistic and term that differ only in the emotion are corrected together, as are
those that differ only in the dimension. Rows of one emotion and one dimension are the family "cells", emotions x
dimensions, 18 by default; with families of the user's own it is the product of the two. A row about all emotions and
all dimensions is in no family, its corrected p-values stay empty. The declared size counts, also where a member has no
p-value (an emotion that nobody rated, no variance), as R's ``p.adjust(p, n = size)`` does; ``note`` then says so.
One whose p is too small for a number counts as tested and stays without one.
"""

import gc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from statsmodels.stats.multitest import multipletests

from curves.errors import InputError
from studies.layout import TINY_P
from studies.ratings import ALL
from studies.results import Result
from studies.vocabulary import DIMENSIONS, EMOTIONS

Families = Mapping[str, tuple[str, ...]]
DEFAULT_FAMILIES: Families = {"emotions": EMOTIONS, "dimensions": DIMENSIONS}
CELLS = "cells"  # emotions x dimensions
_METHODS = {"p_bonferroni": "bonferroni", "p_holm": "holm", "p_fdr": "fdr_bh"}
_Key = tuple[str, str, str, str, str]


def correct(results: Sequence[Result], families: Families = DEFAULT_FAMILIES) -> list[Result]:
    """The same rows in the same order with their corrected p-values, where they are in a family; others unchanged.
    ``note`` names the family's size where it is not the number of tests, and always for cells."""
    members: dict[_Key, list[int]] = {}
    for place, result in enumerate(results):
        key = _family(result, families)
        if key is not None and (result.p is not None or TINY_P in result.note):
            members.setdefault(key, []).append(place)
    corrected = correct_together(results, members.values(), [_size(key, families) for key in members])
    for key, places in members.items():
        told = _told(key, _size(key, families), len(places))
        for place in places if told else ():
            row = corrected[place]
            corrected[place] = replace(row, note=f"{row.note}; {told}" if row.note else told)
    return corrected


def correct_together(
    results: Sequence[Result], groups: Iterable[Sequence[int]], sizes: Sequence[int] | None = None
) -> list[Result]:
    """The same rows; the p of those at the places of one group are corrected for each other. Each of them has a p, or
    one too small for a number. ``sizes``: how many tests each group has, by default its rows."""
    corrected = list(results)
    listed = list(groups)
    gc.freeze()  # multipletests collects garbage at every call: seconds, with all libraries loaded, for forty families
    try:
        for places, size in zip(listed, sizes or [len(places) for places in listed], strict=True):
            for place, values in zip(
                places, _corrected([results[place].p or 0.0 for place in places], size), strict=True
            ):
                if results[place].p is not None:
                    corrected[place] = replace(corrected[place], **values)
    finally:
        gc.unfreeze()
    return corrected


def _corrected(raw: Sequence[float], size: int) -> list[dict[str, Any]]:
    if max(size, len(raw)) < 2:  # each correction of a single test is its p itself
        return [dict.fromkeys(_METHODS, value) for value in raw]
    padded = [*raw, *[1.0] * (size - len(raw))]  # a test that does not exist has found nothing
    columns = {column: multipletests(padded, method=method)[1] for column, method in _METHODS.items()}
    return [{column: float(found[number]) for column, found in columns.items()} for number in range(len(raw))]


def _size(key: _Key, families: Families) -> int:
    """Members of the family: those of its emotions times those of its dimensions."""
    return prod(len(families[name]) for name in key[-2:] if name)


def _told(key: _Key, size: int, tests: int) -> str:
    """What the row's note says of the family; "" where it is as declared and nothing is missing."""
    crossed = all(key[-2:])
    name = "" if not crossed else CELLS if key[-2:] == tuple(DEFAULT_FAMILIES) else " x ".join(key[-2:])
    told = " ".join(filter(None, ("family", name, f"of {size}")))
    if tests != size:
        return f"{told}, {tests} {'test exists' if tests == 1 else 'tests exist'}"
    return told if crossed else ""


def _family(result: Result, families: Families) -> _Key | None:
    """Which rows ``result`` is corrected with: None where it is in no family."""
    emotion, dimension = _family_of(result.emotion, families), _family_of(result.dimension, families)
    if emotion is None or dimension is None or (not emotion and not dimension):
        return None
    return result.analysis, result.statistic_name, result.term, emotion, dimension


def _family_of(word: str, families: Families) -> str | None:
    """The family's name, "" where the question does not arise or everything is pooled, None for a word in no family."""
    if word in {"", ALL}:
        return ""
    return next((name for name, words in families.items() if word in words), None)


def declare_families(texts: Sequence[str]) -> Families:
    """Families from ``NAME=WORD,WORD,...``: they take the place of the default family of the same kind of words.

    Raises:
        InputError: not of that form, a word that is no emotion or dimension, both kinds in one family, a word twice.
    """
    declared: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        words = tuple(word.strip().lower() for word in listed.split(",") if word.strip())
        if not (equals and name.strip() and words):
            raise InputError(f"--family {text!r} is not understood; write it as NAME=fear,disgust,...")
        if not (set(words) <= set(EMOTIONS) or set(words) <= set(DIMENSIONS)):
            known = f"emotions are {', '.join(EMOTIONS)}; dimensions are {', '.join(DIMENSIONS)}"
            raise InputError(f"--family {text!r} must hold emotions only or dimensions only; {known}.")
        if name.strip() in declared:
            raise InputError(f"--family {name.strip()!r} is declared twice; give each family a name of its own.")
        declared[name.strip()] = words
    listed_words = [word for words in declared.values() for word in words]
    twice = sorted({word for word in listed_words if listed_words.count(word) > 1})
    if twice:
        raise InputError(f"--family: {twice[0]!r} is declared twice; a word belongs to one family.")
    kept = {name: words for name, words in DEFAULT_FAMILIES.items() if not set(words) & set(listed_words)}
    taken = sorted({*kept, CELLS} & set(declared))
    if taken:
        raise InputError(f"--family {taken[0]!r} is the name of a default family; give yours another name.")
    return {**kept, **declared}
