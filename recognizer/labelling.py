"""Samples with the truth of a task: emotions put into classes, AUs into vectors, and a count of what is left out."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curves.errors import InputError
from recognizer.protocols import ClassMap, Subject, person_of
from recognizer.samples import Sample
from recognizer.systems import Example, Task


@dataclass(frozen=True, slots=True, eq=False)
class LabelledData:
    """Samples that can be judged, with their truth. ``left_out``: reason -> how many. ``digest``: over all of it."""

    examples: tuple[Example, ...]
    task: Task
    left_out: Mapping[str, int]
    digest: str

    @property
    def subjects(self) -> list[Subject]:
        return [person_of(one.sample.dataset, one.sample.subject) for one in self.examples]

    @property
    def sets(self) -> list[str]:
        return [one.sample.dataset for one in self.examples]

    @property
    def counts(self) -> dict[str, Any]:
        """The flow of samples, for results."""
        names = Counter(self.task.classes[one.label] for one in self.examples)
        sets = Counter(self.sets)
        return {
            "samples": len(self.examples),
            "subjects": len(set(self.subjects)),
            "classes": {name: names[name] for name in self.task.classes},
            "sets": dict(sorted(sets.items())),
            "without_au_labels": sum(one.aus is None for one in self.examples) if self.task.aus else 0,
            "left_out": dict(self.left_out),
        }


def label_samples(
    samples: Sequence[Sample], classes: ClassMap, aus: Sequence[int] = (), *, lost: Mapping[str, int] | None = None
) -> LabelledData:
    """Puts emotions into classes and AUs into vectors; classes that no sample shows are left away.

    What cannot be used is counted by reason, ``lost`` (what gave no sample) with it. Raises InputError: two samples of
    one name, or fewer than two classes.
    """
    twins = [name for name, count in Counter((one.dataset, one.clip) for one in samples).items() if count > 1]
    if twins:
        raise InputError(f"Two samples are called {twins[0][1]} in the set {twins[0][0]}: a clip must be there once.")
    labels = [classes.label(one.dataset, one.emotion) for one in samples]
    kept = classes.occurring(labels)
    if len(kept.classes) < 2:
        raise InputError(
            f"The class map {classes.name} finds samples of {len(kept.classes)} classes in the data, and needs two: "
            "choose another map (key 'classes') or other data."
        )
    left_out: Counter[str] = Counter(lost or {})
    examples = []
    for sample, label in sorted(zip(samples, labels, strict=True), key=lambda pair: (pair[0].dataset, pair[0].clip)):
        if label is None:
            left_out[f"{sample.dataset}: {sample.emotion or 'no emotion'} is in no class"] += 1
        else:
            truth = None if sample.aus is None else np.array([au in sample.aus for au in aus], bool)
            examples.append(Example(sample, kept.classes.index(classes.classes[label]), truth if aus else None))
    task = Task(kept.classes, tuple(aus))
    return LabelledData(tuple(examples), task, dict(sorted(left_out.items())), _digest(examples))


def frequent_aus(samples: Sequence[Sample], least: int = 10) -> tuple[int, ...]:
    """The AUs that at least ``least`` samples are labelled with: a figure on fewer says nothing."""
    counts = Counter(au for one in samples for au in one.aus or ())
    return tuple(sorted(au for au, count in counts.items() if count >= least))


def _digest(examples: Sequence[Example]) -> str:
    """16 hex digits over names, truth and pixels."""
    whole = hashlib.sha256()
    for sample, label, aus, _ in examples:
        truth = None if aus is None else aus.astype(int).tolist()
        whole.update(json.dumps([sample.dataset, sample.subject, sample.clip, label, truth, sample.apex]).encode())
        for array in (sample.times_s, sample.flow, sample.crops, sample.onset_apex):
            if array is not None:
                whole.update(np.ascontiguousarray(array).data)
    return whole.hexdigest()[:16]
