"""The shared training loop, on the cheapest rows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_samples import TASK, onset_apex_image, tiny_examples

from curves.errors import InputError
from recognizer.systems import Example, FitSettings, Prediction
from recognizer.systems.fitting import FittedNetwork, NetworkSystem, Schedule
from recognizer.systems.inputs import Inputs
from recognizer.systems.objective import (
    Objective,
    RecognitionOutput,
    Truth,
    au_thresholds,
    class_weights,
    recognition_loss,
    truth_of,
)
from recognizer.systems.registry import SYSTEMS

TRAIN = tiny_examples(18)
VALIDATION = tiny_examples(9, subjects=3, first_subject=20)
TEST = [example.sample.blind() for example in tiny_examples(9, subjects=3, first_subject=30)]
SETTINGS = FitSettings(width=2, batch_size=6, learning_rate=0.01, epochs=4, threads=1)


def row(name: str = "ststnet") -> NetworkSystem:
    found = SYSTEMS[name]
    assert isinstance(found, NetworkSystem)
    return found


def fitted(train: list[Example], settings: FitSettings = SETTINGS, name: str = "ststnet") -> FittedNetwork:
    return row(name).fit(train, VALIDATION, TASK, settings)


def predicted(train: list[Example], settings: FitSettings = SETTINGS, name: str = "ststnet") -> Prediction:
    return fitted(train, settings, name).predict(TEST)


def wrong(count: int) -> list[Example]:
    """Generated clips that teach the wrong class."""
    examples = tiny_examples(count, first_subject=40)
    return [example._replace(generated=True, label=(example.label + 1) % 3) for example in examples]


def test_seed_decides_everything_and_leaves_torch_as_it_was() -> None:
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first, again = predicted(TRAIN), predicted(TRAIN)
    other = predicted(TRAIN, replace(SETTINGS, seed=1))
    assert np.array_equal(first.classes, again.classes)
    assert not np.array_equal(first.classes, other.classes)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_generated_clips_of_no_weight_are_left_out_and_others_teach() -> None:
    mixed = [*wrong(12), *TRAIN]
    alone = predicted(TRAIN)
    assert np.array_equal(predicted(mixed, replace(SETTINGS, generated_weight=0.0)).classes, alone.classes)
    long = replace(SETTINGS, epochs=12)
    right, misled = (
        predicted(mixed, replace(long, generated_weight=weight)).classes[np.arange(9), np.arange(9) % 3].mean()
        for weight in (0.01, 30.0)
    )
    assert misled < right - 0.2


def test_each_generated_clip_comes_once_before_any_comes_again() -> None:
    seen: list[int] = []

    class Spy(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(3))

        def forward(self, image: torch.Tensor) -> RecognitionOutput:
            if self.training:
                seen.extend(image.flatten(1).mean(dim=1).round().int().tolist())
            return RecognitionOutput(image.flatten(1)[:, :3] * self.scale)

    examples = [*TRAIN[:4], *wrong(5)]
    spy = replace(
        row(),
        build=lambda _: Spy(),
        prepare=lambda samples: Inputs((torch.arange(len(samples)).view(-1, 1, 1, 1) * torch.ones(1, 3, 28, 28),)),
        standardise=False,
        augment=replace(row().augment, mirror=0.0, scale_min=1.0, scale_max=1.0, shift=0),
    )
    spy.fit(examples, VALIDATION, TASK, replace(SETTINGS, batch_size=2, epochs=3))
    # 3 epochs x 2 steps x (2 real + 2 generated)
    assert [seen.count(i) for i in range(4)] == [3] * 4
    generated = [i for step in range(6) for i in seen[4 * step + 2 : 4 * step + 4]]
    assert sorted(generated[:5]) == sorted(generated[5:10]) == list(range(4, 9))


def test_validation_chooses_the_epoch_and_patience_ends_the_training() -> None:
    lines: list[str] = []
    patient = replace(row(), schedule=Schedule(patience=3))
    result = patient.fit(TRAIN, VALIDATION, TASK, replace(SETTINGS, epochs=40), lines.append)
    scores = [float(line.split("UF1 ")[1].split()[0]) for line in lines]
    epoch = result.chosen["epoch"]
    assert scores[epoch - 1] == max(scores) == round(result.chosen["validation_uf1"], 3)
    assert len(lines) == epoch + 3 < 40
    # the network given back is the chosen one, not the last: classes are balanced, so the loss is a plain mean
    labels = [example.label for example in VALIDATION]
    answers = result.predict([example.sample for example in VALIDATION]).classes
    loss = -np.log(answers[np.arange(len(labels)), labels]).mean()
    assert loss == pytest.approx(result.chosen["validation_loss"], rel=1e-3)


def test_au_thresholds_are_chosen_and_used() -> None:
    result = fitted(TRAIN, replace(SETTINGS, epochs=2), "mer_gcn")
    assert set(result.chosen["au_thresholds"]) == {str(au) for au in TASK.aus}
    everything = replace(result, thresholds=np.zeros(len(TASK.aus))).predict(TEST).aus
    nothing = replace(result, thresholds=np.full(len(TASK.aus), 1.1)).predict(TEST).aus
    assert everything is not None and everything.all()
    assert nothing is not None and not nothing.any()


def test_sets_without_au_labels_are_named_by_emotion_alone() -> None:
    unlabelled = [example._replace(aus=None) for example in TRAIN[:6]]
    result = row("cnn3d").fit(unlabelled, VALIDATION, TASK, replace(SETTINGS, epochs=1))
    assert result.predict(TEST[:2]).aus is None
    assert "au_thresholds" not in result.chosen


def test_another_unit_than_the_trained_one_is_refused() -> None:
    result = fitted(TRAIN)
    own = [replace(s, flow=None, onset_apex=onset_apex_image(s)) for s in TEST]
    with pytest.raises(InputError, match="trained on flow"):
        result.predict(own)


def test_the_unit_of_ready_made_images_changes_nothing() -> None:
    def with_images(examples: list[Example], unit: float) -> list[Example]:
        images = [onset_apex_image(e.sample) * unit + unit for e in examples]
        return [
            e._replace(sample=replace(e.sample, flow=None, onset_apex=image.astype(np.float32)))
            for e, image in zip(examples, images, strict=True)
        ]

    answers = []
    for unit in (1.0, 128.0):
        result = row().fit(with_images(TRAIN, unit), with_images(VALIDATION, unit), TASK, SETTINGS)
        blind = [Example(sample, 0) for sample in TEST]
        answers.append(result.predict([e.sample for e in with_images(blind, unit)]).classes)
    assert np.allclose(*answers, atol=1e-2)


def test_empty_parts_and_wrong_labels_are_broken_contracts() -> None:
    with pytest.raises(ValueError, match="real training and validation clips, got 18, 0"):
        row().fit(TRAIN, [], TASK, SETTINGS)
    with pytest.raises(ValueError, match="got 0, 9"):
        row().fit(wrong(6), VALIDATION, TASK, SETTINGS)
    with pytest.raises(ValueError, match=r"expected shape \(2,\), got \(5,\)"):
        truth_of(TRAIN, 2)


def test_loss_by_hand() -> None:
    output = RecognitionOutput(torch.tensor([[2.0, 0.0], [0.0, 0.0]]), None, torch.tensor([[0.0], [9.0]]))
    truth = Truth(torch.tensor([0, 1]), torch.tensor([[1.0], [0.0]]), torch.tensor([True, False]))
    weights = torch.tensor([1.0, 3.0])
    emotion = (np.log1p(np.exp(-2.0)) + 3 * np.log(2)) / 4
    aus = 2.0 * np.log(2)  # the second sample has no AU labels
    loss = recognition_loss(output, truth, weights, Objective())
    assert float(loss) == pytest.approx(0.7 * aus + 0.3 * emotion, rel=1e-5)
    without = recognition_loss(output._replace(au_logits=None), truth, weights, Objective())
    assert float(without) == pytest.approx(emotion, rel=1e-5)
    nobody = truth._replace(known=torch.tensor([False, False]))
    assert float(recognition_loss(output, nobody, weights, Objective())) == pytest.approx(0.3 * emotion, rel=1e-5)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_class_weights_make_the_classes_that_occur_count_alike(labels: list[int]) -> None:
    weights = class_weights(torch.tensor(labels), 4)
    shares = {c: labels.count(c) * float(weights[c]) for c in set(labels)}
    assert all(share == pytest.approx(len(labels) / 4, rel=1e-5) for share in shares.values())


def test_thresholds_by_hand() -> None:
    truth = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 0]], bool)
    probabilities = np.array([[0.3, 0.9, 0.9], [0.22, 0.2, 0.1], [0.1, 0.1, 0.2]])
    # the first AU needs a low threshold, the second was never seen, the third is right at a half already
    assert au_thresholds(truth, probabilities).round(2).tolist() == [0.2, 0.5, 0.5]
