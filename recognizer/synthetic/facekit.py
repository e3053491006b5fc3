"""The face model that synthetic clips are rendered from: ICT-FaceKit Light (MIT), or any mesh in its layout.

The data is an argument, never part of the package: a folder with ``ict_facekit.npz`` and ``vertex_indices.json``.
Lengths are centimetres; +x is the subject's left, +y up, +z out of the face.
Source of the index ranges: the kit's README, tables "Face Model Topology", "Eyeball Details", "Teeth Details".
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError

Floats = NDArray[np.float32]


class Part(IntEnum):
    """What a vertex belongs to; the renderer shades by it."""

    SKIN = 0
    MOUTH = 1
    TEETH = 2
    EYE_LEFT = 3
    EYE_RIGHT = 4


# First and last vertex of the geometries worth drawing. Left out: gums and tongue, sockets behind the eyes, the irises
# (painted on the scleras instead), fluid and occlusion shells, lashes (painted), teeth behind the canines.
_DRAWN: tuple[tuple[Part, int, int], ...] = (
    (Part.SKIN, 0, 9408),
    (Part.SKIN, 9409, 11247),
    (Part.MOUTH, 11248, 13293),
    (Part.TEETH, 17895, 18390),
    (Part.TEETH, 20079, 20618),
    (Part.EYE_LEFT, 21451, 22220),
    (Part.EYE_RIGHT, 23021, 23790),
)


@dataclass(frozen=True, slots=True, eq=False)
class FaceKit:
    """A drawable morphable face.

    ``neutral`` (V, 3) f32 cm; ``triangles`` (T, 3) i32; ``part`` (V,) u8 of Part; ``landmarks`` (68,) i32 vertex of
    each Multi-PIE point; ``expressions`` (K, V, 3) f32 offsets at full weight, named by ``expression_names``;
    ``identities`` (I, V, 3) f32 offsets of one standard deviation each.
    Raises ValueError when the shapes do not fit each other.
    """

    neutral: Floats
    triangles: NDArray[np.int32]
    part: NDArray[np.uint8]
    landmarks: NDArray[np.int32]
    expression_names: tuple[str, ...]
    expressions: Floats
    identities: Floats

    def __post_init__(self) -> None:
        vertices = len(self.neutral)
        wanted = {
            "neutral": (self.neutral.shape, (vertices, 3)),
            "part": (self.part.shape, (vertices,)),
            "landmarks": (self.landmarks.shape, (68,)),
            "expressions": (self.expressions.shape, (len(self.expression_names), vertices, 3)),
            "identities": (self.identities.shape, (len(self.identities), vertices, 3)),
            "triangles": (self.triangles.shape, (len(self.triangles), 3)),
        }
        for name, (got, expected) in wanted.items():
            if got != expected:
                raise ValueError(f"face kit {name}: expected shape {expected}, got {got}")
        for name, index in (("triangles", self.triangles), ("landmarks", self.landmarks)):
            if index.size and (index.min() < 0 or index.max() >= vertices):
                raise ValueError(f"face kit {name}: expected indices below {vertices}, got {index.max()}")

    def shape(self, name: str) -> Floats:
        """The offsets (V, 3) of one expression shape; raises InputError naming a shape that the kit lacks."""
        if name not in self.expression_names:
            raise InputError(f"The face kit has no shape {name!r}: use the complete ICT-FaceKit Light data.")
        return np.asarray(self.expressions[self.expression_names.index(name)])

    @property
    def eye_distance_cm(self) -> float:
        """Between the mean points of the two eye outlines (landmarks 36 to 41 and 42 to 47)."""
        points = self.neutral[self.landmarks]
        return float(np.linalg.norm(points[42:48].mean(0) - points[36:42].mean(0)))


def load_facekit(folder: Path) -> FaceKit:
    """Read the kit from ``folder``, keeping what a camera in front of the face can see.

    Raises InputError when a file is missing or does not hold the kit.
    """
    data_path, index_path = folder / "ict_facekit.npz", folder / "vertex_indices.json"
    for path in (data_path, index_path):
        if not path.is_file():
            raise InputError(f"{path} is missing: give the folder that holds ict_facekit.npz and vertex_indices.json.")
    try:
        landmarks = json.loads(index_path.read_text(encoding="utf-8"))["idx_to_landmark_verts"]
        with np.load(data_path, allow_pickle=False) as data:
            names = tuple(str(name) for name in data["expr_names"])
            arrays = [data[key] for key in ("neutral", "tri", "expr_delta", "id_delta")]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{folder} does not hold ICT-FaceKit data ({error}): export the kit again.") from error
    return _select(*arrays, landmarks=np.asarray(landmarks), names=names)


def _select(
    neutral: NDArray[np.floating],
    triangles: NDArray[np.integer],
    expressions: NDArray[np.floating],
    identities: NDArray[np.floating],
    *,
    landmarks: NDArray[np.integer],
    names: tuple[str, ...],
) -> FaceKit:
    part = np.full(len(neutral), 255, np.uint8)
    for kind, first, last in _DRAWN:
        part[first : last + 1] = kind
    drawn = (part[triangles] != 255).all(1) & _faces_camera(neutral, triangles)
    kept = np.zeros(len(neutral), bool)
    kept[triangles[drawn].ravel()] = True
    kept[landmarks] = True
    renumbered = np.cumsum(kept) - 1
    return FaceKit(
        neutral=neutral[kept].astype(np.float32),
        triangles=renumbered[triangles[drawn]].astype(np.int32),
        part=part[kept],
        landmarks=renumbered[landmarks].astype(np.int32),
        expression_names=names,
        expressions=expressions[:, kept].astype(np.float32),
        identities=identities[:, kept].astype(np.float32),
    )


def _faces_camera(neutral: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.bool_]:
    """True for triangles that a head turned by at most 20 degrees, or an open mouth, can show."""
    corners = neutral[triangles].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    facing = normals[:, 2] / np.maximum(length, 1e-12)
    return np.asarray(facing > -0.35)


def vertex_normals(positions: Floats, triangles: NDArray[np.int32]) -> Floats:
    """Unit normals (V, 3), each the area-weighted mean of the triangles around the vertex."""
    a, b, c = (positions[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.stack(
        [_scatter(triangles, faces[:, axis], len(positions)) for axis in range(3)],
        axis=1,
    )
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return np.asarray(normals, np.float32)


def _scatter(triangles: NDArray[np.int32], values: Floats, size: int) -> NDArray[np.float64]:
    return np.bincount(triangles.ravel(), weights=np.repeat(values, 3), minlength=size).astype(np.float64)


def identity_mesh(kit: FaceKit, coefficients: Iterable[float]) -> Floats:
    """Neutral positions (V, 3) of one person; ``coefficients`` (I,) are standard deviations."""
    weights = np.asarray(list(coefficients), np.float32)
    if weights.shape != (len(kit.identities),):
        raise ValueError(f"identity coefficients: expected {len(kit.identities)}, got shape {weights.shape}")
    return kit.neutral + np.tensordot(weights, kit.identities, 1)
