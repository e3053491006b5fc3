"""What a user may choose about the analyses; every analysis takes it, most read only ``alpha``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from studies.corrections import DEFAULT_FAMILIES


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """``alpha``: of tests, and 1 - alpha of every confidence interval. ``equivalence_points``: half-width of the
    equivalence range in rating points, ``equivalence_d_z``: the same in standard deviations of the differences; None
    leaves that one out. ``powers``: of the sensitivity analysis. ``families``: name -> its members' words, within which
    p-values are corrected ("emotions", 6, and "dimensions", 3, by default). Tests of one emotion and one dimension are
    the family "cells", emotions x dimensions (18); with other families it is their product.
    """

    alpha: float = 0.05
    equivalence_points: float | None = 0.3
    equivalence_d_z: float | None = 0.3
    powers: tuple[float, ...] = (0.8, 0.9)
    families: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: DEFAULT_FAMILIES)

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 0.5:
            raise ValueError(f"alpha: expected within (0, 0.5), got {self.alpha}")
        for name in ("equivalence_points", "equivalence_d_z"):
            bound = getattr(self, name)
            if bound is not None and not (isfinite(bound) and bound > 0.0):
                raise ValueError(f"{name}: expected above 0, got {bound}")
        if not all(self.alpha < power < 1.0 for power in self.powers):
            raise ValueError(f"powers: expected within (alpha, 1), got {self.powers}")

    @property
    def confidence(self) -> float:
        return 1.0 - self.alpha
