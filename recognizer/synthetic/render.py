"""Drawing the face with OpenGL, off screen.

Vertices are moved on the CPU (one matrix product per frame over the shapes that move), shaded on the GPU or by Mesa's
software rasteriser. Normals are linear in the shape weights: exact to first order, and a fraction of recomputing them.
"""

import sys
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from curves.errors import SetupError
from recognizer.synthetic.appearance import Appearance
from recognizer.synthetic.facekit import FaceKit, Floats, Part, identity_mesh, vertex_normals
from recognizer.synthetic.paint import EYE_TILE, MOUTH_TILE, SKIN_SHARE, TEETH_TILE, texture_coordinates

Image = NDArray[np.uint8]
_PIVOT = np.array([0.0, -3.0, 0.0])  # the head turns about the top of the neck
_FACE_PLANE_CM = 8.0  # depth of the eyes' outer corners and the cheeks
_FACE_WIDTH_CM = 15.0


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head is. Angles in degrees: ``yaw`` > 0 turns to the subject's left (image right), ``pitch`` > 0 looks
    up, ``roll`` > 0 tilts to the subject's left shoulder (clockwise in the image). ``shift_x`` (right) and ``shift_y``
    (down) in image widths; ``scale`` 1 gives a face that fills ``View.face_width``."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """``size_px`` of the square image; ``face_width`` in image widths; ``distance_cm`` of the camera, which sets the
    perspective."""

    size_px: int = 256
    face_width: float = 0.62
    distance_cm: float = 70.0


def view_matrices(pose: Pose, view: View) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rotation (3, 3) of the head and the full matrix (4, 4) from model centimetres to clip space, y down."""
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    turn_z = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    rotation = turn_z @ turn_x @ turn_y
    model = np.eye(4)
    model[:3, :3] = rotation
    model[:3, 3] = _PIVOT - rotation @ _PIVOT
    near, far = 10.0, view.distance_cm + 40.0
    zoom = 2 * view.face_width * pose.scale / _FACE_WIDTH_CM * view.distance_cm
    project = np.zeros((4, 4))
    project[0, 0], project[1, 1] = zoom, -zoom
    depth = view.distance_cm + _FACE_PLANE_CM  # of the model's origin
    project[2, 2], project[2, 3] = -(far + near) / (far - near), (far + near) / (far - near) * depth
    project[2, 3] -= 2 * far * near / (far - near)
    project[3, 2], project[3, 3] = -1.0, depth
    shift = np.eye(4)
    shift[0, 3], shift[1, 3] = 2 * pose.shift_x, 2 * pose.shift_y
    centre = np.eye(4)
    centre[1, 3] = -1.0  # the middle of the face, not of the model, is in the middle of the image
    return rotation, shift @ project @ model @ centre


def project(positions: NDArray[np.floating], pose: Pose, view: View) -> NDArray[np.float64]:
    """Pixel coordinates (V, 2) of positions (V, 3); (0, 0) is the centre of the top left pixel."""
    _, matrix = view_matrices(pose, view)
    clip = np.c_[positions, np.ones(len(positions))] @ matrix.T
    return np.asarray((clip[:, :2] / clip[:, 3:] + 1) * view.size_px / 2 - 0.5)


class Puppet:
    """One person's mesh and how it moves: positions and normals linear in the weights of ``fields`` (F, V, 3)."""

    def __init__(self, kit: FaceKit, identity: NDArray[np.floating], fields: Floats) -> None:
        self._base = identity_mesh(kit, identity)
        normals = vertex_normals(self._base, kit.triangles)
        step = np.float32(0.3)
        turned = np.array([vertex_normals(self._base + step * field, kit.triangles) for field in fields])
        turned = turned.reshape(fields.shape)
        self._rest = np.concatenate([self._base, normals], axis=1).ravel()
        self._fields = np.concatenate([fields, (turned - normals) / step], axis=2).reshape(len(fields), -1)

    def at(self, weights: NDArray[np.floating]) -> Floats:
        """Positions and normals (V, 6), float32, for weights (F,)."""
        active = np.flatnonzero(np.abs(weights) > 1e-5)
        moved = (
            self._rest if not len(active) else self._rest + weights[active].astype(np.float32) @ self._fields[active]
        )
        return moved.reshape(-1, 6)


def open_context() -> Any:
    """An off-screen OpenGL context; raises SetupError naming what to install."""
    try:
        import moderngl  # noqa: PLC0415 an extra: only those who render need it
    except ImportError as error:
        raise SetupError("Rendering clips needs moderngl: run `pip install microexpr[render]`.") from error
    create: Any = moderngl.create_context  # its annotations deny the backend argument
    linux = sys.platform.startswith("linux")
    try:
        if linux:
            return create(standalone=True, require=330, backend="egl")
        return create(standalone=True, require=330)
    except Exception as error:  # moderngl raises bare Exception
        fix = "`apt-get install libegl1 libgl1-mesa-dri`" if linux else "a graphics driver with OpenGL 3.3"
        raise SetupError(f"No OpenGL 3.3 context ({error}): install {fix}.") from error


class Renderer:
    """Draws one kit; a context manager, not to be shared between threads.

    Pictures are drawn at ``inner_px`` and averaged down to ``View.size_px``.
    """

    def __init__(self, kit: FaceKit, inner_px: int = 384) -> None:
        self._ctx = open_context()
        self._inner = inner_px
        shaders = files("recognizer.synthetic").joinpath("shaders.toml").read_text(encoding="utf-8")
        source = tomllib.loads(shaders)
        self._face = self._ctx.program(**source["face"])
        self._wall = self._ctx.program(**source["wall"])
        self._build_buffers(kit)
        self._build_target()

    def _build_buffers(self, kit: FaceKit) -> None:
        coordinates = np.clip(texture_coordinates(kit.neutral), 0.002, 0.997) * [1.0, SKIN_SHARE]
        for eye in (Part.EYE_LEFT, Part.EYE_RIGHT):
            ball = kit.part == eye
            if ball.any():
                points = kit.neutral[ball]
                middle = 0.5 * (points.min(0) + points.max(0))
                radius = 0.5 * (points[:, 0].max() - points[:, 0].min())
                coordinates[ball] = (points - middle)[:, :2] / radius
        fixed = np.c_[coordinates, kit.part].astype(np.float32)
        self._moving = self._ctx.buffer(reserve=len(kit.neutral) * 24, dynamic=True)
        layout = [
            (self._moving, "3f 3f", "in_position", "in_normal"),
            (self._ctx.buffer(fixed.tobytes()), "3f", "in_skin"),
        ]
        self._mesh = self._ctx.vertex_array(self._face, layout, self._ctx.buffer(kit.triangles.tobytes()))
        corners = np.array([-1, -1, 1, -1, -1, 1, 1, 1], np.float32)
        self._screen = self._ctx.vertex_array(self._wall, [(self._ctx.buffer(corners.tobytes()), "2f", "in_corner")])

    def _build_target(self) -> None:
        # Larger than the picture and averaged down: Mesa's software multisampling costs five times as much.
        shape = (self._inner, self._inner)
        self._draw = self._ctx.framebuffer([self._ctx.renderbuffer(shape, 4)], self._ctx.depth_renderbuffer(shape))
        self._textures: list[Any] = []

    def dress(self, appearance: Appearance) -> None:
        """Use this appearance from now on."""
        for texture in self._textures:
            texture.release()
        self._textures = [self._texture(appearance.texture), self._texture(appearance.background)]
        lights = appearance.lights
        values = {
            "ambient": lights.ambient,
            "gloss": appearance.gloss,
            "eye_tile": EYE_TILE,
            "mouth_tile": MOUTH_TILE,
            "teeth_tile": TEETH_TILE,
        }
        for name, value in values.items():
            self._face[name].value = value
        self._face["light_direction"].write(lights.directions.astype("f4").tobytes())
        self._face["light_colour"].write(lights.colours.astype("f4").tobytes())

    def _texture(self, image: Image) -> Any:
        height, width = image.shape[:2]
        # No mipmaps: the texture is about as fine as the picture, and mipmapping doubles the time per frame.
        return self._ctx.texture((width, height), 3, np.ascontiguousarray(image).tobytes(), alignment=1)

    def draw(self, vertices: Floats, pose: Pose, view: View, gaze: tuple[float, float] = (0.0, 0.0)) -> Image:
        """One frame (size_px, size_px, 3) uint8 RGB; ``vertices`` (V, 6) from Puppet.at; ``gaze`` degrees right, up."""
        rotation, matrix = view_matrices(pose, view)
        self._moving.write(np.ascontiguousarray(vertices, np.float32).tobytes())
        self._face["matrix"].write(matrix.T.astype("f4").tobytes())
        self._face["turn"].write(rotation.T.astype("f4").tobytes())
        self._face["gaze"].value = (float(np.sin(np.radians(gaze[0]))), float(np.sin(np.radians(gaze[1]))))
        self._draw.use()
        self._draw.clear()
        self._ctx.disable(self._ctx.DEPTH_TEST | self._ctx.CULL_FACE)
        self._textures[1].use(0)
        self._screen.render(self._ctx.TRIANGLE_STRIP)
        self._ctx.enable(self._ctx.DEPTH_TEST | self._ctx.CULL_FACE)
        self._ctx.front_face = "cw"  # y runs down, so triangles that face the camera run the other way round
        self._textures[0].use(0)
        self._mesh.render()
        data = self._draw.read(components=3, alignment=1)
        image = np.frombuffer(data, np.uint8).reshape(self._inner, self._inner, 3)
        return np.asarray(cv2.resize(image, (view.size_px, view.size_px), interpolation=cv2.INTER_AREA))

    def close(self) -> None:
        self._ctx.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
