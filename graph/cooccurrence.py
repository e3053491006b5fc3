"""AU co-occurrence as a directed graph. **Direction is said here, once:**

    A[i, j] = P(AU_i | AU_j) = N_ij / N_j

Row i is the AU that receives, column j the AU that is known: where AU_j is seen, A[i, j] is how likely AU_i is seen
too. Messages flow i <- j with weight A[i, j], so one step of propagation is the plain product ``A @ H``. The
diagonal is 0; the network adds the identity (SPEC 3; AU_GCN_CUR section 3.3).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curves.errors import FormatError
from curves.values import DEFAULT_AUS

FloatMatrix = NDArray[np.float64]

#: Pseudo-samples added to each N_j. Of the 19 AUs eight are seen at most twice in CASME II: without it, one clip
#: would make a certainty.
DEFAULT_SMOOTHING = 5.0

DATASETS: tuple[str, ...] = ("casme2", "samm", "casme3", "dfme")


@dataclass(frozen=True, slots=True, eq=False)
class CooccurrenceCounts:
    """How often AUs were labelled together.

    ``joint`` (n, n): N_ij, samples that show AU i and AU j; the diagonal is N_j. ``samples``: all labelled samples.
    Raises ValueError unless ``joint`` is square, symmetric, and no entry exceeds its diagonal or ``samples``.
    """

    joint: FloatMatrix
    samples: int

    def __post_init__(self) -> None:
        joint = np.array(self.joint, dtype=np.float64)
        if joint.ndim != 2 or joint.shape[0] != joint.shape[1]:
            raise ValueError(f"joint counts: expected a square matrix, got shape {joint.shape}")
        single = np.diagonal(joint)
        if (joint != joint.T).any() or (joint > single[:, None]).any() or (joint < 0).any():
            raise ValueError("joint counts: expected N_ij = N_ji and 0 <= N_ij <= N_i")
        if joint.size and single.max() > self.samples:
            raise ValueError(f"samples: expected at least {single.max():.0f}, got {self.samples}")
        joint.flags.writeable = False
        object.__setattr__(self, "joint", joint)


def count_labels(labels: NDArray[Any]) -> CooccurrenceCounts:
    """Counts from ``labels`` (samples, n), true or nonzero where an AU is present."""
    present = np.asarray(labels) != 0
    if present.ndim != 2:
        raise ValueError(f"labels: expected shape (samples, AUs), got {present.shape}")
    as_float = present.astype(np.float64)
    return CooccurrenceCounts(as_float.T @ as_float, present.shape[0])


def directed_adjacency(counts: CooccurrenceCounts, *, smoothing: float = 0.0) -> FloatMatrix:
    """A (n, n) in [0, 1] with A[i, j] = P(AU_i | AU_j) and a zero diagonal.

    ``smoothing`` k >= 0 adds k samples of the base rate p_i = N_i / samples to each column:
    ``(N_ij + k p_i) / (N_j + k)``; 0 is the paper's N_ij / N_j. A column whose AU was never seen is 0 when k = 0.
    """
    if smoothing < 0:
        raise ValueError(f"smoothing: expected >= 0, got {smoothing}")
    single = np.diagonal(counts.joint)
    base_rate = single / max(counts.samples, 1)
    known = single + smoothing  # indexed by column j: what is conditioned on
    numerator = counts.joint + smoothing * base_rate[:, None]
    adjacency = np.divide(numerator, known[None, :], out=np.zeros_like(numerator), where=known[None, :] > 0)
    np.fill_diagonal(adjacency, 0.0)
    return adjacency


def adjacency_from_labels(labels: NDArray[Any], *, smoothing: float = 0.0) -> FloatMatrix:
    """``directed_adjacency`` of ``labels`` (samples, n). Give it training labels only: the test subject's leak."""
    return directed_adjacency(count_labels(labels), smoothing=smoothing)


def symmetrised(adjacency: FloatMatrix) -> FloatMatrix:
    """The ablation without direction: the mean of A and its transpose."""
    return (adjacency + adjacency.T) / 2


def public_counts(datasets: Sequence[str] = DATASETS, aus: Sequence[int] = DEFAULT_AUS) -> CooccurrenceCounts:
    """Counts summed over the label sheets of public sets (``au_counts.json`` names them), in the order of ``aus``.

    Raises ValueError for an unknown set, FormatError for an AU that the table lacks.
    """
    table = json.loads(resources.files("graph").joinpath("au_counts.json").read_text(encoding="utf-8"))
    missing = sorted(set(aus) - set(table["aus"]))
    if missing:
        raise FormatError(f"No public counts for AU {missing}: build the graph from your training labels instead.")
    unknown = sorted(set(datasets) - set(table["datasets"]))
    if unknown:
        raise ValueError(f"datasets: expected some of {sorted(table['datasets'])}, got {unknown}")
    rows = [table["aus"].index(au) for au in aus]
    chosen = [table["datasets"][name] for name in datasets]
    joint = sum((np.array(one["joint"], dtype=np.float64) for one in chosen), np.zeros((len(table["aus"]),) * 2))
    return CooccurrenceCounts(joint[np.ix_(rows, rows)], sum(int(one["n_samples"]) for one in chosen))


def default_prior(aus: Sequence[int] = DEFAULT_AUS, *, smoothing: float = DEFAULT_SMOOTHING) -> FloatMatrix:
    """A for the default model: all four public sheets pooled, 3,895 labelled clips.

    CASME II alone has 250, and eight of its AUs at most twice; pooled, every AU has at least 10. Pooling
    weighs each clip alike, so DFME (2,629) leads. Not for scores on one of these sets: its test subjects are in it.
    """
    return directed_adjacency(public_counts(aus=aus), smoothing=smoothing)
