"""The registry of network variants: name -> ``NetworkConfig``. A new variant is one row; contract tests find it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from curves.errors import InputError
from recognizer.network import NetworkConfig

_DEFAULT = NetworkConfig()
_PAPER = NetworkConfig(
    input="rgb",
    size=112,
    width=64,
    features="pooled",
    node_width=512,
    graph_widths=(1024, 512),
    smoothing=0.0,
    dropout=0.0,
)

VARIANTS: Mapping[str, NetworkConfig] = MappingProxyType(
    {
        "default": _DEFAULT,
        "paper": _PAPER,
        "paper_flow": replace(_PAPER, input="flow", size=56),
        # Ablations: rows, not forks.
        "no_graph": replace(_DEFAULT, graph="none"),
        "symmetric_graph": replace(_DEFAULT, graph="symmetric"),
        "no_emotion_layer": replace(_DEFAULT, emotion_layer=False),
        "symmetric_no_emotion_layer": replace(_DEFAULT, graph="symmetric", emotion_layer=False),
        "pooled_features": replace(_DEFAULT, features="pooled"),
        "facial_prior": replace(_DEFAULT, prior="ewp"),
        "elrcn": replace(_DEFAULT, temporal="lstm"),
        "mc3": replace(_DEFAULT, backbone="mc3"),
        "r2plus1d": replace(_DEFAULT, backbone="r2plus1d"),
    }
)


def variant(name: str) -> NetworkConfig:
    """The named configuration; InputError lists the known names otherwise."""
    if name not in VARIANTS:
        raise InputError(f"Unknown network variant {name!r}: choose one of {', '.join(VARIANTS)}.")
    return VARIANTS[name]
