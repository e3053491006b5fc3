"""What real micro-expressions look like in numbers: ``priors.json``, counts over four public label sheets."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from curves.values import DEFAULT_AUS, MIDLINE_AUS, Emotion

Floats64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Priors:
    """``emotion`` (7,) and ``rate`` (7, 19) of P(AU | emotion); ``lift`` (19, 19): how much more often two AUs come
    together than by chance; ``how_many`` (4,) of 1 to 4 AUs at once; ``unilateral`` (19,); durations as quantiles."""

    emotion: Floats64
    rate: Floats64
    lift: Floats64
    how_many: Floats64
    unilateral: Floats64
    quantiles: Floats64
    onset_apex_s: Floats64
    apex_offset_s: Floats64

    def draw_aus(self, rng: np.random.Generator, emotion: int) -> list[int]:
        """Indices of 1 to 4 AUs: the first by its rate, each next by its rate times its lift with those before."""
        weights = self.rate[emotion].copy()
        chosen: list[int] = []
        for _ in range(1 + int(rng.choice(len(self.how_many), p=self.how_many))):
            if weights.sum() <= 0:
                break
            chosen.append(int(rng.choice(len(weights), p=weights / weights.sum())))
            weights = weights * self.lift[chosen[-1]]
            weights[chosen] = 0.0
        return chosen

    def draw_emotion(self, rng: np.random.Generator, aus: list[int]) -> int:
        """An emotion given the AUs: Bayes over independent AUs, every rate floored at 0.3 %."""
        likelihood = self.emotion * np.prod(np.maximum(self.rate[:, aus], 0.003), axis=1)
        return int(rng.choice(len(likelihood), p=likelihood / likelihood.sum()))

    def draw_durations(
        self, rng: np.random.Generator, least_s: float = 0.08, most_s: float = 0.5
    ) -> tuple[float, float]:
        """Onset to apex and apex to offset in seconds; their sum lies in [least_s, most_s]."""
        rise = float(np.interp(rng.random(), self.quantiles, self.onset_apex_s))
        fall = float(np.interp(rng.random(), self.quantiles, self.apex_offset_s))
        fit = np.clip(rise + fall, least_s, most_s) / (rise + fall)
        return max(0.02, rise * fit), max(0.02, fall * fit)


@cache
def load_priors() -> Priors:
    """The packaged table.

    Emotions are drawn by the square root of their counts (disgust would be 40 times as frequent as repression).
    Unilateral rates are raised to at least 10 %, AU38 and other midline AUs excepted: sheets often leave the side out.
    """
    table = json.loads(files("recognizer.synthetic").joinpath("priors.json").read_text(encoding="utf-8"))
    together = np.array(table["cooccurrence"], np.float64)
    single = np.diag(together)
    lift = together * table["n_samples"] / np.maximum(np.outer(single, single), 1.0)
    emotion = np.sqrt([table["emotion_counts"][name.value] for name in Emotion])
    how_many = np.array([table["aus_per_sample"][str(count)] for count in range(1, 5)], np.float64)
    sided = np.array([au not in MIDLINE_AUS for au in DEFAULT_AUS])
    durations = table["durations_s"]
    return Priors(
        emotion=emotion / emotion.sum(),
        rate=np.array([table["au_rate_by_emotion"][name.value] for name in Emotion]),
        lift=np.clip(lift, 0.02, 10.0),
        how_many=how_many / how_many.sum(),
        unilateral=np.where(sided, np.clip(table["unilateral"] / single, 0.1, 0.5), 0.0),
        quantiles=np.array(durations["quantiles"]),
        onset_apex_s=np.array(durations["onset_apex"]),
        apex_offset_s=np.array(durations["apex_offset"]),
    )
