"""Power by simulation, where no closed form is exact: Holm, Wilcoxon, and the planned analysis on Likert ratings.

Each power is the share of simulated studies, and comes with its Monte Carlo error sqrt(p (1 - p) / runs) as a 95%
interval (Wilson). The same seed draws the same studies.
"""

from collections.abc import Callable, Iterator, Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from curves.errors import InputError
from studies import simulate
from studies.plan import PlanSettings, sample_sizes
from studies.results import Result
from studies.simulated_means import Means

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_CHUNK = 2_000_000  # numbers drawn at a time


def holm_rejects(p: FloatArray, alpha: float) -> BoolArray:
    """(runs, m) p-values -> whether Holm's procedure rejects each, row by row (Holm 1979)."""
    order = np.argsort(p, axis=1)
    m = p.shape[1]
    stands = np.take_along_axis(p, order, axis=1) > alpha / (m - np.arange(m))
    rejected = np.empty(p.shape, dtype=np.bool_)
    np.put_along_axis(rejected, order, ~np.logical_or.accumulate(stands, axis=1), axis=1)
    return rejected


def paired_t_p(differences: FloatArray) -> FloatArray:
    """(runs, n, m) differences -> (runs, m) two-sided p; 1 where the differences do not vary (nothing is rejected)."""
    n = differences.shape[1]
    spread = differences.std(axis=1, ddof=1)
    flat = spread < 1e-12
    t = differences.mean(axis=1) / (np.where(flat, 1.0, spread) / sqrt(n))
    return np.where(flat, 1.0, 2 * stats.t.sf(np.abs(t), n - 1))


def wilcoxon_p(differences: FloatArray) -> FloatArray:
    """(runs, n, m) differences -> (runs, m) two-sided p by the normal approximation; rounded to 10 decimals, zeros
    dropped, ties corrected for."""
    with np.errstate(invalid="ignore"):  # no difference at all: NaN, which rejects nothing
        done = stats.wilcoxon(np.round(differences, 10), axis=1, method="asymptotic", keepdims=True)
    p = np.asarray(done.pvalue)[:, 0]
    return np.where(np.isfinite(p), p, 1.0)


def simulate_tests(settings: PlanSettings) -> list[Result]:
    """Normal differences with the wished d_z in every member of a family.

    Rows ``simulated_holm`` (at Bonferroni's n; by ``term``: power of one member, of any, of all), ``sample_size_holm``
    (the n at which one member has the wished power) and ``simulated_wilcoxon`` (one test at its n).
    """
    sizes = {(row.analysis, row.term): int(row.n or 0) for row in sample_sizes(settings)}
    results: list[Result] = []
    for family, members in (("emotions", settings.emotions), ("dimensions", settings.dimensions)):
        n = sizes["sample_size_t", family]
        rejected = _holm(n, members, settings)
        about = f"Holm over {members}, differences correlating {settings.rho:g}"
        for term, share in (
            ("one member", _mean(rejected)),
            ("any", rejected.max(axis=1)),
            ("all", rejected.min(axis=1)),
        ):
            results.append(_power("simulated_holm", f"{family}: {term}", n, share, settings.d_z, note=about))
        results.append(_holm_size(family, members, (sizes["sample_size_t", "one test"], n), settings))
    n = sizes["sample_size_wilcoxon", "one test"]
    parts = [wilcoxon_p(part) for part in _normal_studies(n, 1, settings)]
    rejected = (np.concatenate(parts) < settings.alpha).astype(np.float64)
    note = "normal differences, normal approximation of the test"
    return [*results, _power("simulated_wilcoxon", "one test", n, _mean(rejected), settings.d_z, note=note)]


def _holm(n: int, members: int, settings: PlanSettings) -> FloatArray:
    """(runs, members): 1 where Holm rejects."""
    p = np.concatenate([paired_t_p(part) for part in _normal_studies(n, members, settings)])
    return holm_rejects(p, settings.alpha).astype(np.float64)


def _holm_size(family: str, members: int, between: tuple[int, int], settings: PlanSettings) -> Result:
    """Holm needs no less than one test alone does, and no more than Bonferroni: the n is looked for in between."""
    low, high = between[0] - 1, between[1]
    while high - low > 1:
        middle = (low + high) // 2
        enough = _holm(middle, members, settings).mean() >= settings.power
        low, high = (low, middle) if enough else (middle, high)
    share = _mean(_holm(high, members, settings))
    note = f"Holm over {members}, one member, all have the effect, differences correlating {settings.rho:g}"
    return _power("sample_size_holm", family, high, share, settings.d_z, note=note)


def _mean(rejected: FloatArray) -> FloatArray:
    return np.asarray(rejected.mean(axis=1), dtype=np.float64)


def _normal_studies(n: int, members: int, settings: PlanSettings) -> Iterator[FloatArray]:
    """(runs of this part, n, members) differences with mean d_z and variance 1; always the same ones for a seed."""
    rng = np.random.default_rng(settings.seed)
    for runs in _runs(settings.runs, n * members):
        common, own = rng.standard_normal((runs, n, 1)), rng.standard_normal((runs, n, members))
        yield settings.d_z + sqrt(settings.rho) * common + sqrt(1 - settings.rho) * own


def _runs(runs: int, size: int) -> Iterator[int]:
    """``runs`` studies of ``size`` numbers in parts that a laptop's memory holds."""
    part = max(1, _CHUNK // size)
    yield from (min(part, runs - begin) for begin in range(0, runs, part))


def simulate_analysis(means: Means, n: int, settings: PlanSettings) -> list[Result]:
    """The planned analysis of ``n`` participants' Likert ratings, with B - A of ``settings.d_z`` in every emotion:
    paired t per emotion and per dimension with Holm, Wilcoxon per emotion with Holm, and the overall t.

    ``effect`` of a row is the d_z that the simulated ratings have in that test (mean over members): a dimension's mean
    over six emotions varies less than an emotion's over three dimensions, so its d_z is larger. One row without a power
    whose ``note`` says why, where whole ratings of the scale cannot have that effect.
    """
    try:
        wished = means.with_effect(settings.d_z)
        fit = simulate.fit_population(wished)
    except InputError as error:
        note = (
            f"no simulation: ratings from 1 to 5 with the means {means.name} cannot have d_z {settings.d_z:g}. {error}"
        )
        return [Result(analysis="simulated_analysis", term="all", n=n, note=note)]
    rng = np.random.default_rng(settings.seed)
    rejected: dict[str, list[FloatArray]] = {name: [] for name in _PLANNED}
    d_z: dict[str, list[float]] = {name: [] for name in _PLANNED}
    for runs in _runs(settings.runs, n * fit.shift.size):
        ratings = simulate.draw(fit, wished, runs * n, 1, rng).mean(axis=3)
        cells = (ratings[..., 1] - ratings[..., 0]).reshape(runs, n, *fit.shift.shape[:2])
        for name, (over, test) in _PLANNED.items():
            differences = cells.mean(axis=over).reshape(runs, n, -1)
            rejected[name].append(holm_rejects(test(differences), settings.alpha).astype(np.float64))
            people = differences.reshape(runs * n, -1)
            d_z[name].append(float((people.mean(axis=0) / people.std(axis=0)).mean()))
    results = []
    for name, parts in rejected.items():
        members = parts[0].shape[1]
        note = f"Likert ratings, {means.name}" + (f", Holm over {members}, one member" if members > 1 else "")
        share, effect = _mean(np.concatenate(parts)), float(np.mean(d_z[name]))
        results.append(_power("simulated_analysis", name, n, share, effect, note=note))
    return results


#: Test of the planned analysis -> the axes of (runs, n, E, D) that are averaged, and the test.
_PLANNED: Mapping[str, tuple[int | tuple[int, ...], Callable[[FloatArray], FloatArray]]] = {
    "emotions: paired t": (3, paired_t_p),
    "emotions: Wilcoxon": (3, wilcoxon_p),
    "dimensions: paired t": (2, paired_t_p),
    "overall: paired t": ((2, 3), paired_t_p),
}


def _power(analysis: str, term: str, n: int, share: FloatArray, d_z: float, *, note: str) -> Result:
    """``share``: (runs,) of the tests in question that reject, 0 to 1. Wilson's interval takes a run for one test: too
    wide, if anything, where ``share`` is of several."""
    power, runs = float(share.mean()), len(share)
    error = float(share.std()) / sqrt(runs)
    interval = stats.binomtest(round(power * runs), runs).proportion_ci(method="wilson")
    return Result(
        analysis=analysis, term=term, n=n, statistic_name="power", statistic=power, estimate=power,
        ci_low=float(interval.low), ci_high=float(interval.high), effect_name="d_z", effect=d_z,
        note=f"{note}; {runs} simulated studies, Monte Carlo error {error:.4f}; estimate: power, its interval 95%",
    )  # fmt: skip
