"""The classical systems through the door that all systems share, and their linear classifiers."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.errors import InputError
from recognizer.linear_models import Design, balanced_weights, best_threshold, fit_multinomial
from recognizer.samples import Sample
from recognizer.systems import Example, FitSettings, Task
from recognizer.systems.lbp_top import SYSTEMS as LBP
from recognizer.systems.mdmd import SYSTEMS as MDMD

SYSTEMS = {**LBP, **MDMD}
TASK = Task(("negative", "positive"), (4, 12, 38))


def make_sample(label: int, seed: int, frames: int = 9) -> Sample:
    """Class 0: a patch of the upper face moves down and a stripe there moves; class 1: of the lower face, sideways."""
    random = np.random.default_rng(seed)
    bump = np.sin(np.linspace(0, np.pi, frames))
    flow = random.normal(0, 0.03, (frames, 2, 56, 56))
    crops = np.full((frames, 112, 112), 90.0) + random.normal(0, 1.0, (frames, 112, 112))
    place = (slice(6, 20), slice(12, 44)) if label == 0 else (slice(32, 46), slice(12, 44))
    flow[:, 1 - label, *place] += bump[:, None, None]
    for n in range(frames):
        offset = round(6 * bump[n])
        row = (20 if label == 0 else 75) + offset
        crops[n, row : row + 4, 30:80] += 60
    return Sample(
        clip=f"c{seed}",
        dataset="made_up",
        subject=f"s{seed}",
        emotion=TASK.classes[label],
        aus=None,
        times_s=np.arange(frames) / 30,
        apex=frames // 2,
        flow=flow.astype(np.float16),
        crops=crops.clip(0, 255).astype(np.uint8),
    )


def make_examples(seeds: range) -> list[Example]:
    """AU4 goes with class 0, AU12 with class 1, AU38 never occurs."""
    return [
        Example(make_sample(seed % 2, seed), seed % 2, np.array([seed % 2 == 0, seed % 2 == 1, False]))
        for seed in seeds
    ]


@pytest.mark.parametrize("name", SYSTEMS)
def test_learns_what_is_plain_and_names_it_on_blind_samples(name):
    train, validation, test = make_examples(range(6)), make_examples(range(10, 12)), make_examples(range(20, 24))
    fitted = SYSTEMS[name].fit(train, validation, TASK, FitSettings())
    named = fitted.predict([example.sample.blind() for example in test])
    assert named.classes.shape == (4, 2)
    assert np.allclose(named.classes.sum(axis=1), 1.0)
    assert (named.classes.argmax(axis=1) == [example.label for example in test]).all()
    assert named.aus is not None
    assert (named.aus == np.stack([example.aus for example in test])).all()  # so AU38, never seen, is never named
    assert fitted.chosen["ridge"] > 0
    assert len(fitted.chosen["au_threshold"]) == 3
    assert SYSTEMS[name].description.strip()
    assert SYSTEMS[name].names_aus


@pytest.mark.parametrize("name", SYSTEMS)
def test_same_samples_same_answer_and_no_aus_where_none_are_asked(name):
    train, validation = make_examples(range(6)), make_examples(range(10, 12))
    task = Task(TASK.classes)
    samples = [example.sample.blind() for example in make_examples(range(20, 22))]
    answers = [SYSTEMS[name].fit(train, validation, task, FitSettings()).predict(samples) for _ in range(2)]
    assert (answers[0].classes == answers[1].classes).all()
    assert answers[0].aus is None
    assert SYSTEMS[name].fit(train, [], task, FitSettings()).predict([]).classes.shape == (0, 2)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_fitted_system_can_be_sent_to_another_process(name):
    fitted = SYSTEMS[name].fit(make_examples(range(4)), [], TASK, FitSettings())
    samples = [make_sample(0, 20).blind()]
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    assert (again.predict(samples).classes == fitted.predict(samples).classes).all()


@pytest.mark.parametrize(("name", "missing"), [("lbp_top", "crops"), ("mdmd", "flow")])
def test_a_sample_without_what_is_needed_is_told(name, missing):
    train = make_examples(range(4))
    poor = train[0]._replace(sample=replace(train[0].sample, **{missing: None}))
    with pytest.raises(InputError, match=f"system {name} needs .*, which 1 of 4 clips lack [(]c0 of made_up"):
        SYSTEMS[name].fit([poor, *train[1:]], [], TASK, FitSettings())


def test_generated_clips_weigh_less():
    """Contradicting labels on the same motion: the heavier side wins."""
    real, generated = make_examples(range(0, 4)), make_examples(range(0, 4))
    wrong = [example._replace(label=1 - example.label, generated=True) for example in generated]
    for weight, expected in ((0.2, True), (5.0, False)):
        fitted = MDMD["mdmd"].fit([*real, *wrong], [], Task(TASK.classes), FitSettings(generated_weight=weight))
        found = fitted.predict([example.sample for example in real]).classes.argmax(axis=1)
        assert ((found == [example.label for example in real]).all()) is np.bool_(expected)


def test_validation_chooses_the_au_threshold_not_the_test_part():
    train, validation = make_examples(range(10)), make_examples(range(10, 14))
    fitted = MDMD["mdmd"].fit(train, validation, TASK, FitSettings())
    all_present = [example._replace(aus=np.array([True, True, True])) for example in validation]
    other = MDMD["mdmd"].fit(train, all_present, TASK, FitSettings())
    assert other.chosen["au_threshold"][0] < fitted.chosen["au_threshold"][0]


def test_multinomial_is_at_the_minimum_of_its_loss():
    """Its slope, by finite differences of a loss written out anew, is 0."""
    random = np.random.default_rng(3)
    x, y, w = random.normal(size=(30, 4)), random.integers(0, 3, 30), random.uniform(0.1, 2, 30)
    model = fit_multinomial(x, y, 3, w, 0.05)

    def loss(weights, bias):
        total = 0.0
        for row, label, weight in zip(x, y, w, strict=True):
            logits = weights @ row + bias
            total += weight * (np.log(np.exp(logits).sum()) - logits[label])
        return total / w.sum() + 0.025 * (weights**2).sum()

    for i in range(3):
        for j in range(4):
            step = np.zeros((3, 4))
            step[i, j] = 1e-4
            slope = (loss(model.weights + step, model.bias) - loss(model.weights - step, model.bias)) / 2e-4
            assert abs(slope) < 1e-5


@pytest.mark.parametrize("standardise", [True, False])
def test_the_short_cut_for_many_features_changes_nothing(standardise):
    """Fitted in the span of 12 samples or in all 40 features: the same probabilities."""
    random = np.random.default_rng(4)
    x, y = random.normal(2.0, 3.0, (12, 40)), np.arange(12) % 3
    new = random.normal(2.0, 3.0, (5, 40))
    mean = x.mean(axis=0)
    scale = (x.std(axis=0) * np.sqrt(40)) if standardise else np.sqrt(((x - mean) ** 2).sum(axis=1).mean())
    long_way = fit_multinomial((x - mean) / scale, y, 3, np.ones(12), 0.01).probabilities((new - mean) / scale)
    short = Design(x, standardise=standardise).fit(y, 3, np.ones(12), 0.01).probabilities(new)
    assert np.allclose(short, long_way, atol=1e-4)


def test_balanced_weights_give_each_class_the_same():
    weights = balanced_weights(np.array([0, 0, 0, 1]), np.array([1.0, 1.0, 2.0, 1.0]))
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert weights[2] == pytest.approx(2 * weights[0])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=12))
def test_best_threshold_beats_every_other(pairs):
    score, truth = np.array([p[0] for p in pairs]) / 10, np.array([p[1] for p in pairs])
    threshold, f1 = best_threshold(score, truth)

    def f1_at(limit):
        found = score >= limit
        return 2 * (found & truth).sum() / max(found.sum() + truth.sum(), 1)

    if truth.any():
        assert f1_at(threshold) == pytest.approx(f1)
        assert f1 >= max(f1_at(limit) for limit in [*np.linspace(-0.05, 1, 22)]) - 1e-12
    else:
        assert (threshold, f1) == (0.5, 0.0)
