"""Simulated ratings: integers of the Likert scale with wished means and standard deviations, for teaching and tests.

Behind every rating stands a normal variable of the participant; rounded and cut to 1..5 it becomes the rating. Rounding
and cutting move means and shrink spreads (a mean of 3.8 with a standard deviation of 0.9 loses a tenth of a point at
the ceiling), so the variables are shifted and stretched until the *integers* have what was wished.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError
from studies.simulated_means import Means
from studies.vocabulary import DIMENSIONS, SCALE

#: Correlation of one participant's variables between emotions, between dimensions and between items: of what A and B
#: share, and of how they differ. So paper 004's spreads by emotion and by dimension agree with each other.
SHARED = (0.5, 0.6, 0.7)
DIFFERING = (0.3, 0.6, 0.7)
SMALLEST = 20  # participants whose means can be made to fit
SD_TOLERANCE = 0.05  # part of a wished standard deviation
_ENOUGH = 0.004  # of a wished standard deviation: nothing is tried after this
_CALIBRATION, _CALIBRATION_SEED = 4000, 20_001
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How variables become ratings, by emotion (E,), dimension (D) and video (2). ``shared``, ``differing``: (E,)
    stretches of the two parts; ``shift``: (E, D, 2) in rating points."""

    emotions: tuple[str, ...]
    shared: FloatArray
    differing: FloatArray
    shift: FloatArray


def fit_sample(means: Means, n: int, items: int, rng: np.random.Generator) -> tuple[IntArray, Fit]:
    """``n`` participants whose own figures are the wished ones: (n, E, D, items, 2) ratings 1..5, and how they fit.

    Each cell's mean is the wished one to within 0.5 / (n items), half a rating; the standard deviations of each emotion
    (``EmotionMeans``) to within ``SD_TOLERANCE``.

    Raises:
        InputError: ``n`` below ``SMALLEST``, or standard deviations that integers of the scale cannot have.
    """
    if n < SMALLEST:
        raise InputError(f"{n} participants are too few to be given means: take {SMALLEST} or more, or --draw.")
    shared, differing = (part - part.mean(axis=0) for part in _parts(n, means, items, rng))
    parts = (shared / shared.std(axis=0), differing / differing.std(axis=0))
    wished = np.array([(one.sd, one.sd_difference) for one in means.emotions.values()]).T
    stretch = np.array([np.sqrt(np.maximum(wished[0] ** 2 - wished[1] ** 2 / 4, 1e-3)), wished[1]]) * 1.15
    best, miss = stretch.copy(), np.full(stretch.shape[1], np.inf)
    for step in range(40):  # emotions do not touch one another: each keeps its own best
        got = emotion_spreads(_fit_means(_latent(parts, stretch), means)[0])
        now = np.abs(got / wished - 1).max(axis=0)
        best, miss = np.where(now < miss, stretch, best), np.minimum(now, miss)
        if miss.max() < _ENOUGH:
            break
        stretch = _stretched(stretch, wished, got, 1.0 if step < 12 else 0.4)
    ratings, shift = _fit_means(_latent(parts, best), means)
    if miss.max() > SD_TOLERANCE:
        raise InputError(_unreachable(means, wished, emotion_spreads(ratings)))
    return ratings, Fit(tuple(means.emotions), best[0], best[1], shift)


def fit_population(means: Means, items: int = 1) -> Fit:
    """The fit from which ``draw`` takes participants by chance: that of 4,000 of them, always the same ones."""
    return fit_sample(means, _CALIBRATION, items, np.random.default_rng(_CALIBRATION_SEED))[1]


def draw(fit: Fit, means: Means, n: int, items: int, rng: np.random.Generator) -> IntArray:
    """(n, E, D, items, 2) ratings 1..5 of ``n`` participants drawn at random: their means and standard deviations
    differ from the wished ones as those of real participants do."""
    latent = _latent(_parts(n, means, items, rng), np.array([fit.shared, fit.differing]))
    return _rounded(latent + fit.shift[None, :, :, None, :])


def emotion_spreads(ratings: IntArray) -> FloatArray:
    """(2, E): standard deviation of a participant's mean over dimensions and items (A and B pooled), and of B - A."""
    of_emotion = ratings.mean(axis=(2, 3))
    pooled = np.sqrt(of_emotion.var(axis=0, ddof=1).mean(axis=-1))
    return np.array([pooled, (of_emotion[..., 1] - of_emotion[..., 0]).std(axis=0, ddof=1)])


def _parts(n: int, means: Means, items: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """What A and B share and how they differ: (n, E, D, items) each, standard normal."""
    shape = (n, len(means.emotions), len(DIMENSIONS), items)
    return _correlated(shape, SHARED, rng), _correlated(shape, DIFFERING, rng)


def _correlated(shape: tuple[int, int, int, int], rho: Sequence[float], rng: np.random.Generator) -> FloatArray:
    """Standard normals; between emotions, dimensions and items the correlations ``rho`` multiply."""
    values: FloatArray = rng.standard_normal(shape)
    for axis, correlation in enumerate(rho, start=1):
        size = shape[axis]
        root = np.linalg.cholesky(np.full((size, size), correlation) + np.eye(size) * (1 - correlation))
        values = np.moveaxis(np.moveaxis(values, axis, -1) @ root.T, -1, axis)
    return values


def _latent(parts: tuple[FloatArray, FloatArray], stretch: FloatArray) -> FloatArray:
    """(n, E, D, items, 2): A and B before they are shifted and rounded."""
    shared = parts[0] * stretch[0][None, :, None, None]
    half = parts[1] * stretch[1][None, :, None, None] / 2
    return np.stack([shared - half, shared + half], axis=-1)


def _rounded(values: FloatArray) -> IntArray:
    whole: IntArray = np.clip(np.rint(values), *SCALE).astype(np.int64)
    return whole


def _fit_means(latent: FloatArray, means: Means) -> tuple[IntArray, FloatArray]:
    """Ratings whose sum in every cell is the whole number next to the wished one; and the (E, D, 2) shifts that did it,
    found by bisection: the sum rises with the shift, one rating at a time."""
    wished = np.array([[[means.cell_mean(e, d, v) for v in (0, 1)] for d in DIMENSIONS] for e in means.emotions])
    if (wished <= SCALE[0]).any() or (wished >= SCALE[1]).any():
        raise InputError(f"The means of {means.name} leave the scale in some dimension: bring them nearer together.")
    target = np.rint(wished * latent.shape[0] * latent.shape[3])
    reach = float(np.abs(latent).max()) + 10.0
    low, high = np.full(wished.shape, -reach), np.full(wished.shape, reach)
    for _ in range(48):
        middle = (low + high) / 2
        under = _rounded(latent + middle[None, :, :, None, :]).sum(axis=(0, 3)) < target
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return _rounded(latent + high[None, :, :, None, :]), high


def _stretched(stretch: FloatArray, wished: FloatArray, got: FloatArray, pace: float) -> FloatArray:
    """The next stretches: what A and B share accounts for the pooled variance less a quarter of the difference's.

    ``pace``: 1 goes all the way; less finds its way between the steps that few whole ratings make.
    """
    of_shared = np.sqrt(np.maximum(wished[0] ** 2 - wished[1] ** 2 / 4, 1e-4))
    had = np.sqrt(np.maximum(got[0] ** 2 - got[1] ** 2 / 4, 1e-4))
    change = np.array([of_shared / had, wished[1] / np.maximum(got[1], 1e-3)])
    following: FloatArray = np.clip(stretch * np.clip(change, 0.5, 2.0) ** pace, 1e-3, 50.0)
    return following


def _unreachable(means: Means, wished: FloatArray, got: FloatArray) -> str:
    kind, place = np.unravel_index(int(np.abs(got / wished - 1).argmax()), wished.shape)
    name = ("sd", "sd_difference")[int(kind)]
    word = tuple(means.emotions)[int(place)]
    return (
        f"Whole ratings cannot have the {name} {wished[kind, place]:g} wished for {word}; the nearest is "
        f"{got[kind, place]:.3f}: wish that or take more --items."
    )
