"""The mixed model wherever its variances lie: against lme4, and where nobody misses anything against the means."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from studies.layout import observations
from studies.mixed import fit_mixed
from studies.ratings import Ratings, build_ratings
from studies.vocabulary import EMOTIONS, VIDEOS

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def one_rating_a_cell(n: int, seed: int, draw: Draw) -> Ratings:
    names = [f"P{number:03d}" for number in range(n)]
    keys = ["participant_id", "emotion", "dimension", "video"]
    index = pd.MultiIndex.from_product([names, EMOTIONS, ["clarity"], VIDEOS], names=keys)
    drawn = draw(np.random.default_rng(seed), (n, 6, 1, 2))
    people = pd.DataFrame({"recognition_score": 3.0}, index=pd.Index(names, name="participant_id"))
    return build_ratings(pd.DataFrame({"rating": drawn.ravel()}, index=index).reset_index(), people)


def at_the_ceiling(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.where(rng.random((3, *shape)) < 0.97, 5.0, 4.0).mean(axis=0)


def noisy(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    level = rng.normal(3.3, 0.5, (shape[0], 1, 1, 1)) + 0.4 * np.arange(2) + rng.normal(0, 0.8, shape)
    return np.clip(np.round(level), 1, 5)


@pytest.mark.slow
@given(n=st.sampled_from([4, 8, 12, 20]), seed=st.integers(0, 10_000), draw=st.sampled_from([at_the_ceiling, noisy]))
@settings(max_examples=12, deadline=None)
def test_the_mixed_model_of_complete_data_estimates_the_mean_difference(n: int, seed: int, draw: Draw) -> None:
    """Wherever the variances lie, and here they are mostly on the boundary."""
    data = observations(one_rating_a_cell(n, seed, draw))
    assume(data["rating"].nunique() > 1)
    fit = fit_mixed(data, EMOTIONS)
    assert fit is not None
    assert fit.converged
    means = data.groupby("video")["rating"].mean()
    assert fit.fixed[-1] == pytest.approx(means["B"] - means["A"], abs=1e-9)
    error = (fit.random[1, 1] + 4 * fit.residual / 12) / n
    assert fit.covariance[-1, -1] == pytest.approx(error, rel=1e-7)


BOUNDARY = {  # lme4 (bobyqa, rhoend 1e-10): z of the video; sd of the level, of the effect, of the rest; correlation
    (4, 0): (2.942242019, 0.294081367, 0.213704027, 0.692155054, -1.0),
    (4, 1): (1.268901001, 0.441250438, 0.127642137, 0.645700558, 1.0),
    (8, 1): (2.280092712, 0.229957869, 0.142130645, 0.767191025, 1.0),
    (8, 2): (1.380233850, 0.525655201, 0.226876914, 0.795589954, -1.0),
    (20, 1): (3.868056911, 0.242107074, 0.040042435, 0.781258556, 1.0),
    (20, 5): (3.384555332, 0.598754415, 0.126491730, 0.790282358, -1.0),
}


@pytest.mark.parametrize("where", BOUNDARY)
def test_the_mixed_model_on_the_boundary_is_that_of_lme4(where: tuple[int, int]) -> None:
    fit = fit_mixed(observations(one_rating_a_cell(*where, noisy)), EMOTIONS)
    assert fit is not None
    assert fit.singular
    level, effect = np.sqrt(np.diag(fit.random))
    z = fit.fixed[-1] / np.sqrt(fit.covariance[-1, -1])
    asked = (*BOUNDARY[where][:-1], BOUNDARY[where][-1] * level * effect)
    assert (z, level, effect, fit.residual**0.5, fit.random[0, 1]) == pytest.approx(asked, rel=1e-5, abs=1e-7)
