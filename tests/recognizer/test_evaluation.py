"""No test subject reaches a system; runs go on at the fold; what differs from a run before is refused."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from evaluation_systems import SMALL, Memoriser, NearestMean, sample, toy_samples

from curves.errors import InputError
from recognizer.evaluation import EvaluationSettings, evaluate, run_fold
from recognizer.labelling import LabelledData, frequent_aus, label_samples
from recognizer.protocols import ClassMap, Kind, Protocol, make_folds
from recognizer.results import judged_runs, predictions_table
from recognizer.samples import Sample, load_sample, save_sample
from recognizer.systems import Example, FitSettings, Fitted, Need, Prediction, System, Task

TWO = ClassMap("two", "", ("disgust", "happiness"), {"*": {"disgust": "disgust", "happiness": "happiness"}})


def settings(*systems: str, **changes: Any) -> EvaluationSettings:
    fields: dict[str, Any] = {"protocol": Protocol(Kind.LOSO), "fit": FitSettings(epochs=5, device="cpu"), "workers": 1}
    return EvaluationSettings(systems or ("nearest",), TWO, **(fields | changes))


def data(samples: Sequence[Sample] | None = None, aus: Sequence[int] = ()) -> LabelledData:
    return label_samples(toy_samples() if samples is None else samples, TWO, aus)


def accuracy(evaluation: Any, system: str) -> float:
    (judged,) = judged_runs(evaluation)[system].values()
    return float((judged.true == judged.predicted).mean())


class Spy:
    """Keeps what it was given; answers at random."""

    description = "spy"
    needs = frozenset({Need.FLOW})
    names_aus = False

    def __init__(self) -> None:
        self.trained: list[Sample] = []
        self.chosen_by: list[Sample] = []
        self.asked: list[Sample] = []
        self.settings: list[FitSettings] = []

    def fit(self, train, validation, task, settings, progress=lambda _: None) -> Fitted:
        self.trained = [one.sample for one in train]
        self.chosen_by = [one.sample for one in validation]
        self.settings.append(settings)
        outer = self

        class _Fitted:
            chosen: ClassVar[dict[str, Any]] = {"limit": np.float32(0.5), "counts": np.arange(2)}

            def predict(self, samples: Sequence[Sample]) -> Prediction:
                outer.asked = list(samples)
                return Prediction(np.full((len(samples), len(task.classes)), 0.5))

        return _Fitted()


def test_test_samples_are_blind_and_in_an_order_that_tells_nothing() -> None:
    spy, kept = Spy(), data(toy_samples(subjects=8, clips=8))
    fold = make_folds(kept.subjects, [one.label for one in kept.examples], Protocol(Kind.SPLIT, test_share=0.5))[0]
    run_fold(spy, kept.examples, fold, kept.task, FitSettings())
    assert len(spy.asked) == len(fold.test)
    for one in spy.asked:
        assert (one.clip, one.subject, one.emotion, one.aus) == ("", "", None, None)
    tested = {kept.examples[i].sample.subject for i in fold.test}
    assert not tested & {one.subject for one in (*spy.trained, *spy.chosen_by)}
    assert not {one.subject for one in spy.trained} & {one.subject for one in spy.chosen_by}
    in_order = [kept.examples[i].sample.flow for i in fold.test]
    assert [id(one.flow) for one in spy.asked] != [id(flow) for flow in in_order]
    assert {id(one.flow) for one in spy.asked} == {id(flow) for flow in in_order}


def test_answers_come_back_in_the_order_of_the_samples(tmp_path: Path) -> None:
    noiseless = data(toy_samples(noise=0.0, clips=9))
    evaluation = evaluate(noiseless, settings(fit=FitSettings(epochs=9)), tmp_path, systems=SMALL)
    assert accuracy(evaluation, "nearest") == 1.0


def test_memorising_identities_gains_nothing(tmp_path: Path) -> None:
    """Even a system that was given all clips with their labels before knows none of those that it is asked about."""
    samples = toy_samples(subjects=8)
    leaky = Memoriser(leak=samples, classes_of={"disgust": 0, "happiness": 1})
    evaluation = evaluate(data(samples), settings("leaky"), tmp_path, systems={"leaky": leaky})
    assert accuracy(evaluation, "leaky") == 0.5  # as if it always said the first class
    # The guard can fail: asked with names, it would know everything.
    told = leaky.fitted[0].predict(samples)
    assert (told.classes.argmax(axis=1) == [int(one.emotion == "happiness") for one in samples]).all()


def test_poisoned_test_labels_change_neither_the_epoch_nor_the_predictions() -> None:
    kept = data(toy_samples(subjects=7, noise=0.9), aus=(4, 12))
    folds = make_folds(kept.subjects, [one.label for one in kept.examples], Protocol(Kind.LOSO))
    for fold in folds:
        poisoned = list(kept.examples)
        for i in fold.test:
            one = poisoned[i]
            assert one.aus is not None
            flipped = replace(one.sample, emotion="disgust", aus=frozenset({1}))
            poisoned[i] = Example(flipped, 1 - one.label, ~one.aus)
        fit = FitSettings(epochs=12)
        first, chosen = run_fold(NearestMean(), kept.examples, fold, kept.task, fit)
        second, chosen_again = run_fold(NearestMean(), poisoned, fold, kept.task, fit)
        assert chosen == chosen_again
        np.testing.assert_array_equal(first.classes, second.classes)
        np.testing.assert_array_equal(first.aus, second.aus)


@dataclass(frozen=True)
class Listing(NearestMean):
    """Keeps what it was trained on."""

    seen: ClassVar[list[Example]] = []

    def fit(self, train: Sequence[Example], *rest: Any, **more: Any) -> Fitted:
        self.seen[:] = train
        return super().fit([example for example in train if not example.generated], *rest, **more)


def test_generated_clips_come_from_the_training_part_alone() -> None:
    fold_data = data()
    fold = make_folds(fold_data.subjects, [e.label for e in fold_data.examples], Protocol(Kind.LOSO))[0]
    run_fold(Listing(), fold_data.examples, fold, fold_data.task, FitSettings(), generated=0.5)
    made = [example for example in Listing.seen if example.generated]
    assert len(made) == round(0.5 * len(fold.train))
    assert len(Listing.seen) == len(fold.train) + len(made)
    allowed = {fold_data.examples[i].sample.subject for i in fold.train}
    assert {example.sample.subject for example in made} <= allowed
    run_fold(Listing(), fold_data.examples, fold, fold_data.task, FitSettings())
    assert not any(example.generated for example in Listing.seen)


def test_poisoned_validation_labels_do_change_what_is_chosen() -> None:
    """The counter-test: the labels that may choose do choose, so the test above could fail."""
    kept = data(toy_samples(subjects=7, noise=0.9))
    folds = make_folds(kept.subjects, [one.label for one in kept.examples], Protocol(Kind.LOSO))
    changed = 0
    for fold in folds:
        poisoned = [
            one._replace(label=1 - one.label) if i in fold.validation else one for i, one in enumerate(kept.examples)
        ]
        fit = FitSettings(epochs=12)
        chosen = [run_fold(NearestMean(), some, fold, kept.task, fit)[1] for some in (kept.examples, poisoned)]
        changed += chosen[0] != chosen[1]
    assert changed > 0


def test_runs_go_on_at_the_fold(tmp_path: Path) -> None:
    class Failing(NearestMean):
        left = 3

        def fit(self, *arguments: Any, **named: Any) -> Fitted:
            if Failing.left == 0:
                raise InputError("broken off")
            Failing.left -= 1
            return super().fit(*arguments, **named)

    whole = evaluate(data(), settings(), tmp_path / "whole", systems=SMALL)
    with pytest.raises(InputError, match="broken off"):
        evaluate(data(), settings(), tmp_path / "broken", systems={"nearest": Failing()})
    assert len(list((tmp_path / "broken" / "folds").glob("*.json"))) == 3
    told: list[str] = []
    again = evaluate(data(), settings(), tmp_path / "broken", systems=SMALL, progress=told.append)
    assert told[0] == "3 of 6 folds were done before"
    assert sum(line.startswith("fold ") for line in told) == 3
    assert predictions_table(again).equals(predictions_table(whole))


def test_more_systems_and_seeds_may_be_added_to_a_run(tmp_path: Path) -> None:
    evaluate(data(), settings(), tmp_path, systems=SMALL)
    told: list[str] = []
    more = settings("nearest", "memoriser", seeds=(0, 1))
    both = evaluate(data(), more, tmp_path, systems=SMALL, progress=told.append)
    assert told[0] == "6 of 24 folds were done before"
    assert {system: sorted(seeds) for system, seeds in judged_runs(both).items()} == {
        "nearest": ["0", "1"],
        "memoriser": ["0", "1"],
    }


@pytest.mark.parametrize(
    ("samples", "changes", "other"),
    [
        (None, {"fit": FitSettings(epochs=6, device="cpu")}, "fit"),
        (None, {"protocol": Protocol(Kind.LOSO, seed=1)}, "protocol"),
        (toy_samples(seed=1), {}, "data_digest"),
    ],
)
def test_another_run_in_the_folder_is_refused(tmp_path: Path, samples: Any, changes: Any, other: str) -> None:
    evaluate(data(), settings(), tmp_path, systems=SMALL)
    with pytest.raises(InputError, match=f"another {other}"):
        evaluate(data(samples), settings(**changes), tmp_path, systems=SMALL)


def test_how_it_is_computed_does_not_make_it_another_run(tmp_path: Path) -> None:
    evaluate(data(), settings(), tmp_path, systems=SMALL)
    evaluate(data(), settings(workers=4, fit=FitSettings(epochs=5, device="auto")), tmp_path, systems=SMALL)


def test_each_fold_has_a_seed_and_what_was_chosen_is_kept(tmp_path: Path) -> None:
    spy = Spy()
    evaluation = evaluate(data(), settings("spy", seeds=(3, 4)), tmp_path, systems={"spy": spy})
    assert [one.seed for one in spy.settings] == [3] * 6 + [4] * 6
    assert all(fold["chosen"] == {"limit": 0.5, "counts": [0, 1]} for fold in evaluation.folds)
    assert evaluation.folds[0]["sizes"] == {"train": 16, "validation": 4, "test": 4}
    json.dumps(evaluation.folds)


def test_aus_are_scored_where_they_are_labelled(tmp_path: Path) -> None:
    samples = [replace(one, aus=None) if one.subject == "s0" else one for one in toy_samples(noise=0.0)]
    kept = data(samples, aus=(4, 12))
    evaluation = evaluate(kept, settings(fit=FitSettings(epochs=9)), tmp_path, systems=SMALL)
    (judged,) = judged_runs(evaluation)["nearest"].values()
    assert judged.aus == (4, 12)
    assert judged.au_counts is not None
    assert judged.au_counts.sum(axis=0).tolist() == [[10, 0, 0], [10, 0, 0]]
    assert kept.counts["without_au_labels"] == 4


def test_a_system_that_names_no_aus_has_no_au_figures(tmp_path: Path) -> None:
    evaluation = evaluate(data(aus=(4,)), settings("memoriser"), tmp_path, systems=SMALL)
    (judged,) = judged_runs(evaluation)["memoriser"].values()
    assert (judged.aus, judged.au_counts) == ((), None)


def test_what_the_map_leaves_out_is_counted() -> None:
    extra = [sample("x1", "s9", "fear", 0.0), sample("x2", "s9", None, 0.0), sample("x3", "s9", "fear", 0.0)]
    kept = data([*toy_samples(), *extra])
    assert kept.left_out == {"toy: fear is in no class": 2, "toy: no emotion is in no class": 1}
    assert kept.counts["samples"] == 24
    assert kept.counts["classes"] == {"disgust": 12, "happiness": 12}


def test_classes_that_nobody_shows_are_not_asked_for() -> None:
    three = ClassMap(
        "three", "", ("fear", "disgust", "happiness"), {"*": {n: n for n in ("fear", "disgust", "happiness")}}
    )
    kept = label_samples(toy_samples(), three)
    assert kept.task.classes == ("disgust", "happiness")
    assert {one.label for one in kept.examples} == {0, 1}
    with pytest.raises(InputError, match="1 classes"):
        label_samples([one for one in toy_samples() if one.emotion == "disgust"], three)


def test_twins_are_told() -> None:
    with pytest.raises(InputError, match="Two samples are called s0c0"):
        data([*toy_samples(), toy_samples()[0]])


def test_frequent_aus() -> None:
    assert frequent_aus(toy_samples()) == (4, 12)
    assert frequent_aus(toy_samples(), least=13) == ()


def test_the_digest_is_of_truth_and_pixels_not_of_their_order() -> None:
    samples = toy_samples()
    assert data(samples).digest == data(samples[::-1]).digest
    other = replace(samples[0], flow=samples[0].flow + np.float16(1))  # type: ignore[operator]
    assert data([other, *samples[1:]]).digest != data(samples).digest
    assert data(samples, aus=(4,)).digest != data(samples).digest


def test_unknown_systems_and_missing_arrays_are_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no system 'nearset'; known are memoriser, nearest"):
        evaluate(data(), settings("nearset"), tmp_path / "run", systems=SMALL)
    blank = [replace(one, flow=None) if one.subject == "s0" else one for one in toy_samples()]
    with pytest.raises(InputError, match="nearest reads flow, which 4 of 24 samples lack"):
        evaluate(data(blank), settings(), tmp_path / "run", systems=SMALL)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("answer", [np.zeros((3, 2)), np.full((4, 2), np.nan), np.zeros((4, 3))])
def test_answers_of_another_shape_are_refused(answer: np.ndarray) -> None:
    class Wrong(Spy):
        def fit(self, *arguments: Any, **named: Any) -> Fitted:
            fitted = super().fit(*arguments, **named)
            fitted.predict = lambda samples: Prediction(answer)  # type: ignore[method-assign]
            return fitted

    kept = data()
    fold = make_folds(kept.subjects, [one.label for one in kept.examples], Protocol(Kind.LOSO))[0]
    with pytest.raises(ValueError, match="expected finite probabilities of shape"):
        run_fold(Wrong(), kept.examples, fold, kept.task, FitSettings())


def test_systems_get_the_arrays_that_they_read_and_no_others(tmp_path: Path) -> None:
    samples = [replace(one, crops=np.zeros((3, 112, 112), np.uint8)) for one in toy_samples()]
    spy = Spy()
    evaluate(data(samples), settings("spy"), tmp_path, systems={"spy": spy})
    assert all(one.crops is None and one.flow is not None for one in spy.trained)


def test_samples_travel_to_processes_as_names_of_files(tmp_path: Path) -> None:
    save_sample(toy_samples()[1], tmp_path / "one.safetensors")
    one = load_sample(tmp_path / "one.safetensors")
    packed = bytes(ForkingPickler.dumps(one))
    assert one.flow is not None
    assert len(packed) < one.flow.nbytes / 10
    again: Sample = ForkingPickler.loads(packed)
    np.testing.assert_array_equal(again.flow, one.flow)
    part = ForkingPickler.loads(ForkingPickler.dumps(one.flow[1:]))  # its offset is not that of the map
    np.testing.assert_array_equal(part, one.flow[1:])


@pytest.mark.slow
def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    systems: dict[str, System] = {"nearest": NearestMean()}
    kept = data(toy_samples(subjects=4))
    here = evaluate(kept, settings(), tmp_path / "one", systems=systems)
    there = evaluate(kept, settings(workers=2), tmp_path / "two", systems=systems)
    assert predictions_table(here).equals(predictions_table(there))


def test_a_task_of_no_aus_gives_systems_none() -> None:
    assert data().task == Task(("disgust", "happiness"), ())
    assert all(one.aus is None for one in data().examples)


def test_weights_that_nobody_reads_are_refused_and_others_are_known_by_their_content(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"one")
    with pytest.raises(InputError, match=r"No system that is asked for starts from weights \(w\.safetensors\)"):
        evaluate(data(), settings("nearest", fit=FitSettings(init=weights)), tmp_path / "out", systems=SMALL)
    systems = {"starting": Starting()}
    evaluate(data(), settings("starting", fit=FitSettings(init=weights)), tmp_path / "out", systems=systems)
    weights.write_bytes(b"two")
    with pytest.raises(InputError, match="another fit"):
        evaluate(data(), settings("starting", fit=FitSettings(init=weights)), tmp_path / "out", systems=systems)


@dataclass(frozen=True)
class Starting(NearestMean):
    reads_init: bool = True
