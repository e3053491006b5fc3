"""How action units and everyday movements displace the mesh: shapes weighted as ``actions.toml`` says.

A *basis* is a stack of displacement fields (F, V, 3) in centimetres at weight 1. Rows 2k and 2k + 1 of the AU basis are
the subject's left and right part of ``values.DEFAULT_AUS[k]``; intensity 1.0 is weight 1.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curves.values import DEFAULT_AUS
from recognizer.synthetic.facekit import FaceKit, Floats, Part

#: Movements that are never labelled: blinks, lids that follow the gaze, speech. One row of the distractor basis each.
DISTRACTORS: tuple[str, ...] = (
    "eyeBlink_L",
    "eyeBlink_R",
    "eyeLookUp_L",
    "eyeLookUp_R",
    "eyeLookDown_L",
    "eyeLookDown_R",
    "jawOpen",
    "jawForward",
    "jawLeft",
    "jawRight",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugUpper",
    "mouthLowerDown_L",
    "mouthLowerDown_R",
    "mouthUpperUp_L",
    "mouthUpperUp_R",
    "mouthLeft",
    "mouthRight",
    "mouthSmile_L",
    "mouthSmile_R",
    "mouthStretch_L",
    "mouthStretch_R",
    "mouthPress_L",
    "mouthPress_R",
)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("recognizer.synthetic").joinpath("actions.toml").read_text(encoding="utf-8"))


def action_basis(kit: FaceKit) -> Floats:
    """The AU basis (38, V, 3); raises InputError when the kit lacks a shape that the table names."""
    table = _table()
    basis = np.zeros((2 * len(DEFAULT_AUS), *kit.neutral.shape), np.float32)
    for action in table["action"]:
        row = 2 * DEFAULT_AUS.index(action["au"])
        for offset, side in enumerate(("left", "right")):
            for name, weight in action[side].items():
                basis[row + offset] += np.float32(weight) * kit.shape(name)
    nostril = table["nostril"]
    row = 2 * DEFAULT_AUS.index(nostril["au"])
    basis[row] = _nostril_field(kit, nostril, "left_landmark", 1.0)
    basis[row + 1] = _nostril_field(kit, nostril, "right_landmark", -1.0)
    return basis


def _nostril_field(kit: FaceKit, nostril: dict[str, Any], landmark: str, sign: float) -> Floats:
    wing = kit.neutral[kit.landmarks[nostril[landmark]]]
    distance = np.linalg.norm(kit.neutral - wing, axis=1) / nostril["radius"]
    falloff = np.where(kit.part == Part.SKIN, np.exp(-0.5 * distance**2), 0.0)
    direction = np.array([sign * nostril["outward"], nostril["up"], nostril["forward"]])
    return np.asarray(falloff[:, None] * direction, np.float32)


def distractor_basis(kit: FaceKit) -> Floats:
    """The fields (len(DISTRACTORS), V, 3) of the unlabelled movements."""
    return np.stack([kit.shape(name) for name in DISTRACTORS])


def visible_strength(kit: FaceKit, basis: Floats) -> NDArray[np.float64]:
    """(F,) the largest displacement of the skin, seen from the front, at weight 1, as a fraction of the eye distance.

    This turns "a movement of 2 % of the eye distance" into an AU intensity.
    """
    skin = basis[:, kit.part == Part.SKIN, :2].astype(np.float64)
    return np.asarray(np.linalg.norm(skin, axis=2).max(1) / kit.eye_distance_cm)


def personal_basis(kit: FaceKit, basis: Floats, rng: np.random.Generator) -> Floats:
    """The AU basis of one person: nobody's muscles pull exactly like the model's.

    Each AU gets a gain of 0.7 to 1.3, its sides differ by up to 8 %, its direction turns by up to 8 degrees, its
    strength varies smoothly over the face by up to 20 %, and 3 % to 6 % of another AU of the same side comes with it.
    """
    count = len(basis)
    gain = np.repeat(rng.uniform(0.7, 1.3, count // 2), 2) * rng.uniform(0.96, 1.04, count)
    # Both sides share turn and modulation up to the mirror, or a symmetric AU would look lopsided.
    personal = np.empty_like(basis)
    for au in range(count // 2):
        turn = _small_rotation(rng, 8.0)
        strength = _smooth_modulation(kit, rng)[:, None]
        mirror = np.diag([-1.0, 1.0, 1.0])
        personal[2 * au] = basis[2 * au] @ turn.T.astype(np.float32) * strength
        personal[2 * au + 1] = basis[2 * au + 1] @ (mirror @ turn @ mirror).T.astype(np.float32) * strength
    for row in range(count):
        other = 2 * int(rng.integers(count // 2)) + row % 2
        if other != row:
            personal[row] += np.float32(rng.uniform(-0.06, 0.06)) * basis[other]
    return personal * gain[:, None, None].astype(np.float32)


def _small_rotation(rng: np.random.Generator, degrees: float) -> NDArray[np.float64]:
    axis = rng.normal(size=3)
    x, y, z = axis / np.linalg.norm(axis)
    angle = np.radians(rng.uniform(-degrees, degrees))
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew)


def _smooth_modulation(kit: FaceKit, rng: np.random.Generator) -> Floats:
    # |x| keeps it the same on both sides; 3 to 8 cm waves are wider than any single AU's finest detail
    wave = rng.normal(size=2) * rng.uniform(0.8, 2.0)
    phase = np.abs(kit.neutral[:, 0]) * wave[0] / 2 + kit.neutral[:, 1] * wave[1] / 2 + rng.uniform(0, 2 * np.pi)
    return np.asarray(1.0 + rng.uniform(0.0, 0.2) * np.cos(phase), np.float32)
