"""Systems that name the emotion and the AUs of a clip: one protocol, one registry.

Every system is trained and judged through this door alone (``recognizer.evaluation``), so that no row of a table
follows rules of its own. What it is asked to name comes without labels: a system cannot learn from a test subject.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from recognizer.samples import Sample


class Need(StrEnum):
    """What a system reads of a sample."""

    FLOW = "flow"
    CROPS = "crops"
    ONSET_APEX = "onset_apex"  #: made from flow and apex where the set has no such images


@dataclass(frozen=True, slots=True)
class Task:
    """What must be named: one of ``classes`` (emotions), and which of ``aus`` are present; () asks for none."""

    classes: tuple[str, ...]
    aus: tuple[int, ...] = ()


class Example(NamedTuple):
    """A sample with its truth. ``label``: index into ``Task.classes``. ``aus`` (n,) bool in the order of ``Task.aus``,
    or None where the set has no AU labels. ``generated``: made from another clip (its loss is weighted apart)."""

    sample: Sample
    label: int
    aus: NDArray[np.bool_] | None = None
    generated: bool = False


class Prediction(NamedTuple):
    """For n samples: ``classes`` (n, C) probabilities; ``aus`` (n, A) bool or None: this system names no AUs."""

    classes: NDArray[np.float64]
    aus: NDArray[np.bool_] | None = None


#: Called with a line that says how training stands; may be called from the training's thread only.
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How much work a fit may be. ``epochs``: passes over the training part, at most. ``width``: channels of the first
    block of the 3D networks. ``init``: weights to start from (safetensors), for systems that take any.
    ``generated_weight``: lambda of L = L_real + lambda L_gen (paper 003, IV-I)."""

    seed: int = 0
    epochs: int = 30
    width: int = 16
    batch_size: int = 32
    learning_rate: float = 1e-3
    device: str = "auto"
    threads: int = 0
    init: Path | None = None
    generated_weight: float = 0.5


class Fitted(Protocol):
    """A trained system. ``chosen``: what the validation subjects decided (epoch, thresholds), for the results."""

    @property
    def chosen(self) -> Mapping[str, Any]: ...

    def predict(self, samples: Sequence[Sample]) -> Prediction:
        """Names what is in ``samples``, which are blind."""
        ...


class System(Protocol):
    """A row of the table. ``description``: one line, with its source. ``names_aus``: whether it predicts AUs.

    A system that starts from ``FitSettings.init`` has an attribute ``reads_init``, true; others need none."""

    @property
    def description(self) -> str: ...
    @property
    def needs(self) -> frozenset[Need]: ...
    @property
    def names_aus(self) -> bool: ...

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example],
        task: Task,
        settings: FitSettings,
        progress: Progress = lambda _: None,
    ) -> Fitted:
        """Trains on ``train``; ``validation`` (other subjects) picks epoch and thresholds. Seeded by the settings.

        Adjacency and normalisation come from ``train`` alone. Raises InputError where the samples lack what it needs.
        """
        ...
