"""AU track -> clamped cubic B-spline (SPEC 4: c(t) = sum of b_i B_i(t)).

Two steps, so that jitter asks for no knots and a short event is not flattened to pay for it:

1. The samples are smoothed by a penalty on the second derivative whose time scale falls, locally, until the RMS
   residual near every sample is within what ``smoothing`` allows (a Whittaker smoother on irregular times).
2. A least-squares B-spline goes through the smoothed samples; knots are halved in only where it misses them.

Values stay in [0, 1]: the B-spline's coefficients are clipped (a B-spline lies within their hull, and stays twice
differentiable); where that would cost too much, the curve itself is clamped with breaks at the crossings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, PPoly, make_interp_spline, make_lsq_spline
from scipy.linalg.lapack import dpbsv
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from curves.piecewise import PiecewiseCubic, hermite
from curves.values import AUTrack, FloatArray, Interval, Side

#: The spline may miss the smoothed samples by this part of the smoothing: its own wiggles must stay small.
_FIT_PART = 0.2

#: Tolerances by which halving a knot span cannot be enough (it divides a cubic's error by 16): it is quartered.
_FAR = 32.0


@dataclass(frozen=True, slots=True)
class SplineSettings:
    """How a track becomes a spline.

    smoothing: RMS residual allowed, in intensity (0..1); 0 interpolates every sample. The default takes away
        sensor jitter of half a percent of full strength.
    gap_frames, gap_s: samples further apart than both that many median intervals and that many seconds have a gap
        between them: no face was seen there.
    ease_s: how long the curve takes to come to rest (0) beside a gap; never more than half the gap.
    """

    smoothing: float = 0.005
    gap_frames: float = 4.0
    gap_s: float = 0.1
    ease_s: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 <= self.smoothing <= 1.0:
            raise ValueError(f"smoothing: expected 0..1, got {self.smoothing}")
        for name, value in (("gap_frames", self.gap_frames), ("gap_s", self.gap_s), ("ease_s", self.ease_s)):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name}: expected a positive number, got {value}")


@dataclass(frozen=True, slots=True, eq=False)
class TrackSpline:
    """The spline of one AU on one side, in [0, 1]; ``knots_s`` counts and places the polynomial pieces."""

    au: int
    side: Side
    curve: PiecewiseCubic

    @property
    def knots_s(self) -> FloatArray:
        return self.curve.breaks


def fit_spline(
    track: AUTrack,
    settings: SplineSettings = SplineSettings(),
    duration_s: float | None = None,
    no_face: Sequence[Interval] | None = None,
) -> TrackSpline:
    """The smooth curve of a track, in [0, 1] at every time.

    Times may be irregular. Where no face was seen there is no movement: the curve eases to rest (0) and back.
    ``no_face`` says where that was; a pause between two frames outside of it is a pause of the camera, and the curve
    goes through. None: nothing is known, and a gap in the samples is taken for a lost face, so is one before the first
    sample (from time 0) and, with ``duration_s``, after the last. Otherwise the end values hold.

    Raises:
        ValueError: the track has no samples.
    """
    times, values = track.times_s, track.values
    if times.size == 0:
        raise ValueError(f"AU{track.au} track: expected at least one sample, got none")
    start, cuts, end = _gaps(times, settings, duration_s) if no_face is None else _known_gaps(times, no_face)
    pieces = [
        _fit_segment(x, y, settings.smoothing)
        for x, y in zip(np.split(times, cuts), np.split(values, cuts), strict=True)
    ]
    return TrackSpline(track.au, track.side, _join(pieces, settings.ease_s, start, end))


_Gaps = tuple[float | None, NDArray[np.intp], float | None]


def _gaps(times: FloatArray, settings: SplineSettings, duration_s: float | None) -> _Gaps:
    """By the spacing of the samples: where rest begins before the first, the cuts, where it ends after the last."""
    steps = np.diff(times)
    limit = max(settings.gap_s, settings.gap_frames * float(np.median(steps))) if steps.size else settings.gap_s
    late = 0.0 if times[0] > limit else None
    early = duration_s if duration_s is not None and duration_s - times[-1] > limit else None
    return late, np.flatnonzero(steps > limit) + 1, early


def _known_gaps(times: FloatArray, no_face: Sequence[Interval]) -> _Gaps:
    """The same where it is known when no face was there."""
    before = [gap.start_s for gap in no_face if gap.start_s < times[0]]
    after = [gap.end_s for gap in no_face if gap.end_s > times[-1] and gap.start_s >= times[0]]
    starts = np.array([gap.start_s for gap in no_face if times[0] <= gap.start_s and gap.end_s <= times[-1]])
    return min(before, default=None), np.unique(np.searchsorted(times, starts)), max(after, default=None)


def _join(
    pieces: list[PiecewiseCubic | tuple[float, float]], ease_s: float, start_s: float | None, end_s: float | None
) -> PiecewiseCubic:
    """Segments with rest between them, and at the outer ends where those are given."""
    times: list[FloatArray] = []
    rows: list[FloatArray] = []

    def add(curve: PiecewiseCubic) -> None:
        times.append(curve.breaks[:-1])
        rows.append(curve.coefficients)

    def bounds(piece: PiecewiseCubic | tuple[float, float]) -> tuple[float, float]:
        return (piece.start_s, piece.end_s) if isinstance(piece, PiecewiseCubic) else (piece[0], piece[0])

    end = bounds(pieces[-1])[1]
    if start_s is not None:
        add(_ease_in(pieces[0], start_s, bounds(pieces[0])[0], ease_s))
    for index, piece in enumerate(pieces):
        if isinstance(piece, PiecewiseCubic):
            add(piece)
        following = bounds(pieces[index + 1])[0] if index + 1 < len(pieces) else end_s
        if following is None:
            continue
        leaving = bounds(piece)[1]
        middle = (leaving + following) / 2 if index + 1 < len(pieces) else following
        add(_ease_out(piece, leaving, middle, ease_s))
        if index + 1 < len(pieces):
            add(_ease_in(pieces[index + 1], middle, following, ease_s))
        else:
            end = following
    if not times:  # a single sample, nothing around it
        instant, value = cast(tuple[float, float], pieces[0])
        return hermite([instant, instant + ease_s], [value, value], [0.0, 0.0])
    return PiecewiseCubic(np.concatenate([*times, np.array([end])]), np.concatenate(rows, axis=1))


def _ease_out(
    piece: PiecewiseCubic | tuple[float, float], start_s: float, end_s: float, ease_s: float
) -> PiecewiseCubic:
    """From the segment's last value to rest, with its slope as far as the fall stays monotone."""
    value, slope = (
        (float(piece(start_s)), float(piece.slope(start_s, left=True)))
        if isinstance(piece, PiecewiseCubic)
        else (piece[1], 0.0)
    )
    length = min(ease_s, end_s - start_s)
    slope = float(np.clip(slope, -3 * value / length, 0.0))
    if end_s - start_s - length < 1e-6:
        return hermite([start_s, end_s], [value, 0.0], [slope, 0.0])
    return hermite([start_s, start_s + length, end_s], [value, 0.0, 0.0], [slope, 0.0, 0.0])


def _ease_in(
    piece: PiecewiseCubic | tuple[float, float], start_s: float, end_s: float, ease_s: float
) -> PiecewiseCubic:
    """From rest to the segment's first value: the mirror image of easing out."""
    value, slope = (
        (float(piece(end_s)), float(piece.slope(end_s))) if isinstance(piece, PiecewiseCubic) else (piece[1], 0.0)
    )
    length = min(ease_s, end_s - start_s)
    slope = float(np.clip(slope, 0.0, 3 * value / length))
    if end_s - start_s - length < 1e-6:
        return hermite([start_s, end_s], [0.0, value], [0.0, slope])
    return hermite([start_s, end_s - length, end_s], [0.0, 0.0, value], [0.0, 0.0, slope])


def _fit_segment(times: FloatArray, values: FloatArray, smoothing: float) -> PiecewiseCubic | tuple[float, float]:
    """One segment without gaps; a single sample comes back as (time, value)."""
    if times.size == 1:
        return float(times[0]), float(values[0])
    if times.size < 5 or smoothing == 0.0:
        return _interpolated(times, values)
    if np.ptp(values) == 0.0:
        return hermite(times[[0, -1]], values[[0, -1]], [0.0, 0.0])
    allowed = smoothing
    for _ in range(12):  # a local test passed by chance at many places may sum up: then ask for a little less
        smooth = np.clip(_denoised(times, values, allowed), 0.0, 1.0)
        fitted, curve = _fewest_knots(times, smooth, _FIT_PART * allowed)
        if np.sqrt(np.mean((fitted - values) ** 2)) <= smoothing:
            return curve()
        allowed *= 0.7
    return _interpolated(times, values)


def _interpolated(times: FloatArray, values: FloatArray) -> PiecewiseCubic:
    return _clamped(make_interp_spline(times, values, k=min(3, times.size - 1)))


def _clamped(spline: BSpline) -> PiecewiseCubic:
    return _pieces(spline).clamped(0.0, 1.0)


def _pieces(spline: BSpline) -> PiecewiseCubic:
    poly = PPoly.from_spline((spline.t, spline.c, spline.k))
    spans = np.flatnonzero(np.diff(poly.x) > 0)  # a clamped spline repeats its end knots
    rows = np.zeros((4, spans.size))
    rows[4 - poly.c.shape[0] :] = poly.c[:, spans]
    return PiecewiseCubic(np.append(poly.x[spans], poly.x[spans[-1] + 1]), rows)


def _denoised(times: FloatArray, values: FloatArray, smoothing: float) -> FloatArray:
    """The smoothest samples whose residual is, near every time, what the smoothing allows."""
    steps = np.diff(times)
    typical = float(np.median(steps))
    # a window that a micro-expression's flank does not hide in: 60 ms, at least 5 samples
    window = min(values.size, max(5, 2 * round(0.03 / typical) + 1))
    allowed = smoothing**2 * (1 + 2 * np.sqrt(2 / window))  # two standard deviations of a chi-square mean
    width, roughness = _roughness(steps)
    scale = np.full(values.size, 1.0)  # seconds: movement faster than this is smoothed away
    smooth = values
    for _ in range(24):
        smooth = _whittaker(width, roughness, values, scale)
        local = uniform_filter1d((smooth - values) ** 2, window, mode="nearest")
        bad = minimum_filter1d(np.where(local > allowed, 0.0, 1.0), window, mode="nearest") == 0.0
        if not bad.any():
            break
        scale = np.where(bad, scale * 0.7, scale)
    return smooth


def _roughness(steps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n,) the weight dt of each sample; (3, 3, n - 2) dt times the products of the entries of each second divided
    difference: what ``_whittaker`` needs of the times."""
    width = np.convolve(steps, [0.5, 0.5], mode="full")
    left, right = steps[:-1], steps[1:]
    centre = (left + right) / 2
    row = np.array([1 / (left * centre), -1 / (left * centre) - 1 / (right * centre), 1 / (right * centre)])
    return width, row[:, None] * row[None] * centre


def _whittaker(width: FloatArray, roughness: FloatArray, values: FloatArray, scale: FloatArray) -> FloatArray:
    """Minimise sum(dt (z - y)^2) + sum(scale^4 dt (second divided difference of z)^2): a pentadiagonal system."""
    weight = scale[1:-1] ** 2
    products = roughness * (weight * weight)
    banded = np.zeros((3, values.size))  # lower form: banded[k, i] is the entry (i + k, i)
    for i in range(3):
        for j in range(i + 1):
            banded[i - j, j : values.size - 2 + j] += products[i, j]
    banded[0] += width
    return _solved(banded, width * values)


def _basis(knots: FloatArray, times: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """(n, 4) values of the cubic basis functions that are not zero at each time, and the first one's index.

    The Cox-de Boor recursion, degree by degree ("BasisFuns" in The NURBS Book, A2.2).
    """
    span = np.clip(np.searchsorted(knots, times, side="right") - 1, 3, knots.size - 5)
    left = [times - knots[span + 1 - degree] for degree in (1, 2, 3)]
    right = [knots[span + degree] - times for degree in (1, 2, 3)]
    rows = [np.ones(times.size)]
    for degree in (1, 2, 3):
        carried = np.zeros(times.size)
        following = []
        for index, row in enumerate(rows):
            part = row / (right[index] + left[degree - 1 - index])
            following.append(carried + right[index] * part)
            carried = left[degree - 1 - index] * part
        rows = [*following, carried]
    return np.stack(rows, axis=1), span - 3


def _solved(banded: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a positive definite banded system (lower form); raises LinAlgError if it is none.

    LAPACK itself: scipy's wrapper takes longer than the work, and there are hundreds of such systems a take.
    """
    _, solution, info = dpbsv(banded, right, lower=1)
    if info != 0:
        raise np.linalg.LinAlgError(f"banded system: expected it positive definite, got info {info}")
    return cast(FloatArray, solution)


def _fewest_knots(
    times: FloatArray, values: FloatArray, tolerance: float
) -> tuple[FloatArray, Callable[[], PiecewiseCubic]]:
    """Halve knot spans until the spline is within tolerance of every sample: its values there, and how to get it.

    With clipped coefficients if that can be; where the hull is in the way at full density, without, and clamped.
    Cubics are made only of the spline that is kept: that takes as long as to find it.
    """
    outside_hull: BSpline | None = None  # the first spline within tolerance, were it not for the hull
    marks = np.unique(np.linspace(0, values.size - 1, 5).round().astype(int))
    sample = np.arange(values.size)
    while True:
        spline, rows, first = _least_squares(times, values, marks)
        inside = np.clip(spline.c, 0.0, 1.0)
        columns = first[:, None] + np.arange(4)
        fitted = np.einsum("ij,ij->i", rows, inside[columns])
        error = np.abs(fitted - values)
        bad = error > tolerance
        if not bad.any():
            return fitted, partial(_clamped, BSpline(spline.t, inside, 3))
        if outside_hull is None and np.abs((rows * spline.c[columns]).sum(axis=1) - values).max() <= tolerance:
            outside_hull = spline
        span = np.clip(np.searchsorted(marks, sample, side="right") - 1, 0, marks.size - 2)
        parts = 1 + bad + 2 * (error > _FAR * tolerance)  # 1, 2 or 4
        before = marks.size
        left, length = marks[span], marks[span + 1] - marks[span]
        marks = np.unique(np.concatenate([marks, *(left + np.minimum(k, parts) * length // parts for k in (1, 2, 3))]))
        if marks.size == before:
            whole = _interpolated(times, values) if outside_hull is None else _clamped(outside_hull)
            return whole(times), partial(whole.scaled, 1.0)


def _least_squares(
    times: FloatArray, values: FloatArray, marks: NDArray[np.int64]
) -> tuple[BSpline, FloatArray, NDArray[np.int64]]:
    """The spline with knots at the marked samples; each sample's four basis values and the first one's index.

    Normal equations (four bands): the B-spline basis is so well conditioned that their square does no harm.
    """
    inner = times[marks[(marks >= 2) & (marks <= values.size - 3)]]
    knots = np.concatenate((np.full(4, times[0]), inner, np.full(4, times[-1])))
    rows, first = _basis(knots, times)
    size = inner.size + 4
    banded = np.zeros((4, size))
    right = np.zeros(size)
    for i in range(4):
        right += np.bincount(first + i, rows[:, i] * values, minlength=size)
        for j in range(i + 1):
            banded[i - j] += np.bincount(first + j, rows[:, i] * rows[:, j], minlength=size)
    try:
        spline = BSpline(knots, _solved(banded, right), 3)
    except np.linalg.LinAlgError:  # very uneven times
        spline = make_lsq_spline(times, values, knots, k=3)
    return spline, rows, first
