"""The main job: a face video in, a Take out. Analyse, build curves, say where they came from."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from curves.build import KeySettings, build_curves
from curves.emotion import strongest_emotion
from curves.errors import InputError
from curves.modulate import Modulation, draw_intensity
from curves.rigs import load_rig
from curves.values import BasicEmotion, Event, Interval, RichCurve, Take, TangentMode
from microexpr.config import AUTO_EMOTION, DRAW_INTENSITY, NO_EMOTION, ConvertConfig
from microexpr.version import __version__
from recognizer.analysis import Analysis, AnalysisSettings, Model, Progress, analyse
from recognizer.digests import file_sha256
from recognizer.video import source_sha256

SYNTHETIC_MEDIA = (
    "Synthetic media: these curves are derived from a video of a person by machine. A digital human animated with "
    "them should be labelled as synthetic media, and the person filmed should have agreed."
)

Analyse = Callable[[Path, Model, AnalysisSettings, Progress], Analysis]


def convert(path: Path, model: Model, config: ConvertConfig, progress: Progress, analyse: Analyse = analyse) -> Take:
    """One video to one Take. Raises MicroExprError: the video, the face, the rig or a setting cannot be used.

    ``progress`` hears (stage, done, total or None). ``analyse`` is an argument so that a service or a test can bring
    its own.
    """
    rig = load_rig(config.rig)
    provenance = identity(path, model, config)

    analysis = analyse(path, model, analysis_settings(config), progress)

    events = tuple(_with_face(event, analysis) for event in analysis.events)
    modulation, modulation_notes = choose_modulation(events, config, seed=_own_seed(config, provenance))
    progress("curves", 0, None)
    keys = KeySettings(mode=config.keys, tolerance=config.tolerance)
    curves = build_curves(
        analysis.tracks, rig, modulation, keys, duration_s=analysis.duration_s, no_face=analysis.no_face
    )

    seen = {track.au for track in analysis.tracks}
    notes = [*analysis.notes, *rig.notes(seen), *modulation_notes, *_sharp_notes(curves, config)]
    return Take(
        frame_rate=analysis.info.frame_rate,
        duration_s=analysis.duration_s,
        events=events,
        tracks=analysis.tracks,
        curves=curves,
        no_face=analysis.no_face,
        start_timecode=analysis.info.start_timecode,
        provenance={
            "version": __version__,
            **provenance,
            "analysed_s": _analysed(config, analysis.duration_s),
            "analysis": dict(analysis.provenance),
            "notes": notes,
            "synthetic_media": SYNTHETIC_MEDIA,
        },
    )


def _with_face(event: Event, analysis: Analysis) -> Event:
    """The event within the stretch with a face that holds its apex: a mean of window ends may leave it by rounding.

    An event whose apex lies in no such stretch is none that analysis may give; it stays, and the format refuses it.
    """
    start = max((gap.end_s for gap in analysis.no_face if gap.end_s <= event.apex_s), default=0.0)
    end = min((gap.start_s for gap in analysis.no_face if gap.start_s > event.apex_s), default=analysis.duration_s)
    onset, offset = max(event.onset_s, start), min(event.offset_s, end)
    return replace(event, onset_s=onset, offset_s=offset) if onset <= event.apex_s <= offset else event


def _analysed(config: ConvertConfig, duration_s: float) -> list[float]:
    """[start, end) in seconds of the part that was looked at; of what lies outside, the take knows nothing."""
    return [config.start or 0.0, duration_s if config.end is None else min(config.end, duration_s)]


def _sharp_notes(curves: Sequence[RichCurve], config: ConvertConfig) -> tuple[str, ...]:
    """Names the curves that auto keys could not follow and that have exact ones instead (see ``build_curves``)."""
    if config.keys != "auto":
        return ()
    sharp = [c.name for c in curves if any(key.tangent_mode is not TangentMode.RCTM_Auto for key in c.keys)]
    return (f"Too sharp for auto keys, so with exact ones: {', '.join(sharp)}.",) if sharp else ()


def identity(path: Path, model: Model, config: ConvertConfig) -> dict[str, Any]:
    """The provenance entries that decide a take: source, weights, settings, and the user's own rig file if any.

    The program's version is no part of it: a finished folder stays finished after an update. Raises InputError: there
    is no such path.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path.")
    entries: dict[str, Any] = {
        "weights_sha256": model.sha256,
        "config": config.resolved(),
        "source": {"name": path.resolve().name, "sha256": source_sha256(path)},
    }
    if (rig_file := Path(config.rig)).is_file():
        entries["rig_sha256"] = file_sha256(rig_file)
    return entries


def analysis_settings(config: ConvertConfig) -> AnalysisSettings:
    return AnalysisSettings(
        start_s=config.start,
        end_s=config.end,
        fps=config.fps,
        face=config.face,
        neutral=None if config.neutral is None else Interval(*config.neutral),
        exhaustive=config.exhaustive,
    )


def choose_modulation(
    events: Sequence[Event], config: ConvertConfig, *, seed: int
) -> tuple[Modulation, tuple[str, ...]]:
    """m_e and i_v of SPEC 4 for a take, and a note for each that was not simply given."""
    notes = []
    emotion = None if config.emotion in (NO_EMOTION, AUTO_EMOTION) else BasicEmotion(config.emotion)
    if config.emotion == AUTO_EMOTION:
        emotion = strongest_emotion(events)
        notes.append(f"Emotion chosen from the events: {emotion.value if emotion else 'none, no event was found'}.")
    if config.intensity == DRAW_INTENSITY:
        intensity = draw_intensity(seed)
        notes.append(f"Intensity drawn with seed {config.seed} for this source: {intensity:.3f}.")
    else:
        intensity = float(config.intensity)
    return Modulation(emotion=emotion, intensity=intensity, gain=config.gain), tuple(notes)


def _own_seed(config: ConvertConfig, provenance: dict[str, Any]) -> int:
    """The seed mixed with the source's digest: videos of a folder draw apart, whatever their order."""
    return config.seed ^ int(provenance["source"]["sha256"][:8], 16)
