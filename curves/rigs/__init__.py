"""Rigs: which controls an Action Unit drives, as data.

A rig file is TOML (docs/rigs.md). Three are shipped: `facs` (plain AU names), `arkit` (Apple's 52 blend shapes) and
`metahuman` (MetaHuman's 251 raw controls `CTRL_expressions_*`). Left and right are the subject's.
"""

from curves.rigs.loading import control_names, load_rig, rig_names
from curves.rigs.rig import FACS_AUS, Rig, RigTarget

__all__ = ["FACS_AUS", "Rig", "RigTarget", "control_names", "load_rig", "rig_names"]
