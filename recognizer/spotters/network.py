"""The default model as a spotter, so that it stands in the same table as what it must beat."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from recognizer.clips import ClipRecord
from recognizer.inference import MotionRun
from recognizer.model import Model, load_model
from recognizer.spotters import FittedSpotter, Spot
from recognizer.spotters.picking import apart
from recognizer.spotting import SpottingSettings, score_windows, spot
from recognizer.tracks import settled, track_intensity

_FEWEST = 2


@dataclass(frozen=True, slots=True, eq=False)
class NetworkSpotter:
    """A model with the thresholds stored beside its weights. ``settings``: those of the analysis."""

    model: Model
    settings: SpottingSettings = field(default_factory=SpottingSettings)

    @property
    def chosen(self) -> Mapping[str, Any]:
        return {"weights_sha256": self.model.sha256, **asdict(self.model.thresholds)}

    def spot(self, run: MotionRun) -> list[Spot]:
        if len(run.times_s) < _FEWEST:
            return []
        config = self.model.network.config
        run = run if config.prior == "ewp" else replace(run, prior=None)
        intensity = settled(track_intensity(run, self.model), config.aus)
        found = score_windows(run, intensity, self.model, self.settings)
        events = spot(found, run, intensity, self.model, self.settings)
        return apart(Spot(e.onset_s, e.apex_s, e.offset_s, e.score, e.aus) for e in events)


@dataclass(frozen=True, slots=True)
class Network:
    """The weights shipped, or those of ``weights``. It was trained before: ``fit`` changes nothing, and whoever judges
    it makes sure that its training saw none of the people in the test part."""

    weights: Path | None = None
    description: str = "the default model of this package: 3D-ResNet-18 on flow with AU graph, as shipped (ours)"
    names_aus: bool = True

    def fit(self, train: Sequence[ClipRecord], validation: Sequence[ClipRecord], *, seed: int = 0) -> FittedSpotter:  # noqa: ARG002
        """Raises SetupError or FormatError, see ``load_model``."""
        return NetworkSpotter(load_model(self.weights))
