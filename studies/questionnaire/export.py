"""What was answered, as the tables that ``microexpr study analyze`` reads."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studies.questionnaire.steps import attention_key, rating_key, recognised_key, recognition_key, steps_of
from studies.questionnaire.store import Participant, Store
from studies.questionnaire.study import Study
from studies.vocabulary import (
    OPTIONAL_RATING_COLUMNS,
    OPTIONAL_SESSION_COLUMNS,
    ORDERS,
    RATING_COLUMNS,
    SESSION_COLUMNS,
    VIDEOS,
)

_RECOGNITION_COLUMNS = ("participant_id", "emotion", "recognised", "correct", "recognition_rating")

_Answers = list[tuple[Participant, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Tables:
    """ratings: RATING_COLUMNS, and item where a dimension has several; a row a rating.

    sessions: a row a participant; ``duration_s`` from consent to thanks. recognition: a row a participant and emotion:
    what they named, and how well they say they recognised it.
    """

    ratings: pd.DataFrame
    sessions: pd.DataFrame
    recognition: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts as of now. status: word -> order -> people. stages: rows (stage, active, dropped out), in order."""

    status: dict[str, dict[str, int]]
    stages: tuple[tuple[str, int, int], ...]
    withdrawn: int

    def total(self, status: str) -> int:
        return sum(self.status[status].values())


def tables_of(study: Study, store: Store, *, incomplete: bool = False) -> Tables:
    """The tables of those who completed the study; ``incomplete``: of all, as far as they came, cells empty after.

    Without an ``item`` column where every dimension is one question.
    """
    people = [one for one in store.everybody() if incomplete or one[0].finished_at is not None]
    several = any(item.name != "1" for item in study.items)
    columns = (*RATING_COLUMNS, *(OPTIONAL_RATING_COLUMNS if several else ()))
    ratings = [row for person, answers in people for row in _ratings(study, person, answers)]
    recognition = [row for person, answers in people for row in _recognition(study, person, answers)]
    return Tables(
        pd.DataFrame(ratings, columns=list(columns)),
        _sessions(study, people),
        pd.DataFrame(recognition, columns=list(_RECOGNITION_COLUMNS)),
    )


def _ratings(study: Study, person: Participant, answers: dict[str, str]) -> list[dict[str, object]]:
    about = {name: answers.get(name, "") for name in study.demographics}
    rows: list[dict[str, object]] = []
    for emotion in study.emotions:
        for video in VIDEOS:
            for item in study.items:
                rating = answers.get(rating_key(emotion, video, item.dimension, item.name))
                if rating is not None:
                    place = {"emotion": emotion, "video": video, "dimension": item.dimension, "item": item.name}
                    score = _score(study, answers, emotion)
                    rows.append(
                        {
                            "participant_id": person.id,
                            **about,
                            **place,
                            "rating": int(rating),
                            "recognition_score": score,
                        }
                    )
    return rows


def _score(study: Study, answers: dict[str, str], emotion: str) -> int | None:
    """1..5 as rated, or 1 and 0 for named and not named; None: not answered."""
    if study.recognition.score == "rated":
        rated = answers.get(recognition_key(emotion))
        return None if rated is None else int(rated)
    named = answers.get(recognised_key(emotion))
    return None if named is None else int(named == emotion)


def _recognition(study: Study, person: Participant, answers: dict[str, str]) -> list[tuple[str, str, str, int, int]]:
    return [
        (person.id, emotion, named, int(named == emotion), int(answers[recognition_key(emotion)]))
        for emotion in study.emotions
        if (named := answers.get(recognised_key(emotion))) is not None
    ]


def _sessions(study: Study, people: _Answers) -> pd.DataFrame:
    rows: list[tuple[str, str, str, float | None]] = []
    for person, answers in people:
        given = [answers.get(attention_key(index)) for index in range(len(study.attention))]
        right = all(answer == str(check.answer) for answer, check in zip(given, study.attention, strict=True))
        passed = "" if None in given else str(right).lower()
        duration = None if person.finished_at is None else round(person.finished_at - person.begun_at, 1)
        rows.append((person.id, person.slot.order, passed, duration))
    return pd.DataFrame(rows, columns=[*SESSION_COLUMNS, *OPTIONAL_SESSION_COLUMNS])


def overview_of(study: Study, store: Store) -> Overview:
    """Who is where: complete, active and dropped out by order, and the two latter by stage."""
    people, now, idle_s = store.people(), store.clock(), study.idle_minutes * 60.0
    status = {word: dict.fromkeys(ORDERS, 0) for word in ("complete", "active", "dropped out")}
    at: Counter[tuple[str, str]] = Counter()
    for person in people:
        word = person.status(now, idle_s)
        status[word][person.slot.order] += 1
        if word != "complete":
            at[steps_of(study, person.slot)[person.position].stage, word] += 1
    stages = _stages(study, people)
    return Overview(
        status, tuple((name, at[name, "active"], at[name, "dropped out"]) for name in stages), store.withdrawn()
    )


def _stages(study: Study, people: Sequence[Participant]) -> list[str]:
    """The stages in the order of the pages, which is the same for all."""
    if not people:
        return []
    return list(dict.fromkeys(step.stage for step in steps_of(study, people[0].slot)))
