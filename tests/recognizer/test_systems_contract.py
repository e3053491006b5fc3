"""The contract over all rows of the registry: a new one is tested by being there."""

import pickle
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from tiny_samples import TASK, tiny_examples

from curves.errors import InputError
from recognizer.systems import Example, FitSettings, Fitted, Need, Task
from recognizer.systems.registry import SYSTEMS, system

#: No network sees sub-pixel motion in brightness after 64 steps: this row is given furrows that darken.
FURROWS = {"au_gcn_cur_rgb": 100.0}
#: These two learn more slowly from so little.
MORE: dict[str, dict[str, int]] = {
    name: {"width": 4, "epochs": 11} for name in ("au_gcn_cur_mc3", "au_gcn_cur_r2plus1d")
}
TINY = FitSettings(width=2, batch_size=3, learning_rate=0.01, epochs=1, threads=1)


@dataclass(frozen=True)
class Parts:
    train: list[Example]
    validation: list[Example]
    test: list[Example]


@cache
def parts(train: int, furrows: float = 0.0) -> Parts:
    """People are in one part alone; 8 share the training."""
    return Parts(
        tiny_examples(train, subjects=8, crops=True, furrows=furrows),
        tiny_examples(6, subjects=2, first_subject=20, crops=True, furrows=furrows),
        tiny_examples(12, subjects=4, first_subject=30, crops=True, furrows=furrows),
    )


def fit(name: str, data: Parts, settings: FitSettings = TINY, task: Task = TASK) -> Fitted:
    return SYSTEMS[name].fit(data.train, data.validation, task, settings)


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_unseen_subjects_are_named_better_than_by_chance(name: str) -> None:
    data = parts(24, FURROWS.get(name, 0.0))
    fitted = fit(name, data, replace(TINY, **{"epochs": 8, **MORE.get(name, {})}))  # type: ignore[arg-type]
    found = fitted.predict([example.sample.blind() for example in data.test])
    truth = np.array([example.label for example in data.test])
    assert (found.classes.argmax(axis=1) == truth).mean() > 0.5  # chance is a third
    assert fitted.chosen


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_predictions_are_probabilities_the_same_again_and_blind_to_order(name: str) -> None:
    whole, row = parts(6), SYSTEMS[name]
    data = Parts(whole.train[:3], whole.validation[:3], whole.test)
    samples = [example.sample for example in data.test[:4]]
    fitted = fit(name, data)
    first, again = (one.predict([sample.blind() for sample in samples]) for one in (fitted, fit(name, data)))
    assert first.classes.shape == (4, 3)
    assert np.allclose(first.classes.sum(axis=1), 1.0)
    assert ((first.classes >= 0) & (first.classes <= 1)).all()
    assert np.array_equal(first.classes, again.classes)
    assert (first.aus is not None) == row.names_aus
    order = [2, 0, 3, 1]
    shuffled = fitted.predict([samples[i] for i in order])  # with their labels: they change nothing
    assert np.allclose(shuffled.classes, first.classes[order], atol=1e-3)
    if first.aus is not None and shuffled.aus is not None:
        assert first.aus.shape == (4, len(TASK.aus)) and first.aus.dtype == bool
    assert len(fitted.predict([]).classes) == 0


@pytest.mark.parametrize("name", SYSTEMS)
def test_samples_without_what_it_needs_are_refused(name: str) -> None:
    data, row = parts(6), SYSTEMS[name]
    assert row.needs
    for need in row.needs:
        without = {"crops": None} if need is Need.CROPS else {"flow": None, "onset_apex": None}
        bare = [e._replace(sample=replace(e.sample, **without)) for e in data.train]  # type: ignore[arg-type]
        with pytest.raises(InputError, match="needs"):
            fit(name, Parts(bare, data.validation, []))


@pytest.mark.parametrize("name", [name for name, row in SYSTEMS.items() if getattr(row, "needs_aus", False)])
def test_graphs_without_au_labels_are_refused(name: str) -> None:
    data = parts(6)
    with pytest.raises(InputError, match=f"{name} needs AU labels"):
        fit(name, data, task=replace(TASK, aus=()))
    unlabelled = [example._replace(aus=None) for example in data.train]
    with pytest.raises(InputError, match="needs AU labels"):
        fit(name, Parts(unlabelled, data.validation, []))


def test_names_are_those_of_the_registry_and_described_in_one_line() -> None:
    for name, row in SYSTEMS.items():
        assert getattr(row, "name", name) == name
        assert row.description and "\n" not in row.description
        pickle.dumps(row)  # folds run in processes
    assert system("ststnet") is SYSTEMS["ststnet"]
    with pytest.raises(InputError, match="choose one of cnn3d"):
        system("ststnett")
