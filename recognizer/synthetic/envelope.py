"""How one AU rises and falls."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Envelope:
    """0 up to ``start_s``, rises to 1 in ``rise_s``, stays for ``hold_s``, falls to 0 in ``fall_s``; seconds.

    Both flanks are half cosines, bent by an exponent (``rise_power``, ``fall_power``; below 1 quicker, above 1 slower
    at first), so velocity is 0 at the start for powers above 0.5.
    """

    start_s: float
    rise_s: float
    hold_s: float
    fall_s: float
    rise_power: float = 1.0
    fall_power: float = 1.0

    def __post_init__(self) -> None:
        if self.rise_s <= 0 or self.fall_s <= 0 or self.hold_s < 0:
            raise ValueError(f"envelope: expected positive durations, got {self.rise_s}, {self.hold_s}, {self.fall_s}")

    @property
    def end_s(self) -> float:
        return self.start_s + self.rise_s + self.hold_s + self.fall_s

    def at(self, times_s: Floats64) -> Floats64:
        """Values 0..1 at ``times_s`` (n,)."""
        since = np.asarray(times_s, np.float64) - self.start_s
        up = _flank(since / self.rise_s) ** self.rise_power
        down = _flank((self.rise_s + self.hold_s + self.fall_s - since) / self.fall_s) ** self.fall_power
        return np.minimum(up, down)


def _flank(part: Floats64) -> Floats64:
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(part, 0.0, 1.0))


def draw_envelope(
    rng: np.random.Generator, start_s: float, rise_s: float, fall_s: float, *, jitter_s: float
) -> Envelope:
    """An envelope inside [start_s, start_s + rise_s + fall_s]; start, apex and end are moved by up to ``jitter_s``.

    Up to a quarter of the rise and of the fall becomes a hold at the top.
    """
    end = start_s + rise_s + fall_s
    late, early = rng.uniform(0, jitter_s, 2) if jitter_s else (0.0, 0.0)
    late, early = min(late, 0.4 * rise_s), min(early, 0.4 * fall_s)
    apex = start_s + rise_s + rng.uniform(-0.5, 0.5) * jitter_s
    apex = float(np.clip(apex, start_s + 0.5 * rise_s, end - 0.5 * fall_s))
    before, after = rng.uniform(0.0, 0.25, 2) * (rng.random() < 0.5)
    rise, fall = apex - start_s - late, end - early - apex
    return Envelope(
        start_s=float(start_s + late),
        rise_s=float(max(0.01, rise * (1 - before))),
        hold_s=float(max(0.0, rise * before + fall * after)),
        fall_s=float(max(0.01, fall * (1 - after))),
        rise_power=float(np.exp(rng.uniform(-0.4, 0.5))),
        fall_power=float(np.exp(rng.uniform(-0.4, 0.5))),
    )
