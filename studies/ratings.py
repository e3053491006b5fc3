"""Ratings of videos A and B, ready to be analysed: one row a participant x emotion x dimension x video.

``studies.validation`` makes ``Ratings`` of the tables that people bring; every analysis takes them. Differences are
B - A throughout: above zero means that the micro-expression helped (paper 004 prints A - B).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from studies.vocabulary import DIMENSIONS, EMOTIONS, VIDEOS

ALL = "all"  # of an emotion or a dimension: pooled, the mean of the participant's cells
CELL_COLUMNS: tuple[str, ...] = ("participant_id", "emotion", "dimension", "video", "rating")
#: Of ``Ratings.people``; the last three are there only where a sessions table was given.
PEOPLE_COLUMNS: tuple[str, ...] = ("age_band", "gender", "education", "recognition_score")
SESSION_PEOPLE_COLUMNS: tuple[str, ...] = ("order", "attention_check_passed", "duration_s")
FLOW_COLUMNS: tuple[str, ...] = ("table", "step", "reason", "rows", "participants")
#: Means of ratings closer than this are the same number; what differs is the rounding of their sums.
SAME = 1e-9


class Missing(StrEnum):
    """What is done about ratings that were not given."""

    STRICT = "strict"  # participants who gave every rating of the design
    ITEM_PAIRS = "item_pairs"  # an item counts only where the participant rated it for both A and B
    MEAN_AVAILABLE = "mean_available"  # a cell: the mean of its items; pooled B - A: of the cells with both videos


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """What the analyses work on; none of them changes it.

    ``long``: the accepted ratings as they came, typed: participant_id, emotion, dimension, item (str, "" without
    items), video, rating (float).
    ``cells``: columns ``CELL_COLUMNS``, rating the mean over items by ``policy``, sorted by participant, emotion,
    dimension (as in ``studies.vocabulary``) and video; a cell that nobody rated is absent.
    ``people``: index participant_id, columns ``PEOPLE_COLUMNS`` (recognition_score: mean, NaN where none was given)
    and, where sessions were given, ``SESSION_PEOPLE_COLUMNS`` (order "AB"|"BA"|"" , attention_check_passed a nullable
    boolean, duration_s seconds or NaN).
    ``flow``: columns ``FLOW_COLUMNS``; step "before", "excluded" (a row a reason), "after".
    ``rejected``: columns table, row, participant_id, reason; what was left out, row by row.
    ``items``: the items' names, () where a dimension is one question.
    """

    long: pd.DataFrame
    cells: pd.DataFrame
    people: pd.DataFrame
    flow: pd.DataFrame
    rejected: pd.DataFrame
    policy: Missing
    items: tuple[str, ...] = ()
    _pairs: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict, init=False, repr=False)
    _wide: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    @property
    def emotions(self) -> tuple[str, ...]:
        """Those that were rated, in the order of ``EMOTIONS``."""
        return _present(self.cells["emotion"], EMOTIONS)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Those that were rated, in the order of ``DIMENSIONS``."""
        return _present(self.cells["dimension"], DIMENSIONS)

    @property
    def has_sessions(self) -> bool:
        return "order" in self.people.columns

    def pairs(self, emotion: str = ALL, dimension: str = ALL) -> pd.DataFrame:
        """Columns A and B (float), index participant_id, sorted: the mean of the participant's cells that have a rating
        for both videos, so that A and B are over the same cells; only participants with such a cell."""
        asked = emotion, dimension
        if asked not in self._pairs:  # asked for again and again, by every analysis
            self._pairs[asked] = self._pair(emotion, dimension)
        return self._pairs[asked].copy()

    def _pair(self, emotion: str, dimension: str) -> pd.DataFrame:
        wide = self._by_video()
        words = wide[VIDEOS[0]].columns.union(wide[VIDEOS[1]].columns)
        emotions = self.emotions if emotion == ALL else (emotion,)
        dimensions = self.dimensions if dimension == ALL else (dimension,)
        asked = np.isin(words.get_level_values("emotion"), emotions)
        asked &= np.isin(words.get_level_values("dimension"), dimensions)
        cells = {video: table.reindex(columns=words[asked]) for video, table in wide.items()}
        both = cells["A"].notna() & cells["B"].notna()  # else B - A would compare one emotion with another
        means = {video: table.where(both).mean(axis=1) for video, table in cells.items()}
        return pd.DataFrame(means, columns=list(VIDEOS), dtype=np.float64).dropna()

    def _by_video(self) -> dict[str, pd.DataFrame]:
        """Of A and of B: a row a participant, a column an emotion and dimension, NaN where nothing was rated."""
        if not self._wide:
            index = ["participant_id"]
            wide = self.cells.pivot(
                index=index, columns=["video", "emotion", "dimension"], values="rating"
            ).sort_index()
            for video in VIDEOS:
                columns = wide.columns.get_level_values("video") == video  # none, where nobody is left
                self._wide[video] = wide.loc[:, columns].droplevel("video", axis=1)
        return self._wide

    def differences(self, emotion: str = ALL, dimension: str = ALL) -> NDArray[np.float64]:
        """(n,) B - A of each participant of ``pairs``."""
        pairs = self.pairs(emotion, dimension)
        return np.asarray(pairs["B"] - pairs["A"], dtype=np.float64)

    def only(self, participants: Sequence[str]) -> "Ratings":
        """The same study with these participants alone; ``flow`` and ``rejected`` stay those of the whole."""
        kept = set(participants)
        return Ratings(
            self.long[self.long["participant_id"].isin(kept)].reset_index(drop=True),
            self.cells[self.cells["participant_id"].isin(kept)].reset_index(drop=True),
            self.people[self.people.index.isin(kept)],
            self.flow,
            self.rejected,
            self.policy,
            self.items,
        )


def build_ratings(
    long: pd.DataFrame,
    people: pd.DataFrame,
    policy: Missing = Missing.STRICT,
    flow: pd.DataFrame | None = None,
    rejected: pd.DataFrame | None = None,
) -> Ratings:
    """``Ratings`` of clean rows: ``long`` and ``people`` as described there ("item" may be missing from ``long``).
    ``studies.validation`` is what looks at the rows; nothing is checked here."""
    if "item" not in long.columns:
        long = long.assign(item="")
    items = tuple(sorted(set(long["item"]) - {""}))
    none = pd.DataFrame(columns=["table", "row", "participant_id", "reason"])
    return Ratings(
        long=long,
        cells=cells_of(long, policy),
        people=people.sort_index(),
        flow=pd.DataFrame(columns=list(FLOW_COLUMNS)) if flow is None else flow,
        rejected=none if rejected is None else rejected,
        policy=policy,
        items=items,
    )


def cells_of(long: pd.DataFrame, policy: Missing) -> pd.DataFrame:
    """``Ratings.cells`` of ``Ratings.long``."""
    where = ["participant_id", "emotion", "dimension"]
    if policy is Missing.ITEM_PAIRS:
        videos = long.groupby([*where, "item"])["video"].transform("nunique")
        long = long[videos == len(VIDEOS)]
    cells = long.groupby([*where, "video"], as_index=False)["rating"].mean()
    ranks = {"emotion": EMOTIONS, "dimension": DIMENSIONS}
    keys = {name: cells[name].map({word: rank for rank, word in enumerate(words)}) for name, words in ranks.items()}
    order = cells.assign(**keys).sort_values([*where, "video"], kind="stable").index
    picked: pd.DataFrame = cells[list(CELL_COLUMNS)].loc[order]
    return picked.reset_index(drop=True)


def _present(column: "pd.Series[str]", known: Sequence[str]) -> tuple[str, ...]:
    there = set(column)
    return tuple(word for word in known if word in there)


def design(emotion_words: Sequence[str], dimension_words: Sequence[str]) -> list[tuple[str, str]]:
    """What the paired analyses ask about: everything, each emotion, each dimension, each emotion x dimension."""
    return [
        (ALL, ALL),
        *((emotion, ALL) for emotion in emotion_words),
        *((ALL, dimension) for dimension in dimension_words),
        *((emotion, dimension) for emotion in emotion_words for dimension in dimension_words),
    ]
