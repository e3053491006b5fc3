"""From the tables that people bring to ``Ratings``: every bad row is found and told, none is dropped in silence.

Two tables: ratings, one row a rating, and sessions, one row a participant (``studies.vocabulary`` has their columns).
Each bad row is told once, with everything that is wrong with it and its participant. Missing is what is empty or NA.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curves.errors import InputError
from studies.ratings import FLOW_COLUMNS, Missing, Ratings, build_ratings
from studies.tables import read_table
from studies.vocabulary import (
    DIMENSIONS,
    EMOTIONS,
    OPTIONAL_RATING_COLUMNS,
    OPTIONAL_SESSION_COLUMNS,
    ORDERS,
    RATING_COLUMNS,
    SCALE,
    SESSION_COLUMNS,
    VIDEOS,
)

RECOGNITION = (0.0, 5.0)  # rated 1..5, or 1 and 0 for an emotion that was named or not
DEMOGRAPHICS = ("age_band", "gender", "education")
CELL = ["participant_id", "emotion", "dimension", "item", "video"]
REJECTED_COLUMNS = ("table", "row", "participant_id", "reason")
NUMBERS = ("rating", "recognition_score", "duration_s")
NOT_GIVEN = ("na", "n/a", "nan")  # as R and others write an empty cell, in any case
TRUTH = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}
SHOWN = 3  # bad rows in the error's sentence


class RejectedRowsError(InputError):
    """The tables hold bad rows; ``rejected``: all of them, columns table, row, participant_id, reason."""

    def __init__(self, message: str, rejected: pd.DataFrame) -> None:
        super().__init__(message)
        self.rejected = rejected


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """``columns``: from our name to the file's, "sessions.NAME" for the sessions table alone. ``exclude``: leave bad
    rows out instead of stopping."""

    columns: Mapping[str, str] = field(default_factory=dict)
    exclude: bool = False
    missing: Missing = Missing.STRICT


@dataclass(slots=True)
class _Sieve:
    """What is left of the rows of one table, and what was taken out of it, in order. ``found``: row -> what is wrong
    with it; ``flow`` counts each row once, for its first reason."""

    table: str
    rows: pd.DataFrame
    found: dict[int, list[str]] = field(default_factory=dict)
    flow: list[tuple[str, str, str, int, int]] = field(default_factory=list)
    all: pd.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        self.all = self.rows
        self._count("before", "")

    def take_out(self, reason: str, details: "pd.Series[str]") -> None:
        """``details``: by row number, what is wrong with each bad row; rows not in it stay."""
        for row, told in details.items():
            self.found.setdefault(int(str(row)), []).append(str(told))
        self.leave(reason, ~self.rows.index.isin(details.index))

    def leave(self, reason: str, kept: "pd.Series[bool] | NDArray[np.bool_]") -> None:
        """Goes on without the rows not ``kept``, whether bad or not."""
        people, count = _names(self.rows), int((~kept).sum())
        self.rows = self.rows[kept]
        if count:
            self.flow.append((self.table, "excluded", reason, count, len(people - _names(self.rows))))

    def rejected(self) -> pd.DataFrame:
        """``REJECTED_COLUMNS``: every bad row with all its reasons."""
        rows = sorted(self.found)
        people = self.all.loc[rows, "participant_id"].to_numpy()
        reasons = ["; ".join(self.found[row]) for row in rows]
        return pd.DataFrame({"table": self.table, "row": rows, "participant_id": people, "reason": reasons})

    def end(self) -> None:
        self._count("after", "")

    def _count(self, step: str, reason: str) -> None:
        self.flow.append((self.table, step, reason, len(self.rows), len(_names(self.rows))))


def _names(rows: pd.DataFrame) -> set[str]:
    """The participants; rows without a name are nobody's."""
    return set(rows["participant_id"]) - {""}


def read_ratings(path: Path, sessions: Path | None = None, settings: ReadSettings | None = None) -> Ratings:
    """``Ratings`` of a ratings table and, where given, a sessions table.

    Raises:
        RejectedRowsError: bad rows, and ``settings.exclude`` is not set.
        InputError: a table cannot be read, lacks a column, or nothing good is left in it.
    """
    asked = settings or ReadSettings()
    _check_names(asked.columns, with_sessions=sessions is not None)
    plain = {ours: theirs for ours, theirs in asked.columns.items() if not ours.startswith("sessions.")}
    of_ratings = {ours: theirs for ours, theirs in plain.items() if ours in _RATING_NAMES}
    table = read_table(path, RATING_COLUMNS, OPTIONAL_RATING_COLUMNS, of_ratings, NUMBERS)
    sieve = _sift_ratings(table, asked.missing, exclude=asked.exclude)
    sieves = [sieve]
    if sessions is not None:
        own = {ours.removeprefix("sessions."): theirs for ours, theirs in asked.columns.items()}
        of_sessions = {ours: own[ours] for ours in own if ours in _SESSION_NAMES}
        session_table = read_table(sessions, SESSION_COLUMNS, OPTIONAL_SESSION_COLUMNS, of_sessions, NUMBERS)
        sieves.append(_sift_sessions(session_table, set(table["participant_id"]), exclude=asked.exclude))
        sieves[1].leave(
            "no ratings of this participant left", sieves[1].rows["participant_id"].isin(_names(sieve.rows))
        )
        sieves[1].end()
    rejected = _together(sieves)
    if len(rejected) and not asked.exclude:
        raise RejectedRowsError(_sentence(rejected), rejected)
    if sieve.rows.empty:
        raise InputError(f"{path.name} holds no rating that can be used.{_first(rejected)}")
    people = _people_of(sieve.rows, sieves[1].rows if sessions is not None else None)
    flow = pd.DataFrame([step for one in sieves for step in one.flow], columns=list(FLOW_COLUMNS))
    return build_ratings(_typed(sieve.rows), people, asked.missing, flow, rejected)


_RATING_NAMES = {*RATING_COLUMNS, *OPTIONAL_RATING_COLUMNS}
_SESSION_NAMES = {*SESSION_COLUMNS, *OPTIONAL_SESSION_COLUMNS}


def _check_names(columns: Mapping[str, str], *, with_sessions: bool) -> None:
    known = [*RATING_COLUMNS, *OPTIONAL_RATING_COLUMNS, *SESSION_COLUMNS[1:], *OPTIONAL_SESSION_COLUMNS]
    for ours in columns:
        name = ours.removeprefix("sessions.")
        if name not in (_SESSION_NAMES if name != ours else known):
            raise InputError(f"--column {ours}=...: there is no column {ours!r}; ours are {', '.join(known)}.")
        if not with_sessions and (name != ours or name not in _RATING_NAMES):
            raise InputError(f"--column {ours}=... is about the sessions table: give it with --sessions.")


# --- ratings ---------------------------------------------------------------------------------------------------------


def _sift_ratings(table: pd.DataFrame, missing: Missing, *, exclude: bool) -> _Sieve:
    """``table``: as ``read_table`` gives it. The rows left have known words, in their one spelling.

    With ``exclude`` participants are judged by the rows that are left. Without, by all their rows, and none is said to
    lack what mending a bad row may give."""
    rows = table.assign(
        emotion=table["emotion"].str.lower(),
        dimension=table["dimension"].str.lower(),
        video=table["video"].str.upper(),
        item=table["item"] if "item" in table.columns else "",
        rating=_given(table["rating"]),
        recognition_score=_given(table["recognition_score"]),
    )
    sieve = _Sieve("ratings", rows)
    sieve.take_out("no participant_id", _told(rows, rows["participant_id"] == "", "participant_id is empty"))
    for name, words in (("emotion", EMOTIONS), ("video", VIDEOS), ("dimension", DIMENSIONS)):
        bad = rows[~rows[name].isin(words)][name]
        known = ", ".join(words)
        sieve.take_out(f"unknown {name}", bad.map(lambda word, n=name, k=known: f"{n} {word!r} is none of {k}"))
    _take_out_numbers(sieve, "rating", SCALE)
    _take_out_numbers(sieve, "recognition_score", RECOGNITION)
    sieve.take_out("duplicate cell", _duplicates(_judged(sieve, exclude=exclude), CELL, ["rating"]))
    _take_out_people(sieve, missing, exclude=exclude)
    sieve.leave("no rating given", sieve.rows["rating"] != "")  # not bad: the policy says what is done about them
    sieve.end()
    return sieve


def _take_out_people(sieve: _Sieve, missing: Missing, *, exclude: bool) -> None:
    good, nameless = sieve.rows, 0 if exclude else int((sieve.all["participant_id"] == "").sum())
    checks: dict[str, Callable[[pd.DataFrame], pd.Series[str]]]
    checks = {"one video only": _one_video, "conflicting demographics": _conflicts}
    if missing is Missing.STRICT:
        checks["missing ratings"] = lambda rows: _incomplete(rows, rows if exclude else good, nameless)
    for reason, check in checks.items():
        judged = _judged(sieve, exclude=exclude)
        told = check(judged)
        bad = judged[judged["participant_id"].isin(told.index)]["participant_id"]
        sieve.take_out(reason, bad.map(told))


def _given(text: "pd.Series[str]") -> "pd.Series[str]":
    return text.mask(text.str.lower().isin(NOT_GIVEN), "")


def _judged(sieve: _Sieve, *, exclude: bool) -> pd.DataFrame:
    return sieve.rows if exclude else sieve.all[sieve.all["participant_id"] != ""]


def _told(rows: pd.DataFrame, bad: "pd.Series[bool]", reason: str) -> "pd.Series[str]":
    return pd.Series(reason, index=rows.index[bad], dtype="string")


def _take_out_numbers(sieve: _Sieve, name: str, scale: tuple[float, float]) -> None:
    """Rows whose ``name`` is given but no number, or outside the scale."""
    text = sieve.all[name]
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    wrong = text[(text != "") & numbers.isna()]
    sieve.take_out(f"{name} not a number", wrong.map(lambda word: f"{name} {word!r} is not a number{_point(word)}"))
    low, high = scale
    outside = text[numbers.notna() & ~numbers.between(low, high)]
    scale_words = f"outside {low:g} to {high:g}" if isfinite(high) else "negative"
    sieve.take_out(f"{name} {scale_words}", outside.map(lambda word: f"{name} {word} is {scale_words}"))


def _point(word: str) -> str:
    return f": write {word.replace(',', '.')}, with a decimal point" if re.fullmatch(r"[+-]?\d+,\d+", word) else ""


def _duplicates(rows: pd.DataFrame, keys: Sequence[str], values: Sequence[str]) -> "pd.Series[str]":
    """Which rows stand twice: where all copies agree in ``values``, all but the first; else every one of them."""
    told: dict[int, str] = {}
    for _, copies in rows[rows.duplicated(list(keys), keep=False)].groupby(list(keys), sort=False):
        numbers = [int(row) for row in copies.index]
        if len(copies.drop_duplicates(list(values))) == 1:
            told |= dict.fromkeys(numbers[1:], f"duplicate: says the same as row {numbers[0]}")
        else:
            told |= dict.fromkeys(numbers, f"duplicate: rows {', '.join(map(str, numbers))} disagree")
    return pd.Series(told, dtype="string").sort_index()


def _one_video(rows: pd.DataFrame) -> "pd.Series[str]":
    """By participant, where only one of the videos was rated."""
    videos = rows[rows["rating"] != ""].groupby("participant_id")["video"]
    only = videos.first()[videos.nunique() == 1]
    only = only[only.isin(VIDEOS)]
    return only.map(lambda video: f"this participant rated video {video} only").astype("string")


def _conflicts(rows: pd.DataFrame) -> "pd.Series[str]":
    """By participant, where a demographic word differs between rows."""
    told: dict[str, str] = {}
    for name in DEMOGRAPHICS:
        different = rows.groupby("participant_id")[name].unique()
        for person, words in different[different.map(len) > 1].items():
            listed = ", ".join(repr(str(word)) for word in words)
            told.setdefault(str(person), f"this participant's {name} is {listed}")
    return pd.Series(told, dtype="string")


def _incomplete(rows: pd.DataFrame, good: pd.DataFrame, nameless: int) -> "pd.Series[str]":
    """By participant, where ratings are missing of those that anybody gave (each for both videos) in ``good`` rows,
    more than ``nameless`` rows may hold; of who rated one video only that is said already."""
    asked = len(good[good["rating"] != ""].drop_duplicates(["emotion", "dimension", "item"])) * len(VIDEOS)
    given = rows[rows["rating"] != ""]
    counts = given.groupby("participant_id").size().reindex(rows["participant_id"].unique(), fill_value=0)
    short = counts[counts + nameless < asked]
    told = short.map(lambda count: f"this participant lacks {asked - count} of {asked} ratings")
    return told.astype("string").drop(labels=list(_one_video(rows).index), errors="ignore")


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """``Ratings.long``."""
    words = {name: rows[name].astype(str) for name in ("participant_id", "emotion", "dimension", "item", "video")}
    return pd.DataFrame({**words, "rating": rows["rating"].astype("float64")}).reset_index(drop=True)


# --- sessions and people ---------------------------------------------------------------------------------------------


def _sift_sessions(table: pd.DataFrame, participants: set[str], *, exclude: bool) -> _Sieve:
    """``table``: as ``read_table`` gives it; ``participants``: those of the ratings table."""
    rows = table.assign(
        order=table["order"].str.upper(),
        attention_check_passed=_given(table["attention_check_passed"]).str.lower(),
        duration_s=_given(table["duration_s"]) if "duration_s" in table.columns else "",
    )
    sieve = _Sieve("sessions", rows)
    sieve.take_out("no participant_id", _told(rows, rows["participant_id"] == "", "participant_id is empty"))
    strange = rows["participant_id"][~rows["participant_id"].isin({*participants, ""})]
    alike = {_bare(person): person for person in sorted(participants)}
    sieve.take_out("unknown participant", strange.map(lambda word: _stranger(word, alike.get(_bare(word)))))
    wrong = rows["order"][~rows["order"].isin(ORDERS)]
    sieve.take_out("unknown order", wrong.map(lambda word: f"order {word!r} is none of {', '.join(ORDERS)}"))
    passed = rows["attention_check_passed"]
    wrong = passed[~passed.isin([*TRUTH, ""])]
    told = wrong.map(lambda word: f"attention_check_passed {word!r} is neither true nor false")
    sieve.take_out("attention_check_passed not true or false", told)
    _take_out_numbers(sieve, "duration_s", (0.0, float("inf")))
    judged = _judged(sieve, exclude=exclude)
    sieve.take_out("duplicate session", _duplicates(judged, ["participant_id"], list(SESSION_COLUMNS[1:])))
    return sieve


def _stranger(word: str, alike: str | None) -> str:
    hint = f"; the ratings have {alike!r}: write it alike in both tables" if alike else ""
    return f"participant_id {word!r} has no ratings{hint}"


def _bare(word: str) -> str:
    """Without what spreadsheets add to a number or take from it: "1" of "001" and of "1.0"."""
    return re.sub(r"\.0+$", "", word).lstrip("0")


def _people_of(rows: pd.DataFrame, sessions: pd.DataFrame | None) -> pd.DataFrame:
    """``Ratings.people`` of the rows that ``_sift_ratings`` and ``_sift_sessions`` left."""
    people = rows.groupby("participant_id")[list(DEMOGRAPHICS)].first().astype(str)
    people.index = people.index.astype(str)
    scores = rows.assign(score=pd.to_numeric(rows["recognition_score"], errors="coerce").astype("float64"))
    pairs = scores.groupby(["participant_id", "emotion", "video"])["score"].mean()  # each pair counts once
    people["recognition_score"] = pairs.groupby("participant_id").mean()
    if sessions is not None:
        there = sessions.set_index("participant_id").reindex(people.index)
        people["order"] = there["order"].fillna("").astype(str)
        people["attention_check_passed"] = there["attention_check_passed"].map(TRUTH).astype("boolean")
        people["duration_s"] = pd.to_numeric(there["duration_s"], errors="coerce").astype("float64")
    return people


# --- telling ---------------------------------------------------------------------------------------------------------


def _together(sieves: Sequence[_Sieve]) -> pd.DataFrame:
    joined = pd.concat([sieve.rejected() for sieve in sieves], ignore_index=True)
    return joined.astype({"row": "int64", "participant_id": str, "reason": str})


def _sentence(rejected: pd.DataFrame) -> str:
    gaps = rejected["reason"].str.contains(" lacks ").any()
    ways = ", or keep who lacks ratings with --missing item_pairs or mean_available" if gaps else ""
    people = len(_names(rejected))
    which = f"{len(rejected)} rows" + (f" of {people} participants" if people else "")
    return f"{which} cannot be used;{_first(rejected)} mend them, or leave them out with --exclude{ways}."


def _first(rejected: pd.DataFrame) -> str:
    """The first row of each of the first few reasons; "" where nothing was rejected."""
    shown = rejected.drop_duplicates(["table", "participant_id", "reason"])
    listed = "; ".join(f"{row.table} row {row.row}: {row.reason}" for row in shown.head(SHOWN).itertuples())
    more = "; ..." if len(shown) > SHOWN else ""
    return f" {listed}{more};" if listed else ""
