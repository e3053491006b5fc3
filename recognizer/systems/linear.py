"""What the classical systems share: features made by hand, linear classifiers chosen on the validation subjects."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError
from recognizer.linear_models import Design, LinearModel, balanced_weights, best_threshold
from recognizer.samples import Sample
from recognizer.scores import confusion_matrix, uf1
from recognizer.systems import Example, FitSettings, Fitted, Need, Prediction, Progress, Task
from recognizer.systems.inputs import require

#: Ridges tried, of features whose samples have norm 1 on average.
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_USUAL = 1e-2  # where no validation subject can choose

_Vector = NDArray[np.float32]


class _Memory:
    """Features by the array that they were made from: each fold asks for the same ones again."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], int | None, _Vector]] = {}

    def __reduce__(self) -> tuple[type["_Memory"], tuple[()]]:
        return _Memory, ()  # another process has other arrays

    def get(self, source: NDArray[Any], apex: int | None, make: Callable[[], _Vector]) -> _Vector:
        """What ``make`` gives for ``source`` and ``apex``; forgotten with ``source``."""
        key = id(source)
        known = self._known.get(key)
        if known is not None and known[0]() is source and known[1] == apex:
            return known[2]
        made = make()
        self._known[key] = (weakref.ref(source, lambda _: self._known.pop(key, None)), apex, made)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class ClassicalSystem:
    """A ``System``; ``name``: in the registry. ``extract``: a sample's features (d,). ``standardise``: scale each
    feature by its own spread."""

    name: str
    description: str
    need: Need
    extract: Callable[[Sample], _Vector]
    standardise: bool
    memory: _Memory
    names_aus: bool = True

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({self.need})

    def features(self, samples: Sequence[Sample]) -> NDArray[np.float32]:
        """(n, d). InputError where a sample lacks what is needed."""
        require(samples, self.needs, self.name)
        rows = []
        for sample in samples:
            source = getattr(sample, self.need.value)
            rows.append(self.memory.get(source, sample.apex, lambda sample=sample: self.extract(sample)))  # type: ignore[misc]
        return np.stack(rows)

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example],
        task: Task,
        settings: FitSettings,
        progress: Progress = lambda _: None,
    ) -> Fitted:
        """See ``System.fit``. There are no epochs; the validation subjects choose ridges and AU thresholds."""
        if not train:
            raise InputError("The training part is empty: a fold needs clips of more subjects.")
        progress(f"features of {len(train) + len(validation)} clips")
        design = Design(self.features([example.sample for example in train]), standardise=self.standardise)
        seen = self.features([example.sample for example in validation]) if validation else None
        progress("linear classifiers")
        parts = _Parts(design, _sample_weights(train, settings), train, seen, validation)
        emotion, ridge = _fit_emotion(parts, len(task.classes))
        aus = [_fit_au(parts, index) for index in range(len(task.aus))]
        chosen: dict[str, Any] = {"ridge": ridge}
        if task.aus:
            chosen |= {"au_ridge": [au.ridge for au in aus], "au_threshold": [au.threshold for au in aus]}
        return FittedClassical(self, emotion, tuple(aus), chosen)


@dataclass(frozen=True, slots=True, eq=False)
class _AuModel:
    """``model`` None: the training part showed one answer only, ``constant``."""

    model: LinearModel | None
    ridge: float
    threshold: float
    constant: bool = False

    def present(self, features: NDArray[np.floating]) -> NDArray[np.bool_]:
        if self.model is None:
            return np.full(len(features), self.constant)
        return self.model.probabilities(features)[:, 1] >= self.threshold


@dataclass(frozen=True, slots=True, eq=False)
class FittedClassical:
    """A ``Fitted``."""

    system: ClassicalSystem
    emotion: LinearModel
    aus: tuple[_AuModel, ...]
    chosen: Mapping[str, Any]

    def predict(self, samples: Sequence[Sample]) -> Prediction:
        """See ``Fitted.predict``."""
        if not samples:
            empty = np.zeros((0, len(self.aus)), np.bool_) if self.aus else None
            return Prediction(np.zeros((0, len(self.emotion.bias))), empty)
        features = self.system.features(samples)
        present = np.stack([au.present(features) for au in self.aus], axis=1) if self.aus else None
        return Prediction(self.emotion.probabilities(features), present)


def _sample_weights(examples: Sequence[Example], settings: FitSettings) -> NDArray[np.float64]:
    return np.array([settings.generated_weight if example.generated else 1.0 for example in examples])


class _Parts(NamedTuple):
    """``design`` and ``weights`` (n,) of ``train``; ``seen``: features of ``validation``, None if that is empty."""

    design: Design
    weights: NDArray[np.float64]
    train: Sequence[Example]
    seen: NDArray[np.float32] | None
    validation: Sequence[Example]


def _fit_emotion(parts: _Parts, count: int) -> tuple[LinearModel, float]:
    """The ridge with the greatest UF1 on the validation subjects, of equal ones with the least log loss."""
    labels = np.array([example.label for example in parts.train])
    weights = balanced_weights(labels, parts.weights)
    if parts.seen is None:
        return parts.design.fit(labels, count, weights, _USUAL), _USUAL
    truth = np.array([example.label for example in parts.validation])
    found = []
    for ridge in RIDGES:
        model = parts.design.fit(labels, count, weights, ridge)
        shares = model.probabilities(parts.seen)
        f1 = uf1(confusion_matrix(truth, shares.argmax(axis=1), count))
        loss = -float(np.log(shares[np.arange(len(truth)), truth] + 1e-12).mean())
        found.append(((f1, -loss), ridge, model))
    _, ridge, model = max(found, key=lambda item: item[0])
    return model, ridge


def _fit_au(parts: _Parts, index: int) -> _AuModel:
    """One AU against the rest; clips of sets without AU labels weigh nothing."""
    labels = np.array([example.aus is not None and bool(example.aus[index]) for example in parts.train], np.intp)
    weights = parts.weights * np.array([example.aus is not None for example in parts.train])
    known = labels[weights > 0]
    if not known.any() or known.all():
        return _AuModel(None, 0.0, 0.5, constant=bool(len(known) and known.all()))
    weights = balanced_weights(labels, weights)
    answers = {i: bool(example.aus[index]) for i, example in enumerate(parts.validation) if example.aus is not None}
    truth = np.array(list(answers.values()), bool)
    if parts.seen is None or not truth.any():
        return _AuModel(parts.design.fit(labels, 2, weights, _USUAL), _USUAL, 0.5)
    judged = parts.seen[list(answers)]
    found = []
    for ridge in RIDGES:
        model = parts.design.fit(labels, 2, weights, ridge)
        threshold, f1 = best_threshold(model.probabilities(judged)[:, 1], truth)
        found.append((f1, ridge, threshold, model))
    _, ridge, threshold, model = max(found, key=lambda item: item[:2])  # of equal ones the stronger ridge
    return _AuModel(model, ridge, threshold)


def classical(
    name: str, description: str, need: Need, extract: Callable[[Sample], _Vector], *, standardise: bool
) -> ClassicalSystem:
    """A system that reads ``need`` of each sample."""
    return ClassicalSystem(name, description, need, extract, standardise, _Memory())
