"""A take's curves built anew from its tracks, as an editor's rig choice and sliders ask for it."""

from dataclasses import replace

from curves.build import KeySettings, build_curves
from curves.errors import InputError
from curves.modulate import Modulation
from curves.rigs import load_rig
from curves.values import Take
from unreal_bridge.errors import BridgeError
from unreal_bridge.wire import pb
from unreal_bridge.wishes import read_wish

Remap = tuple[str, Modulation, KeySettings]


def read_remap(request: pb.RemapTakeRequest) -> Remap:
    """Rig, modulation, keys. Raises InputError: one is missing, not known, or out of its range."""
    wish = read_wish(request)
    if wish.rig is None:
        raise InputError("A rig is wanted to build curves for; name one.")
    try:
        modulation = Modulation(
            emotion=wish.emotion,
            intensity=1.0 if wish.intensity is None else wish.intensity,
            gain=request.gain if request.HasField("gain") else 1.0,
        )
        keys = KeySettings(wish.keys or "auto", wish.tolerance)
        build_curves((), load_rig(wish.rig), modulation, keys)  # says what is out of range for this key mode
    except ValueError as error:
        raise InputError(f"{error}.") from error
    return wish.rig, modulation, keys


def remapped(take: Take, remap: Remap) -> Take:
    """The take with its curves built anew. BridgeError FAILED_PRECONDITION: it has no tracks."""
    rig_name, modulation, keys = remap
    if not take.tracks:
        raise BridgeError("FAILED_PRECONDITION", "The take has no tracks to build from; convert its video again.")
    rig = load_rig(rig_name)
    curves = build_curves(take.tracks, rig, modulation, keys, duration_s=take.duration_s, no_face=take.no_face)
    made = {
        "rig": rig_name,
        "emotion": None if modulation.emotion is None else modulation.emotion.value,
        "intensity": modulation.intensity,
        "gain": modulation.gain,
        "keys": keys.mode,
        "tolerance": keys.tolerance,
    }
    return replace(take, curves=curves, provenance={**take.provenance, "remapped": made})
