"""Who is trained on, who chooses, who is tested: folds over subjects, and emotions put into classes.

A subject is (dataset, subject): the names of two sets may coincide. Where two sets show the same people (the three
cameras of SMIC; SAMM and its long videos; the composites), a subject is keyed by the people's own set. In every fold
training, validation and test subjects are disjoint; the validation subjects are drawn from the training part by its
own labels alone.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError

Subject = tuple[str, str]
_LEAST_SUBJECTS = 3  # one to train on, one to choose by, one to test on


class Kind(StrEnum):
    """How subjects are divided."""

    LOSO = "loso"  #: each subject is the test part once
    KFOLD = "kfold"  #: k groups of subjects, each the test part once
    SPLIT = "split"  #: one group of subjects is the test part, once
    CROSS = "cross"  #: trained on some data sets, tested on others


@dataclass(frozen=True, slots=True)
class Protocol:
    """``folds``: of ``kfold``. ``test_share``: of ``split``, a part of the subjects' samples. ``validation_share``: of
    each training part. ``train_sets``, ``test_sets``: of ``cross``. ``seed`` decides who is in which part. Raises
    ValueError outside the ranges said in its messages."""

    kind: Kind = Kind.LOSO
    folds: int = 5
    test_share: float = 0.25
    validation_share: float = 0.2
    train_sets: tuple[str, ...] = ()
    test_sets: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ValueError(f"folds: expected 2 or more, got {self.folds}")
        for name in ("test_share", "validation_share"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name}: expected above 0 and below 1, got {getattr(self, name)}")
        if self.kind is Kind.CROSS and (not self.train_sets or not self.test_sets):
            raise ValueError("protocol cross: expected train_sets and test_sets, got an empty list")
        if set(self.train_sets) & set(self.test_sets):
            raise ValueError(f"protocol cross: a set cannot be in both parts: {set(self.train_sets)}")

    @property
    def text(self) -> str:
        """In words, for results."""
        words = {
            Kind.LOSO: "leave one subject out",
            Kind.KFOLD: f"{self.folds}-fold over subjects",
            Kind.SPLIT: f"one subject-disjoint split, {self.test_share:.0%} tested",
            Kind.CROSS: f"trained on {' + '.join(self.train_sets)}, tested on {' + '.join(self.test_sets)}",
        }
        return f"{words[self.kind]}; {self.validation_share:.0%} of the training subjects choose epoch and thresholds"


@dataclass(frozen=True, slots=True)
class Fold:
    """Positions of samples, in rising order, no subject in two parts."""

    name: str
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def person_of(dataset: str, subject: str) -> Subject:
    """Who that is, under one key in all sets that show them."""
    if dataset == "megc2019" and "/" in subject:
        dataset, subject = subject.split("/", 1)
    elif dataset == "3db":
        dataset = "casme2" if subject.startswith("sub") else "smic" if subject.startswith("s") else "samm"
    family = next((name for name in _FAMILIES if dataset.startswith(name)), dataset)
    return (family, subject)


_FAMILIES = ("smic", "samm")


def make_folds(
    subjects: Sequence[Subject], labels: Sequence[int], protocol: Protocol, *, sets: Sequence[str] | None = None
) -> list[Fold]:
    """The folds of samples whose ``subjects`` and class ``labels`` (0, 1, ...) are given, one for each sample; ``sets``
    (of ``cross``): which data set each sample is from, by default the first part of its subject.

    Parts are balanced by class as far as whole subjects allow. Raises InputError: too few subjects, a set of ``cross``
    has no samples or shares people with one on the other side; ValueError unless the lengths agree.
    """
    sets = [subject[0] for subject in subjects] if sets is None else sets
    if not len(subjects) == len(labels) == len(sets):
        raise ValueError(f"folds: expected as many labels as subjects, got {len(labels)}, {len(subjects)}, {len(sets)}")
    table = _Table.of(subjects, labels, sets)
    tests = _TESTS[protocol.kind](table, protocol)
    return [_fold(table, name, test, protocol, number) for number, (name, test) in enumerate(tests)]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """``names`` of the S subjects, sorted; ``owner`` (n,): position of each sample's subject; ``sets`` (n,) its set;
    ``counts`` (S, C) samples by class."""

    names: tuple[Subject, ...]
    owner: NDArray[np.int64]
    sets: NDArray[np.str_]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, subjects: Sequence[Subject], labels: Sequence[int], sets: Sequence[str]) -> "_Table":
        names = tuple(sorted(set(subjects)))
        place = {name: i for i, name in enumerate(names)}
        owner = np.array([place[subject] for subject in subjects], np.int64)
        counts = np.zeros((len(names), max(labels, default=0) + 1), np.int64)
        np.add.at(counts, (owner, np.asarray(labels, np.int64)), 1)
        return cls(names, owner, np.array(sets, np.str_), counts)

    def samples(self, chosen: Sequence[int], sets: Sequence[str] = ()) -> tuple[int, ...]:
        """Samples of the ``chosen`` subjects, of ``sets`` alone if any are named."""
        kept = np.isin(self.owner, np.asarray(chosen, np.int64))
        if sets:
            kept &= np.isin(self.sets, np.asarray(sets, np.str_))
        return tuple(int(i) for i in np.flatnonzero(kept))

    def of_sets(self, sets: Sequence[str]) -> list[int]:
        """Subjects with a sample in one of ``sets``."""
        return [int(i) for i in np.unique(self.owner[np.isin(self.sets, np.asarray(sets, np.str_))])]


_Tests = list[tuple[str, list[int]]]  # name of the fold, positions of its test subjects


def _need(table: _Table, least: int, what: str) -> None:
    if len(table.names) < least:
        raise InputError(
            f"{what} needs samples of at least {least} subjects, and the data has {len(table.names)}: add subjects or "
            "choose another protocol."
        )


def _loso(table: _Table, _: Protocol) -> _Tests:
    _need(table, _LEAST_SUBJECTS, "Leave one subject out")
    return [(f"{name[0]}-{name[1]}", [i]) for i, name in enumerate(table.names)]


def _kfold(table: _Table, protocol: Protocol) -> _Tests:
    _need(table, max(_LEAST_SUBJECTS, protocol.folds), f"{protocol.folds}-fold")
    groups = divide(table.counts, [1 / protocol.folds] * protocol.folds, np.random.default_rng([protocol.seed, 0]))
    return [(f"fold{k + 1}", list(np.flatnonzero(groups == k))) for k in range(protocol.folds)]


def _split(table: _Table, protocol: Protocol) -> _Tests:
    _need(table, _LEAST_SUBJECTS, "A split")
    shares = [1 - protocol.test_share, protocol.test_share]
    groups = divide(table.counts, shares, np.random.default_rng([protocol.seed, 0]))
    return [("split", list(np.flatnonzero(groups == 1)))]


def _cross(table: _Table, protocol: Protocol) -> _Tests:
    present = sorted(set(table.sets.tolist()))
    for wanted in (*protocol.train_sets, *protocol.test_sets):
        if wanted not in present:
            raise InputError(f"No sample of the data set {wanted!r} is there; the data has {', '.join(present)}.")
    test = table.of_sets(protocol.test_sets)
    shared = set(test) & set(table.of_sets(protocol.train_sets))
    if shared:
        raise InputError(
            f"{' + '.join(protocol.train_sets)} and {' + '.join(protocol.test_sets)} show the same people "
            f"({len(shared)}, one is {table.names[min(shared)][1]}): they cannot be trained on and tested."
        )
    return [("cross", test)]


_TESTS = {Kind.LOSO: _loso, Kind.KFOLD: _kfold, Kind.SPLIT: _split, Kind.CROSS: _cross}


def _fold(table: _Table, name: str, test: Sequence[int], protocol: Protocol, number: int) -> Fold:
    cross = protocol.kind is Kind.CROSS
    tested = set(test)
    rest = [i for i in (table.of_sets(protocol.train_sets) if cross else range(len(table.names))) if i not in tested]
    if len(rest) < 2:
        raise InputError(
            f"Fold {name} leaves {len(rest)} subjects to train on and to choose by, and needs two: test fewer subjects."
        )
    share = protocol.validation_share
    groups = divide(table.counts[rest], [1 - share, share], np.random.default_rng([protocol.seed, 1, number]))
    train, validation = ([rest[i] for i in np.flatnonzero(groups == k)] for k in (0, 1))
    here, there = (protocol.train_sets, protocol.test_sets) if cross else ((), ())
    return Fold(name, table.samples(train, here), table.samples(validation, here), table.samples(test, there))


def divide(counts: NDArray[np.int64], shares: Sequence[float], rng: np.random.Generator) -> NDArray[np.int64]:
    """A group for each of S subjects with ``counts`` (S, C) samples a class; groups get ``shares`` of each class.

    Greedy: subjects in random order, those with many samples first, each to the group that lacks most of what it has,
    rare classes weighing as much as frequent ones. No group stays empty. Raises ValueError for fewer subjects.
    """
    if len(counts) < len(shares):
        raise ValueError(f"divide: expected at least {len(shares)} subjects, got {len(counts)}")
    rarity = 1.0 / np.maximum(counts.sum(axis=0), 1) ** 2
    lacking = np.outer(shares, counts.sum(axis=0)).astype(np.float64)
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    groups = np.empty(len(counts), np.int64)
    for done, i in enumerate(order):
        empty = [k for k in range(len(shares)) if not (groups[order[:done]] == k).any()]
        left = len(order) - done
        allowed = empty if empty and left <= len(empty) else range(len(shares))
        gain = lacking @ (rarity * counts[i])
        groups[i] = max(allowed, key=lambda k: gain[k])
        lacking[groups[i]] -= counts[i]
    return groups


@dataclass(frozen=True, slots=True)
class ClassMap:
    """Which emotion of which set is which class. ``table``: data set (or the beginning of its name, or ``*``) ->
    emotion -> class."""

    name: str
    description: str
    classes: tuple[str, ...]
    table: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def label(self, dataset: str, emotion: str | None) -> int | None:
        """The class of a sample; None where the map leaves the emotion or the set out."""
        names = sorted((key for key in self.table if key != "*" and dataset.startswith(key)), key=len)
        emotions = self.table.get(names[-1] if names else "*", {})
        found = emotions.get(emotion) if emotion is not None else None
        return None if found is None else self.classes.index(found)

    def occurring(self, labels: Sequence[int | None]) -> "ClassMap":
        """The map with those classes only that ``labels`` hold: a class that nobody shows cannot be judged."""
        kept = tuple(name for i, name in enumerate(self.classes) if i in set(labels))
        table = {
            key: {emotion: name for emotion, name in row.items() if name in kept} for key, row in self.table.items()
        }
        return ClassMap(self.name, self.description, kept, table)


def class_map_names() -> tuple[str, ...]:
    """The maps that ship."""
    folder = resources.files("recognizer") / "class_maps"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def load_class_map(name: str) -> ClassMap:
    """A shipped map by its name, or one of the user's by the path of its TOML file. Raises InputError."""
    if name in class_map_names():
        text = (resources.files("recognizer") / "class_maps" / f"{name}.toml").read_text(encoding="utf-8")
    elif Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8", errors="replace")
    else:
        raise InputError(f"There is no class map {name!r}: give a TOML file or one of {', '.join(class_map_names())}.")
    try:
        return _checked(Path(name).stem, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The class map {name} is not valid TOML ({error}).") from error


def _checked(name: str, values: Mapping[str, Any]) -> ClassMap:
    unknown = sorted(set(values) - {"description", "classes", "emotions"})
    if unknown:
        raise InputError(
            f"The class map {name} has an unknown key {unknown[0]!r}; known: description, classes, emotions."
        )
    classes, table = values.get("classes", []), values.get("emotions", {})
    if len(classes) < 2 or len(set(classes)) != len(classes) or not all(isinstance(one, str) for one in classes):
        raise InputError(f"The class map {name} needs a list 'classes' of at least two different names.")
    if not isinstance(table, dict) or not table or not all(isinstance(row, dict) for row in table.values()):
        raise InputError(f'The class map {name} needs a table [emotions.SET] for each set, or [emotions."*"] for all.')
    for row in table.values():
        for emotion, target in row.items():
            if target not in classes:
                raise InputError(
                    f"The class map {name} puts {emotion!r} into {target!r}, which is none of its classes."
                )
    return ClassMap(name, str(values.get("description", "")), tuple(classes), table)
