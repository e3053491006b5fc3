"""Rendered clips with known truth: the door of this package."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from curves.values import DEFAULT_AUS
from recognizer.synthetic import render
from recognizer.synthetic.actions import DISTRACTORS, action_basis, distractor_basis, personal_basis, visible_strength
from recognizer.synthetic.appearance import Appearance, draw_appearance
from recognizer.synthetic.camera import Camera, compress, draw_camera, expose
from recognizer.synthetic.facekit import FaceKit, Floats
from recognizer.synthetic.priors import load_priors
from recognizer.synthetic.render import Pose, Puppet, Renderer, View
from recognizer.synthetic.scenario import SceneSettings, Script, draw_script

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known of a clip of N frames and E events. AUs in ``values.DEFAULT_AUS`` order, sides left, right (the
    subject's), emotions as positions in ``values.Emotion``.

    ``times_s`` (N,) f64 from 0; ``intensity`` (N, 19, 2) f32 0..1; ``intensity_known`` (N, 19) f32, 0 where speech
    hides the mouth's truth; ``onset_apex_offset`` (E, 3) f64 seconds, in time order; ``event_emotion`` (E,) i64;
    ``event_au`` (E, 19, 2) f32 peaks; ``identity`` names the person.
    """

    times_s: NDArray[np.float64]
    intensity: Floats
    intensity_known: Floats
    onset_apex_offset: NDArray[np.float64]
    event_emotion: NDArray[np.int64]
    event_au: Floats
    identity: str


@dataclass(frozen=True, slots=True, eq=False)
class RenderedClip:
    """``frames``: an iterator, to be read once, of (S, S, 3) uint8 RGB, S up to size_px; one for each time."""

    frames: Iterator[Image]
    truth: Truth
    fps: float


@dataclass(frozen=True, slots=True, eq=False)
class RenderedSequence:
    """A clean sequence: ``frames`` (N, S, S, 3) uint8; ``points`` (N, P, 2) pixels of the vertices asked for."""

    frames: Image
    points: NDArray[np.float64]


class Studio:
    """Renders many clips of one kit with one OpenGL context; a context manager, one a process or thread."""

    def __init__(self, kit: FaceKit, inner_px: int = 384) -> None:
        self._kit = kit
        self._actions = action_basis(kit)
        self._others = distractor_basis(kit)
        self._strength = visible_strength(kit, self._actions)
        self._renderer = Renderer(kit, inner_px)

    def __enter__(self) -> "Studio":
        return self

    def __exit__(self, *exc: object) -> None:
        self._renderer.close()

    def clip(
        self, seed: int, settings: SceneSettings | None = None, *, identity_seed: int | None = None
    ) -> RenderedClip:
        """The clip of ``seed``: the same seed and settings give the same clip. ``identity_seed`` (default ``seed``)
        sets face, skin and the way its muscles pull, so that persons can be kept apart in training and test.

        Frames are drawn as the iterator is read; read it before the next clip is asked for.
        """
        settings = settings or SceneSettings()
        script = draw_script(np.random.default_rng([seed, 1]), settings, load_priors(), self._strength)
        rng = np.random.default_rng([seed, 2])
        camera = draw_camera(rng) if rng.random() < settings.camera_noise else Camera()
        view = View(settings.size_px, float(rng.uniform(0.55, 0.74)), float(rng.uniform(45, 140)))
        person = seed if identity_seed is None else identity_seed
        fps = float(1.0 / np.median(np.diff(script.times_s)))
        part = float(np.exp(np.random.default_rng([seed, 3]).uniform(*np.log(settings.reduction))))
        frames = _reduced(self._draw(script, person, view), 2 * round(part * settings.size_px / 2))
        frames = compress(expose(frames, script.distraction.light, camera, rng), camera, fps)
        return RenderedClip(frames, _truth(script, person), fps)

    def _draw(self, script: Script, person: int, view: View) -> Iterator[Image]:
        rng = np.random.default_rng([person, 0])
        self._renderer.dress(appearance := draw_appearance(self._kit, rng))
        fields = np.concatenate([personal_basis(self._kit, self._actions, rng), self._others])
        moving = script.distraction
        weights = np.concatenate([script.intensity().reshape(len(script.times_s), -1), moving.weights], axis=1)
        used = weights.any(0)  # normals of shapes that never move need not be worked out
        puppet = Puppet(self._kit, appearance.identity, fields[used])
        for row, pose, gaze in zip(weights[:, used], moving.poses, moving.gaze, strict=True):
            yield self._renderer.draw(puppet.at(row), pose, view, (float(gaze[0]), float(gaze[1])))

    def sequence(
        self,
        appearance_seed: int,
        intensity: NDArray[np.floating],
        poses: Sequence[Pose],
        *,
        view: View | None = None,
        vertices: Sequence[int] = (),
        appearance: Appearance | None = None,
    ) -> RenderedSequence:
        """Exactly what is asked, without noise: ``intensity`` (N, 19, 2), ``poses`` N. The ground truth of tests.

        AUs move by the plain table, not a person's variant. Raises ValueError unless both have the same N.
        """
        expected = (len(poses), len(DEFAULT_AUS), 2)
        if np.shape(intensity) != expected:
            raise ValueError(f"intensity: expected shape {expected}, got {np.shape(intensity)}")
        view = view or View()
        appearance = appearance or draw_appearance(self._kit, np.random.default_rng([appearance_seed, 0]))
        self._renderer.dress(appearance)
        puppet = Puppet(self._kit, appearance.identity, self._actions)
        frames, points = [], []
        for weights, pose in zip(np.asarray(intensity).reshape(len(poses), -1), poses, strict=True):
            mesh = puppet.at(weights)
            frames.append(self._renderer.draw(mesh, pose, view))
            points.append(render.project(mesh[list(vertices), :3], pose, view))
        return RenderedSequence(np.stack(frames), np.stack(points))


def _reduced(frames: Iterator[Image], side: int) -> Iterator[Image]:
    """Square pictures averaged down to ``side`` pixels (even: codecs halve the colour planes)."""
    for frame in frames:
        yield frame if len(frame) == side else cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)


def generate_clip(kit: FaceKit, seed: int, settings: SceneSettings | None = None) -> RenderedClip:
    """One clip with a studio of its own; for many clips keep a ``Studio`` open."""
    studio = Studio(kit)
    clip = studio.clip(seed, settings)

    def frames() -> Iterator[Image]:
        with studio:
            yield from clip.frames

    return replace(clip, frames=frames())


def render_sequence(
    kit: FaceKit,
    appearance_seed: int,
    intensity: NDArray[np.floating],
    poses: Sequence[Pose],
    *,
    view: View | None = None,
    vertices: Sequence[int] = (),
) -> RenderedSequence:
    """``Studio.sequence`` with a studio of its own."""
    with Studio(kit) as studio:
        return studio.sequence(appearance_seed, intensity, poses, view=view, vertices=vertices)


def _truth(script: Script, person: int) -> Truth:
    events = script.events
    return Truth(
        times_s=script.times_s,
        intensity=script.intensity(),
        intensity_known=script.intensity_known(),
        onset_apex_offset=np.array([(e.onset_s, e.apex_s, e.offset_s) for e in events]).reshape(-1, 3),
        event_emotion=np.array([e.emotion for e in events], np.int64),
        event_au=np.array([e.peaks for e in events], np.float32).reshape(-1, len(DEFAULT_AUS), 2),
        identity=f"synthetic-{person}",
    )


__all__ = [
    "DISTRACTORS",
    "RenderedClip",
    "RenderedSequence",
    "SceneSettings",
    "Studio",
    "Truth",
    "generate_clip",
    "render_sequence",
]
