import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curves.errors import FormatError
from curves.values import DEFAULT_AUS
from graph.cooccurrence import (
    CooccurrenceCounts,
    adjacency_from_labels,
    count_labels,
    default_prior,
    directed_adjacency,
    public_counts,
    symmetrised,
)

# AU b never comes without AU a, AU a mostly comes alone: P(a | b) = 1, P(b | a) = 1 / 4.
ASYMMETRIC = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]])


def test_direction_row_is_the_effect_and_column_the_condition() -> None:
    adjacency = adjacency_from_labels(ASYMMETRIC)
    assert adjacency[0, 1] == 1.0  # P(a | b)
    assert adjacency[1, 0] == 0.25  # P(b | a)
    assert adjacency[0, 2] == 0.5
    assert adjacency[2, 0] == 0.25
    assert (np.diagonal(adjacency) == 0).all()


def test_direction_in_the_public_counts() -> None:
    # CASME II: AU9 was labelled 13 times, always with AU4; AU4 was labelled 129 times.
    adjacency = directed_adjacency(public_counts(["casme2"]))
    au4, au9 = DEFAULT_AUS.index(4), DEFAULT_AUS.index(9)
    assert adjacency[au4, au9] == 1.0
    assert adjacency[au9, au4] == pytest.approx(13 / 129)


def test_smoothing_pulls_a_column_to_the_base_rates() -> None:
    counts = count_labels(ASYMMETRIC)
    smoothed = directed_adjacency(counts, smoothing=3.0)
    assert smoothed[0, 1] == pytest.approx((1 + 3 * 4 / 5) / (1 + 3))
    flat = directed_adjacency(counts, smoothing=1e9)
    assert flat[0, 1] == pytest.approx(4 / 5, abs=1e-6)
    assert flat[0, 2] == pytest.approx(4 / 5, abs=1e-6)


def test_an_au_never_seen_gives_no_nan() -> None:
    adjacency = adjacency_from_labels(np.array([[1, 0], [1, 0]]))
    assert np.array_equal(adjacency, np.zeros((2, 2)))


@settings(max_examples=50, deadline=None)
@given(
    labels=hnp.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 5))),
    smoothing=st.floats(0, 50),
)
def test_entries_are_probabilities_and_order_of_samples_is_irrelevant(labels: np.ndarray, smoothing: float) -> None:
    adjacency = adjacency_from_labels(labels, smoothing=smoothing)
    assert ((adjacency >= 0) & (adjacency <= 1 + 1e-12)).all()
    assert np.allclose(adjacency, adjacency_from_labels(labels[::-1], smoothing=smoothing))
    reversed_aus = adjacency_from_labels(labels[:, ::-1], smoothing=smoothing)
    assert np.allclose(reversed_aus[::-1, ::-1], adjacency)


def test_default_prior_knows_every_au_and_is_directed() -> None:
    counts = public_counts()
    assert counts.samples == 3895
    assert np.diagonal(counts.joint).min() == 10
    prior = default_prior()
    assert prior.shape == (19, 19)
    assert not np.allclose(prior, prior.T)
    assert np.allclose(symmetrised(prior), symmetrised(prior).T)


def test_prior_follows_the_order_of_the_au_list() -> None:
    prior, swapped = default_prior((4, 9, 12)), default_prior((9, 4, 12))
    assert swapped[0, 1] == prior[1, 0]


def test_contract_breaks_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match="N_ij = N_ji"):
        CooccurrenceCounts(np.array([[1.0, 1.0], [0.0, 1.0]]), 2)
    with pytest.raises(ValueError, match="square"):
        CooccurrenceCounts(np.zeros((2, 3)), 2)
    with pytest.raises(ValueError, match="smoothing"):
        directed_adjacency(count_labels(ASYMMETRIC), smoothing=-1)
    with pytest.raises(ValueError, match="datasets"):
        public_counts(["nowhere"])
    with pytest.raises(FormatError, match="AU"):
        public_counts(aus=(1, 99))
