"""A network ready for use, with where it came from and the thresholds chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from curves.errors import FormatError
from recognizer.devices import pick_device, picks_bf16
from recognizer.folding import folded
from recognizer.network import MicroExpressionNet, NetworkOutput
from recognizer.weights_io import default_weights_path, load_network


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Chosen on validation identities when a network is trained; stored with its weights.

    ``score``: least score of an event. ``belief_bias``, ``belief_support``, ``belief_clearness``: the logistic function
    that gives the score, see ``recognizer.belief``. ``au``: least probability of an AU in it. ``rise``: least rise of
    an AU's intensity within an event to count as present, with either verdict. ``gate_px``: least regional motion, in
    crop pixels, and ``gate_rise``: least rise and fall of an AU's intensity, for a window to be looked at.
    """

    score: float = 0.5
    belief_bias: float = -5.3
    belief_support: float = 2.2
    belief_clearness: float = 0.7
    au: float = 0.5
    rise: float = 0.02
    gate_px: float = 0.25
    gate_rise: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """``network`` in eval mode on ``device``; ``sha256`` of its file; ``description``: one line for people."""

    network: MicroExpressionNet
    thresholds: Thresholds
    sha256: str
    description: str
    device: torch.device
    bf16: bool

    def predict(self, volumes: Tensor) -> NetworkOutput:
        """The network's answer to volumes (B, C, 16, 56, 56), on the CPU, in float32."""
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            output = self.network(volumes.to(self.device))
        return NetworkOutput(*(part.float().cpu() for part in output))


def load_model(path: Path | None = None, *, device: str = "auto", precision: str = "auto") -> Model:
    """The shipped default weights, or those of ``path``.

    Raises SetupError or FormatError, see ``load_network``; FormatError for a variant that does not read flow, such as
    the paper's RGB one, which is there to be trained and compared, not to analyse videos.
    """
    chosen = default_weights_path() if path is None else path
    network, metadata, digest = load_network(chosen)
    if network.config.input != "flow" or network.config.frames != 16:
        raise FormatError(
            f"{chosen} reads {network.config.input} in {network.config.frames} frames, but videos are analysed by flow "
            "in 16: choose weights of a flow variant."
        )
    where = pick_device(device)
    bf16 = picks_bf16(precision, where)
    return Model(
        network=folded(network, bf16=bf16) if where.type == "cpu" else network.to(where),
        thresholds=_thresholds(metadata.get("thresholds", {}), chosen),
        sha256=digest,
        description=str(metadata.get("description", chosen.name)),
        device=where,
        bf16=bf16,
    )


def _thresholds(values: Mapping[str, Any], path: Path) -> Thresholds:
    known = {entry.name for entry in fields(Thresholds)}
    if unknown := set(values) - known:
        raise FormatError(f"{path} holds unknown thresholds ({', '.join(sorted(unknown))}): update microexpr.")
    return Thresholds(**{name: float(value) for name, value in values.items()})
