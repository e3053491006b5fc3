"""How many participants a study needs: closed forms for every planned test, and simulation where none is exact.

Effects are d_z: the mean of a participant's difference B - A over its standard deviation. Tests are two-sided.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log2, pi

import pandas as pd
from scipy import optimize, stats
from statsmodels.stats.power import TTestPower

from curves.errors import InputError
from studies.results import Result

#: Efficiency of Wilcoxon's signed ranks against t for normal differences (Pitman): it needs n / ARE participants.
WILCOXON_ARE = 3.0 / pi
#: d_z of the sensitivity table, beside the one that is asked for.
SENSITIVITY_D_Z = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8)
_MOST = 1_000_000  # participants; a wish that takes more is no wish


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """``d_z`` > 0 and ``power`` wished at ``alpha``; ``emotions`` and ``dimensions``: members of the two families of
    tests. ``rho``: correlation of a participant's differences between emotions, and between dimensions (Hotelling,
    Holm). ``runs``: simulated studies (0: none); ``seed`` draws them."""

    d_z: float = 0.3
    power: float = 0.9
    alpha: float = 0.05
    emotions: int = 6
    dimensions: int = 3
    rho: float = 0.3
    runs: int = 10_000
    seed: int = 1

    def __post_init__(self) -> None:
        checks = (
            (0.05 <= self.d_z <= 10.0, f"--d-z {self.d_z:g} is outside 0.05 to 10"),
            (0.0 < self.alpha < 0.5, f"--alpha {self.alpha:g} is outside 0 to 0.5"),
            (self.alpha < self.power < 1.0, f"--power {self.power:g} is outside alpha to 1"),
            (self.emotions >= 1 and self.dimensions >= 1, "a family of tests needs a member"),
            (0.0 <= self.rho < 1.0, f"--rho {self.rho:g} is outside 0 to 1"),
            (self.runs >= 0, f"--runs {self.runs} is below 0"),
        )
        for held, message in checks:
            if not held:
                raise InputError(f"{message}.")


def t_power(n: int, d_z: float, alpha: float) -> float:
    """Power of the two-sided paired t-test: noncentral t with n - 1 degrees of freedom, ncp d_z sqrt(n)."""
    if n < 2:
        return 0.0
    power = float(TTestPower().power(d_z, n, alpha))
    if isfinite(power):
        return power
    # Of a large effect the far tail underflows to NaN; it is far below anything that is printed, and is left out.
    near = float(TTestPower().power(d_z, n, alpha / 2, alternative="larger"))
    return near if isfinite(near) else 1.0


def hotelling_power(n: int, d_z: float, alpha: float, dimensions: int, rho: float) -> float:
    """Power of the paired Hotelling T2 where every dimension has ``d_z`` and any two differences correlate ``rho``.

    delta2 = p d_z^2 / (1 + (p - 1) rho); T2 (n - p) / (p (n - 1)) is F(p, n - p) with noncentrality n delta2.
    """
    p = dimensions
    if n <= p:
        return 0.0
    delta2 = p * d_z**2 / (1 + (p - 1) * rho)
    return float(stats.ncf.sf(stats.f.isf(alpha, p, n - p), p, n - p, n * delta2))


def smallest_n(power_of: Callable[[int], float], power: float, start: int = 2) -> int:
    """The least n from ``start`` on with ``power_of(n)`` >= ``power``; ``power_of`` must not fall.

    Raises:
        InputError: if it takes more than a million.
    """
    high = max(start, 2)
    while power_of(high) < power:
        if high > _MOST:
            raise InputError("The wished power takes more than a million participants: wish a larger effect.")
        high *= 2
    low = start - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= power else (middle, high)
    return high


def t_sample_size(d_z: float, power: float, alpha: float) -> int:
    """Participants that a two-sided paired t-test needs."""
    return smallest_n(lambda n: t_power(n, d_z, alpha), power)


def sample_sizes(settings: PlanSettings) -> list[Result]:
    """Closed forms: one test, the two families with Bonferroni, each also for Wilcoxon, and Hotelling's T2.

    ``n`` is the number of participants, ``statistic`` the power that it has, ``effect`` the d_z.
    """
    results = []
    for family, members in _families(settings):
        alpha = settings.alpha / members
        n = t_sample_size(settings.d_z, settings.power, alpha)
        note = f"paired t, two-sided, alpha {alpha:.6g}" + (f", Bonferroni over {members}" if members > 1 else "")
        results.append(_row("sample_size_t", family, n, t_power(n, settings.d_z, alpha), settings.d_z, note=note))
        reachable = floor(1 - log2(alpha)) + 1  # of fewer people the least p there is, 2 / 2^n, is not below alpha
        ranks = max(ceil(n / WILCOXON_ARE), reachable)
        note = f"Wilcoxon, alpha {alpha:.6g}: the n of t over its efficiency 3 / pi; for normal differences; at least "
        note += f"the {reachable} of whom 2 / 2^n is below alpha"
        results.append(_row("sample_size_wilcoxon", family, ranks, None, settings.d_z, note=note))
    return [*results, _hotelling(settings)]


def _families(settings: PlanSettings) -> tuple[tuple[str, int], ...]:
    return ("one test", 1), ("emotions", settings.emotions), ("dimensions", settings.dimensions)


def _hotelling(settings: PlanSettings) -> Result:
    def power_of(n: int) -> float:
        return hotelling_power(n, settings.d_z, settings.alpha, settings.dimensions, settings.rho)

    n = smallest_n(power_of, settings.power, settings.dimensions + 1)
    note = (
        f"paired T2 over {settings.dimensions} dimensions, d_z each, differences correlating {settings.rho:g}, "
        f"alpha {settings.alpha:g}"
    )
    return _row("sample_size_hotelling_t2", "dimensions", n, power_of(n), settings.d_z, note=note)


def _row(analysis: str, term: str, n: int, power: float | None, d_z: float, *, note: str) -> Result:
    return Result(
        analysis=analysis,
        term=term,
        n=n,
        statistic_name="" if power is None else "power",
        statistic=power,
        effect_name="d_z",
        effect=d_z,
        note=note,
    )


def sensitivity(settings: PlanSettings) -> list[Result]:
    """Participants needed over a range of d_z, for one test and both families (paired t, Bonferroni)."""
    results = []
    for d_z in sorted({*SENSITIVITY_D_Z, settings.d_z}):
        for family, members in _families(settings):
            alpha = settings.alpha / members
            n = t_sample_size(d_z, settings.power, alpha)
            note = f"paired t, two-sided, alpha {alpha:.6g}"
            results.append(_row("sensitivity", family, n, t_power(n, d_z, alpha), d_z, note=note))
    return results


def detectable(n: int, settings: PlanSettings) -> list[Result]:
    """The least d_z that ``n`` (at least 3) participants show with the wished power, for one test and both families."""
    if n < 3:
        raise InputError(f"--n {n}: take 3 participants or more.")
    results = []
    for family, members in _families(settings):
        alpha = settings.alpha / members
        d_z = _least_d_z(n, settings.power, alpha)
        note = f"least d_z that {n} participants show, paired t, two-sided, alpha {alpha:.6g}"
        results.append(_row("detectable", family, n, t_power(n, d_z, alpha), d_z, note=note))
    return results


def _least_d_z(n: int, power: float, alpha: float) -> float:
    high = 1.0
    while t_power(n, high, alpha) < power:
        high *= 2
    return float(optimize.brentq(lambda d_z: t_power(n, d_z, alpha) - power, 0.0, high))


def sensitivity_table(rows: Sequence[Result]) -> pd.DataFrame:
    """``sensitivity``'s rows to be read at a glance: a row a d_z, a column a family, participants in the cells."""
    cells = pd.DataFrame([(row.effect, row.term, row.n) for row in rows], columns=["d_z", "family", "n"])
    families = list(dict.fromkeys(cells["family"]))
    return cells.pivot(index="d_z", columns="family", values="n")[families].reset_index()
