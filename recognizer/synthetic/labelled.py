"""Rendered samples: one micro-expression a clip, cut from onset to offset as the label sheets of real sets are.

The synthetic benchmark of ``docs/evaluation.md`` consists of these. Each person has a face, a skin and a texture drawn
for them alone, and none is one of those that training clips (``record``) are rendered from.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError, NoFaceError
from curves.values import DEFAULT_AUS, Emotion
from recognizer.face.clip import FaceClip, follow_face
from recognizer.face.motion import GRID, motion_from_neutral
from recognizer.samples import Sample, save_sample
from recognizer.synthetic.generate import RenderedClip, Studio
from recognizer.synthetic.record import as_video, render_all
from recognizer.synthetic.scenario import SceneSettings

#: Identities and clips start here, a million a seed: training clips count from 0 and never come so far.
_FIRST = 1_000_000_000
_A_SEED = 1_000_000
_LEAST_FRAMES = 4
_SETTINGS = "render.json"


def _lab_scene() -> SceneSettings:
    """A laboratory: one event, no speech, no other expression; heads that move a little and blink; a high rate,
    and a good camera in two of three recordings."""
    return SceneSettings(
        duration_s=(0.95, 1.05),
        events=(0.0, 1.0, 0.0),
        uniform_aus=0.0,
        macro=0.0,
        speech=0.0,
        distraction=0.6,
        camera_noise=0.35,
        reduction=(0.7, 1.0),
        fps=(60.0,),
        fps_weight=(1.0,),
        variable_rate=0.0,
    )


@dataclass(frozen=True, slots=True)
class SampleSettings:
    """``clips`` of ``people``, as many of each as can be. ``seed`` decides who they are and what they do."""

    clips: int = 1200
    people: int = 300
    seed: int = 1
    workers: int = 1
    scene: SceneSettings = field(default_factory=_lab_scene)

    def __post_init__(self) -> None:
        if not 1 <= self.people <= self.clips <= _A_SEED:
            raise ValueError(f"samples: expected 1 <= people <= clips <= {_A_SEED}, got {self.people}, {self.clips}")
        if self.seed < 0 or self.workers < 1:
            raise ValueError(f"samples: expected seed >= 0 and workers >= 1, got {self.seed}, {self.workers}")

    def person(self, clip: int) -> int:
        """Who plays a clip."""
        return clip * self.people // self.clips


def record_samples(kit: Path, out: Path, settings: SampleSettings, progress: Callable[[int, int], None]) -> int:
    """Renders and measures samples into ``out`` as ``sample-<n>.safetensors``; returns how many are there in the end.

    ``kit``: folder of ICT-FaceKit's arrays. Resumable: what exists is kept. A clip whose face cannot be followed is
    left out (the return value tells). Raises InputError (no such kit, or samples of other settings lie in ``out``),
    SetupError (no OpenGL), MicroExprError (a process was ended from outside).
    """
    out.mkdir(parents=True, exist_ok=True)
    _refuse_other_settings(out, settings)
    missing = [clip for clip in range(settings.clips) if not _path(out, clip).exists()]
    present = settings.clips - len(missing)
    progress(present, settings.clips)
    record = partial(_record, out, settings)
    render_all(kit, settings.workers, record, missing, lambda n: progress(present + n, settings.clips))
    return len(list(out.glob("sample-*.safetensors")))


def _refuse_other_settings(out: Path, settings: SampleSettings) -> None:
    """InputError where ``out`` holds samples that other settings drew; else the settings are written there."""
    values = {name: value for name, value in asdict(settings).items() if name != "workers"}
    text = json.dumps(values, indent=1)
    path = out / _SETTINGS
    begun = path.is_file() and any(out.glob("sample-*.safetensors"))
    if begun and json.loads(path.read_text(encoding="utf-8")) != json.loads(text):
        raise InputError(f"{out} holds samples rendered with other settings ({_SETTINGS}): name another folder.")
    path.write_text(text + "\n", encoding="utf-8")


def _path(out: Path, clip: int) -> Path:
    return out / f"sample-{clip:06d}.safetensors"


def _record(out: Path, settings: SampleSettings, studio: Studio, clip: int) -> None:
    first = _FIRST + settings.seed * _A_SEED
    rendered = studio.clip(first + clip, settings.scene, identity_seed=first + settings.person(clip))
    sample = labelled_sample(rendered, f"sample-{clip:06d}", f"synthetic-{settings.person(clip)}")
    if sample is not None:
        save_sample(sample, _path(out, clip))


def labelled_sample(rendered: RenderedClip, name: str, subject: str) -> Sample | None:
    """The one event of a rendered clip as a sample of the set ``synthetic``; None where the face is lost in it.

    The face is followed through the whole recording, as a set's long video would allow; crops and flow are those from
    the last frame before the onset (flow is measured from it) to the first after the offset. ``aus``: those that the
    script moves. Raises ValueError unless the clip has exactly one event.
    """
    truth = rendered.truth
    if len(truth.onset_apex_offset) != 1:
        raise ValueError(f"clip {name}: expected one event, got {len(truth.onset_apex_offset)}")
    onset_s, apex_s, offset_s = (float(value) for value in truth.onset_apex_offset[0])
    moved = truth.event_au[0].max(axis=1) > 0.0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            face = follow_face(as_video(rendered), Path(folder), progress=lambda _: None)
        except NoFaceError:
            return None
        part = _event_part(face, onset_s, offset_s)
        if part is None:
            return None
        times = face.times_s[part]
        cut = _cut(face, part)
        flow = np.zeros((len(times), 2, GRID, GRID), np.float16)
        motion_from_neutral(cut, 0, flow, threads=1)
        return Sample(
            clip=name,
            dataset="synthetic",
            subject=subject,
            emotion=list(Emotion)[int(truth.event_emotion[0])].value,
            aus=frozenset(au for au, present in zip(DEFAULT_AUS, moved, strict=True) if present),
            times_s=times - times[0],
            apex=int(np.abs(times - apex_s).argmin()),
            flow=flow,
            crops=np.array(cut.crops),
        )


def _event_part(face: FaceClip, onset_s: float, offset_s: float) -> slice | None:
    """The frames from onset to offset, if the face was followed through all of them."""
    first = max(0, int(np.searchsorted(face.times_s, onset_s, side="right")) - 1)
    stop = min(len(face.times_s), int(np.searchsorted(face.times_s, offset_s)) + 1)
    whole = any(run.start <= first and stop <= run.stop for run in face.runs)
    return slice(first, stop) if whole and stop - first >= _LEAST_FRAMES else None


def _cut(face: FaceClip, part: slice) -> FaceClip:
    """``face`` with the frames of ``part`` only."""

    def of(rows: NDArray[Any]) -> NDArray[Any]:
        return np.array(rows[part])

    return replace(
        face,
        times_s=of(face.times_s),
        crops=of(face.crops),
        expressions=of(face.expressions),
        openness=of(face.openness),
        looked=of(face.looked),
        cameras=of(face.cameras),
        runs=(slice(0, part.stop - part.start),),
        no_face=(),
    )


__all__ = ["SampleSettings", "labelled_sample", "record_samples"]
