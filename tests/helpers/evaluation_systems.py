"""Small systems and spotters that evaluations are tested with; importable by the processes that evaluations start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from curves.values import AUActivation, Side
from recognizer.clips import ClipRecord
from recognizer.inference import MotionRun
from recognizer.samples import Sample
from recognizer.spotters import FittedSpotter, Spot
from recognizer.systems import Example, FitSettings, Fitted, Need, Prediction, Progress, System, Task


def sample(clip: str, subject: str, emotion: str | None, value: float, **changes: Any) -> Sample:
    """Three frames whose last flow is ``value`` everywhere; the value is all that a system can go by."""
    flow = np.zeros((3, 2, 56, 56), np.float16)
    flow[-1] = value
    fields: dict[str, Any] = {"dataset": "toy", "aus": frozenset(), "apex": 2, "flow": flow}
    return Sample(clip=clip, subject=subject, emotion=emotion, times_s=np.arange(3) / 30, **(fields | changes))


def toy_samples(subjects: int = 6, clips: int = 4, noise: float = 0.3, seed: int = 0) -> list[Sample]:
    """Two emotions at -1 and 1, each subject shows both; AU12 goes with the happy ones."""
    rng = np.random.default_rng(seed)
    result = []
    for person in range(subjects):
        for k in range(clips):
            happy = k % 2 == 1
            value = (1.0 if happy else -1.0) + rng.normal(0, noise)
            aus = frozenset({12}) if happy else frozenset({4})
            emotion = "happiness" if happy else "disgust"
            result.append(sample(f"s{person}c{k}", f"s{person}", emotion, value, aus=aus))
    return result


def feature(one: Sample) -> float:
    assert one.flow is not None
    return float(one.flow[-1].mean())


@dataclass
class _Threshold:
    """Names the class whose mean is nearest, once ``epoch`` steps towards the means were made."""

    means: np.ndarray
    epoch: int
    aus: tuple[int, ...]
    of_class: np.ndarray

    @property
    def chosen(self) -> Mapping[str, Any]:
        return {"epoch": self.epoch}

    def predict(self, samples: Sequence[Sample]) -> Prediction:
        distance = np.array([[abs(feature(one) - mean) for mean in self.means] for one in samples])
        near = np.exp(-distance)
        named = distance.argmin(axis=1)
        return Prediction(near / near.sum(axis=1, keepdims=True), self.of_class[named] if self.aus else None)


@dataclass(frozen=True)
class NearestMean:
    """Class means, approached epoch by epoch; the validation part picks the epoch. A system as they should be."""

    description: str = "nearest mean"
    needs: frozenset[Need] = frozenset({Need.FLOW})
    names_aus: bool = True

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example],
        task: Task,
        settings: FitSettings,
        progress: Progress = lambda _: None,
    ) -> Fitted:
        rng = np.random.default_rng(settings.seed)
        goal = np.array(
            [np.mean([feature(one.sample) for one in train if one.label == c] or [9]) for c in range(len(task.classes))]
        )
        of_class = np.zeros((len(task.classes), len(task.aus)), bool)
        for one in train:
            if one.aus is not None:
                of_class[one.label] |= one.aus
        means, best = rng.normal(-goal, 0.05), (-1.0, 0, np.zeros(len(goal)))  # the wrong way round at first
        for epoch in range(1, settings.epochs + 1):
            means = means + 0.2 * (goal - means)
            guess = _Threshold(means, epoch, (), of_class).predict([one.sample for one in validation])
            hits = float(np.mean(guess.classes.argmax(axis=1) == [one.label for one in validation]))
            if hits > best[0]:
                best = (hits, epoch, means)
            progress(f"epoch {epoch}: {hits:.2f}")
        return _Threshold(best[2], best[1], task.aus, of_class)


@dataclass
class _Memory:
    by_clip: dict[str, int]
    by_subject: dict[str, int]
    classes: int
    asked: list[Sample] = field(default_factory=list)

    @property
    def chosen(self) -> Mapping[str, Any]:
        return {}

    def predict(self, samples: Sequence[Sample]) -> Prediction:
        """What it remembers of the clip, else of the subject; the first class of those it does not know."""
        self.asked += samples
        found = [self.by_clip.get(one.clip, self.by_subject.get(one.subject, 0)) for one in samples]
        return Prediction(np.eye(self.classes)[found])


@dataclass
class Memoriser:
    """Knows every clip and subject by name, even those of the whole data that it is given before (``leak``)."""

    leak: Sequence[Sample] = ()
    classes_of: Mapping[str, int] = field(default_factory=dict)
    description: str = "memoriser"
    needs: frozenset[Need] = frozenset()
    names_aus: bool = False
    fitted: list[_Memory] = field(default_factory=list)

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example],
        task: Task,
        settings: FitSettings,
        progress: Progress = lambda _: None,
    ) -> Fitted:
        known = [(one.sample, one.label) for one in (*train, *validation)]
        known += [(one, self.classes_of[one.emotion]) for one in self.leak if one.emotion is not None]
        memory = _Memory({s.clip: c for s, c in known}, {s.subject: c for s, c in known}, len(task.classes))
        self.fitted.append(memory)
        return memory


SMALL: Mapping[str, System] = {"nearest": NearestMean(), "memoriser": Memoriser()}


def spotting_clip(person: str, seed: int, events: list[tuple[float, float, float]]) -> ClipRecord:
    """A minute; each event holds AU1 (first of the list) on the left."""
    aus = np.zeros((len(events), 19, 2), np.float32)
    aus[:, 0, 0] = 0.5
    return ClipRecord(
        np.linspace(0.0, 60.0, 4),
        np.zeros((4, 2, 56, 56), np.float16),
        np.zeros((4, 19, 2), np.float32),
        np.array(events, np.float64).reshape(-1, 3),
        np.zeros(len(events), np.int64),
        aus,
        person,
        seed,
        25.0,
    )


class FixedSpotter:
    """Finds one event at 1.1 s, and one at 30 s that is never there."""

    description, names_aus = "fixed", True

    def __init__(self) -> None:
        self.people: list[set[str]] = []

    def fit(self, train: Any, validation: Any, *, seed: int = 0) -> FittedSpotter:
        self.people = [{one.identity for one in part} for part in (train, validation)]

        class _Fitted:
            chosen: ClassVar[dict[str, Any]] = {"threshold": 0.5}

            def spot(self, run: MotionRun) -> list[Spot]:
                aus = (AUActivation(1, Side.LEFT, 0.5), AUActivation(2, Side.LEFT, 0.5))
                return [Spot(1.1, 1.2, 1.5, 1.0, aus), Spot(30.0, 30.1, 30.4, 0.2)]

        return _Fitted()
