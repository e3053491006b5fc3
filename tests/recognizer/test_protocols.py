"""Folds: nobody is in two parts, everybody is tested as often as said, labels of test people decide nothing."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.errors import InputError
from recognizer.protocols import (
    Fold,
    Kind,
    Protocol,
    class_map_names,
    divide,
    load_class_map,
    make_folds,
    person_of,
)

people = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 2)), min_size=12, max_size=60).filter(
    lambda rows: len({name for name, _ in rows}) >= 4
)
kinds = st.sampled_from([Protocol(Kind.LOSO), Protocol(Kind.KFOLD, folds=3), Protocol(Kind.SPLIT, test_share=0.4)])


def subjects_of(rows: list[tuple[str, int]]) -> list[tuple[str, str]]:
    return [("set", name) for name, _ in rows]


def parts(fold: Fold, subjects: list[tuple[str, str]]) -> list[set[tuple[str, str]]]:
    return [{subjects[i] for i in part} for part in (fold.train, fold.validation, fold.test)]


@given(people, kinds, st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_no_person_is_in_two_parts_and_no_part_is_empty(rows: list, protocol: Protocol, seed: int) -> None:
    protocol = Protocol(protocol.kind, protocol.folds, protocol.test_share, seed=seed)
    subjects = subjects_of(rows)
    for fold in make_folds(subjects, [label for _, label in rows], protocol):
        train, validation, test = parts(fold, subjects)
        assert train
        assert validation
        assert test
        assert not (train & validation or train & test or validation & test)
        assert sorted((*fold.train, *fold.validation, *fold.test)) == list(range(len(rows)))


@given(people, st.sampled_from([Protocol(Kind.LOSO), Protocol(Kind.KFOLD, folds=3)]))
@settings(max_examples=20, deadline=None)
def test_everyone_is_tested_once(rows: list, protocol: Protocol) -> None:
    subjects = subjects_of(rows)
    folds = make_folds(subjects, [label for _, label in rows], protocol)
    assert sorted(i for fold in folds for i in fold.test) == list(range(len(rows)))
    expected = len(set(subjects)) if protocol.kind is Kind.LOSO else 3
    assert len(folds) == expected == len({fold.name for fold in folds})


@given(people, st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_labels_of_the_test_person_do_not_move_anyone_else(rows: list, random: Any) -> None:
    subjects = subjects_of(rows)
    folds = make_folds(subjects, [label for _, label in rows], Protocol(Kind.LOSO))
    for fold in folds:
        poisoned = [random.randrange(3) if i in fold.test else label for i, (_, label) in enumerate(rows)]
        again = {one.name: one for one in make_folds(subjects, poisoned, Protocol(Kind.LOSO))}
        assert again[fold.name] == fold


def test_the_seed_decides() -> None:
    subjects = [("set", f"{i % 20:02}") for i in range(100)]
    labels = [i % 3 for i in range(100)]
    split = [make_folds(subjects, labels, Protocol(Kind.SPLIT, seed=seed)) for seed in (1, 1, 2)]
    assert split[0] == split[1] != split[2]


def test_parts_are_balanced_by_class() -> None:
    """Ten people show only the rare class, thirty only the frequent one: each fold tests two and six of them."""
    subjects = [("set", f"{i:02}") for i in range(40) for _ in range(3)]
    labels = [int(i < 10) for i in range(40) for _ in range(3)]
    for fold in make_folds(subjects, labels, Protocol(Kind.KFOLD, folds=5)):
        assert Counter(labels[i] for i in fold.test) == {0: 18, 1: 6}
        assert Counter(labels[i] for i in fold.validation)[1] in (3, 6)


def test_divide_gives_shares_of_each_class() -> None:
    counts = np.tile([[4, 1]], (50, 1))
    groups = divide(counts, [0.8, 0.2], np.random.default_rng(0))
    assert (groups == 1).sum() == 10


def test_subjects_of_two_sets_are_two_people_unless_the_sets_show_the_same() -> None:
    assert person_of("samm", "006") != person_of("casme3", "006")
    assert person_of("smic-hs", "s03") == person_of("smic-nir", "s03") == person_of("3db", "s03")
    assert person_of("megc2019", "casme2/sub01") == person_of("casme2", "sub01") == person_of("3db", "sub01")
    assert person_of("megc2019", "samm/006") == person_of("samm_lv", "006") == person_of("3db", "006")


def test_cross_trains_on_one_set_and_tests_on_another() -> None:
    subjects = [(name, str(i)) for name in ("a", "b", "c") for i in range(4)]
    protocol = Protocol(Kind.CROSS, train_sets=("a",), test_sets=("b",))
    (fold,) = make_folds(subjects, [0, 1] * 6, protocol)
    assert {subjects[i][0] for i in (*fold.train, *fold.validation)} == {"a"}
    assert [subjects[i] for i in fold.test] == [("b", str(i)) for i in range(4)]


def test_cross_refuses_sets_of_the_same_people() -> None:
    sets = ["smic-hs", "smic-vis"] * 6
    subjects = [person_of(one, f"s{i // 2}") for i, one in enumerate(sets)]
    protocol = Protocol(Kind.CROSS, train_sets=("smic-hs",), test_sets=("smic-vis",))
    with pytest.raises(InputError, match="show the same people"):
        make_folds(subjects, [0] * 12, protocol, sets=sets)


def test_a_set_that_is_not_there_is_told() -> None:
    protocol = Protocol(Kind.CROSS, train_sets=("a",), test_sets=("z",))
    with pytest.raises(InputError, match="'z' is there; the data has a, b"):
        make_folds([("a", "1"), ("a", "2"), ("b", "1")], [0, 1, 0], protocol)


@pytest.mark.parametrize(("kind", "count"), [(Kind.LOSO, 2), (Kind.KFOLD, 4), (Kind.SPLIT, 2)])
def test_too_few_subjects_are_told(kind: Kind, count: int) -> None:
    with pytest.raises(InputError, match="subjects"):
        make_folds([("set", str(i)) for i in range(count)], [0] * count, Protocol(kind))


def test_protocols_that_cannot_be_are_refused() -> None:
    for wrong in ({"folds": 1}, {"test_share": 0.0}, {"validation_share": 1.0}):
        with pytest.raises(ValueError, match="expected"):
            Protocol(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="train_sets and test_sets"):
        Protocol(Kind.CROSS)
    with pytest.raises(ValueError, match="cannot be in both"):
        Protocol(Kind.CROSS, train_sets=("a",), test_sets=("a", "b"))


def test_shipped_maps_put_emotions_where_the_papers_do() -> None:
    assert set(class_map_names()) >= {"composite3", "casme2_5", "samm5", "synthetic"}
    composite = load_class_map("composite3")
    names = {
        ("casme2", "repression"): "negative", ("casme2", "others"): None, ("casme2", "sadness"): None,
        ("samm", "contempt"): "negative", ("samm", "other"): None, ("samm", "sadness"): "negative",
        ("smic-hs", "positive"): "positive", ("3db", "surprise"): "surprise", ("megc2019", "negative"): "negative",
        ("casme2", None): None,
    }  # fmt: skip
    for (dataset, emotion), name in names.items():
        label = composite.label(dataset, emotion)
        assert (None if label is None else composite.classes[label]) == name, (dataset, emotion)
    assert load_class_map("casme2_5").label("samm", "happiness") is None


def test_a_map_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('classes = ["up", "down"]\n[emotions."*"]\nhappiness = "up"\nsadness = "down"\n')
    mine = load_class_map(str(path))
    assert mine.label("any", "sadness") == 1
    assert mine.occurring([0, None]).classes == ("up",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("classes = [", "not valid TOML"),
        ('classes = ["a"]', "at least two"),
        ('classes = ["a", "a"]', "at least two different"),
        ('classes = ["a", "b"]', r"\[emotions.SET\]"),
        ('classes = ["a", "b"]\n[emotions.x]\njoy = "c"', "'joy' into 'c'"),
        ('classes = ["a", "b"]\nclass = 1', "unknown key 'class'"),
    ],
)
def test_a_wrong_map_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        load_class_map(str(path))


def test_a_map_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError, match="composite3"):
        load_class_map("nowhere")
