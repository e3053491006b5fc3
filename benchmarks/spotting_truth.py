"""What is true of a clip of the spotting benchmark: its events, how they are drawn, and how they are written down."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from curves.errors import FormatError
from curves.values import DEFAULT_AUS, MIDLINE_AUS, Interval, Side
from recognizer.synthetic.priors import load_priors
from recognizer.synthetic.warp import AUCourse, TimeCourse, au_motions

AMPLITUDE_IOD, DURATION_S, GAP_S = (0.01, 0.04), (0.15, 0.5), (0.8, 1.9)
MOST_INTENSITY = 0.5  # AUs whose full strength is small stay micro
EVEN_SHARE, ONE_SIDED = 0.6, 0.4  # events whose AUs are drawn evenly, for figures of each AU; of those, one-sided
#: Pairs that pull the same skin in opposite directions.
OPPOSED = frozenset(
    frozenset(pair) for pair in [(12, 15), (18, 20), (24, 25), (24, 26), (17, 26), (5, 7), (14, 18), (12, 18), (16, 24)]
)
FORMAT, FILE = "microexpr.spotting-benchmark/1", "truth.json"


@dataclass(frozen=True)
class TrueEvent:
    """One warped event; ``amplitude_iod`` is the greatest displacement of its strongest AU."""

    onset_s: float
    apex_s: float
    offset_s: float
    amplitude_iod: float
    courses: tuple[AUCourse, ...]

    @property
    def interval(self) -> Interval:
        return Interval(self.onset_s, self.offset_s)

    @property
    def aus(self) -> frozenset[int]:
        return frozenset(item.au for item in self.courses)


@dataclass(frozen=True)
class ClipTruth:
    """One clip: file name, row of the table, what the footage shows, and what is true of it. ``face_px``: the face's
    width. ``other``: intervals (s) of blinks and the like, for information."""

    file: str
    row: str
    kind: str
    source: str
    fps: float
    seconds: float
    face_px: float
    events: tuple[TrueEvent, ...] = ()
    other: dict[str, list[list[float]]] = field(default_factory=dict)


class Deck:
    """AUs drawn evenly: all 19 in a random order, then again."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._cards: list[int] = []

    def draw(self, besides: Sequence[int]) -> int:
        """The next AU that is not opposed to those in ``besides``; those skipped come next time."""
        while True:
            for place, au in enumerate(self._cards):
                if au not in besides and not any(frozenset((au, other)) in OPPOSED for other in besides):
                    return self._cards.pop(place)
            self._cards += [int(au) for au in self._random.permutation(DEFAULT_AUS)]


def draw_events(random: np.random.Generator, duration_s: float, deck: Deck) -> list[TrueEvent]:
    """Events one after another with gaps of GAP_S. Most draw their AUs evenly, the others as the label sheets do."""
    events: list[TrueEvent] = []
    now = random.uniform(0.6, GAP_S[1])
    while now + DURATION_S[1] + 0.3 < duration_s:
        events.append(_draw_event(random, now, deck))
        now = events[-1].offset_s + random.uniform(*GAP_S)
    return events


def _draw_aus(random: np.random.Generator, deck: Deck) -> tuple[list[int], bool]:
    """The AUs, and whether they move on one side."""
    if random.random() < EVEN_SHARE:
        chosen: list[int] = []
        for _ in range(int(random.choice((1, 2, 3), p=(0.4, 0.4, 0.2)))):
            chosen.append(deck.draw(chosen))
        return chosen, random.random() < ONE_SIDED
    priors = load_priors()
    emotion = int(random.choice(len(priors.emotion), p=priors.emotion))
    indices = priors.draw_aus(random, emotion)[:3]
    return [DEFAULT_AUS[index] for index in indices], random.random() < np.mean(priors.unilateral[indices])


def _draw_event(random: np.random.Generator, onset_s: float, deck: Deck) -> TrueEvent:
    chosen, one_sided = _draw_aus(random, deck)
    length = random.uniform(*DURATION_S)
    lead = random.choice((Side.LEFT, Side.RIGHT))
    wanted = random.uniform(*AMPLITUDE_IOD)
    courses, moves = [], []
    for position, au in enumerate(chosen):
        begin = random.uniform(0.0, 0.2) * length if position else 0.0  # the first AU spans the event
        end = random.uniform(0.8, 1.0) * length if position else length
        apex = begin + random.uniform(0.35, 0.6) * (end - begin)
        peak_iod = au_motions()[au, Side.LEFT].peak
        share = random.uniform(0.6, 1.0) if position else 1.0
        moves.append(min(max(AMPLITUDE_IOD[0], share * wanted), MOST_INTENSITY * peak_iod))
        side = Side(lead) if one_sided and au not in MIDLINE_AUS else Side.BOTH
        course = TimeCourse(onset_s + begin, onset_s + apex, onset_s + end, moves[-1] / peak_iod)
        courses.append(AUCourse(au, side, course))
    strongest = courses[int(np.argmax(moves))]
    return TrueEvent(onset_s, strongest.course.apex_s, onset_s + length, max(moves), tuple(courses))


def write_truth(folder: Path, clips: Sequence[ClipTruth], about: dict[str, Any]) -> None:
    """``truth.json`` beside the clips."""
    document = {"format": FORMAT, **about, "clips": [asdict(clip) for clip in clips]}
    (folder / FILE).write_text(json.dumps(document, indent=1), encoding="utf-8")


def read_truth(folder: Path) -> list[ClipTruth]:
    """What ``write_truth`` wrote. FormatError: there is no such file, or it is another one."""
    path = folder / FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.get("format") != FORMAT:
            raise FormatError(f"{path} is no truth of benchmark clips ({FORMAT}): make them again with --keep.")
        return [ClipTruth(**{**clip, "events": tuple(map(_event, clip["events"]))}) for clip in document["clips"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} cannot be read ({error}): make the clips again with --keep.") from error


def _event(values: dict[str, Any]) -> TrueEvent:
    courses = (AUCourse(c["au"], Side(c["side"]), TimeCourse(**c["course"])) for c in values["courses"])
    return TrueEvent(**{**values, "courses": tuple(courses)})


def all_courses(events: Sequence[TrueEvent]) -> Iterator[AUCourse]:
    return chain.from_iterable(event.courses for event in events)
