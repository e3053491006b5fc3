"""p-values corrected for how many were looked at: Bonferroni, Holm, and Benjamini-Hochberg's false discovery rate.

A family is declared before the data are seen: by default the six emotions and the three dimensions. Rows of one
analysis, statistic and term that differ only in the emotion are corrected together, as are those that differ only in
the dimension; rows of one emotion and one dimension together with all such rows (18 by default). A row about all
emotions and all dimensions is in no family, its corrected p-values stay empty. Members without a p-value (an emotion
that nobody rated, no variance) do not count: a test that was not made cannot err. Those whose p is too small for a
number count, and stay without one.
"""

import gc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from statsmodels.stats.multitest import multipletests

from curves.errors import InputError
from studies.layout import TINY_P
from studies.ratings import ALL
from studies.results import Result
from studies.vocabulary import DIMENSIONS, EMOTIONS

Families = Mapping[str, tuple[str, ...]]
DEFAULT_FAMILIES: Families = {"emotions": EMOTIONS, "dimensions": DIMENSIONS}
_METHODS = {"p_bonferroni": "bonferroni", "p_holm": "holm", "p_fdr": "fdr_bh"}
_Key = tuple[str, str, str, str, str]


def correct(results: Sequence[Result], families: Families = DEFAULT_FAMILIES) -> list[Result]:
    """The same rows in the same order with their corrected p-values, where they are in a family; others unchanged."""
    members: dict[_Key, list[int]] = {}
    for place, result in enumerate(results):
        key = _family(result, families)
        if key is not None and (result.p is not None or TINY_P in result.note):
            members.setdefault(key, []).append(place)
    return correct_together(results, members.values())


def correct_together(results: Sequence[Result], groups: Iterable[Sequence[int]]) -> list[Result]:
    """The same rows; the p of those at the places of one group are corrected for each other. Each of them has a p, or
    one too small for a number."""
    corrected = list(results)
    gc.freeze()  # multipletests collects garbage at every call: seconds, with all libraries loaded, for forty families
    try:
        for places in groups:
            for place, values in zip(places, _corrected([results[place].p or 0.0 for place in places]), strict=True):
                if results[place].p is not None:
                    corrected[place] = replace(corrected[place], **values)
    finally:
        gc.unfreeze()
    return corrected


def _corrected(raw: Sequence[float]) -> list[dict[str, Any]]:
    if len(raw) < 2:  # each correction of a single test is its p itself
        return [dict.fromkeys(_METHODS, value) for value in raw]
    columns = {column: multipletests(raw, method=method)[1] for column, method in _METHODS.items()}
    return [{column: float(found[number]) for column, found in columns.items()} for number in range(len(raw))]


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
    taken = sorted(set(kept) & set(declared))
    if taken:
        raise InputError(f"--family {taken[0]!r} is the name of a default family; give yours another name.")
    return {**kept, **declared}
