"""Import takes of micro-expression curves in the Unreal editor, without any C++ of the plugin.

    import microexpr_import
    microexpr_import.import_animation("D:/takes/talk.take.json", "/Game/Face/Face_Skeleton")
    microexpr_import.import_curve_table("D:/takes/talk.take.json")

or in the editor's console: py microexpr_import.py D:/takes/talk.take.json --skeleton /Game/Face/Face_Skeleton

An animation gets the take's keys with explicit tangents: an AnimSequence would recompute automatic ones by Sequencer's
rule, which gives another shape. A curve table gets samples, since Unreal's CSV has no tangents. Existing assets are
never overwritten unless `replace` says so. Every refusal is one sentence (TakeImportError).

Checked against the names and signatures of Unreal 5.6's Python API; not run in an editor.
"""

from __future__ import annotations

import argparse
import math
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import microexpr_take as takes
import unreal
from microexpr_take import TakeImportError

FOLDER = "/Game/MicroExpression"
#: Keys closer than this are one key to Unreal (UE_KINDA_SMALL_NUMBER).
CLOSEST_S = 1e-4
_FORBIDDEN = re.compile(r"[^0-9A-Za-z_-]")


def import_animation(
    path: str | Path, skeleton: str, folder: str = FOLDER, name: str | None = None, replace: bool = False
) -> str:
    """Make an AnimSequence of a `.take.json`, one float curve a control; returns the asset's path.

    `skeleton` is the path of the Skeleton that the curves are for. `replace`: a sequence of that name that holds
    nothing but curves gets the take's curves instead of its own, as one step of undo. Raises TakeImportError.
    """
    take = takes.read_take(path)
    keys = {control: _explicit(control, found) for control, found in take.curves.items()}
    _refuse_lost_tangents()
    target, asset_name = _target(folder, name or take.name)
    bones = _loaded(skeleton, unreal.Skeleton, "a Skeleton")
    old = _existing(f"{target}/{asset_name}", unreal.AnimSequence, replace)
    if old is not None:
        _refuse_unlike(old, bones, f"{target}/{asset_name}")
    sequence = old or _new_sequence(target, asset_name, bones)
    try:
        _write(sequence, take, keys, transact=old is not None)
    except BaseException:
        if old is None:
            _assets().delete_asset(f"{target}/{asset_name}")
        raise
    _save(sequence, f"{target}/{asset_name}")
    return f"{target}/{asset_name}"


def import_curve_table(path: str | Path, folder: str = FOLDER, name: str | None = None, replace: bool = False) -> str:
    """Make a CurveTable of a `.take.json` (sampled, linear) or of a CurveTable CSV; returns the asset's path.

    Raises TakeImportError.
    """
    if str(path).lower().endswith(".csv"):
        text, stem = takes.read_text(path), re.sub(r"(?i)(\.curvetable)?\.csv$", "", Path(path).name)
    else:
        take = takes.read_take(path)
        text, stem = takes.curve_table_text(take), take.name
    takes.check_curve_table(text, str(path))
    target, asset_name = _target(folder, name or stem)
    _existing(f"{target}/{asset_name}", unreal.CurveTable, replace)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / f"{asset_name}.csv"
        file.write_bytes(text.encode())
        made = _run_import(file, target, asset_name)
    if not any(isinstance(item, unreal.CurveTable) for item in made):
        raise TakeImportError(f"The editor made no curve table of {path}; its output log says why.")
    return f"{target}/{asset_name}"


def _run_import(file: Path, folder: str, name: str) -> Sequence[unreal.Object]:
    settings = unreal.CSVImportSettings()
    settings.import_type = unreal.CSVImportType.ECSV_CURVE_TABLE
    settings.import_curve_interp_mode = unreal.RichCurveInterpMode.RCIM_LINEAR
    factory = unreal.CSVImportFactory()
    factory.automated_import_settings = settings
    task = unreal.AssetImportTask()
    task.filename = str(file)
    task.destination_path = folder
    task.destination_name = name
    task.factory = factory
    task.automated = True  # no dialogs
    task.replace_existing = True  # what may not be replaced was refused before
    task.save = True
    unreal.AssetToolsHelpers.get_asset_tools().import_asset_tasks([task])
    return task.get_objects()


def _assets() -> unreal.EditorAssetSubsystem:
    return unreal.get_editor_subsystem(unreal.EditorAssetSubsystem)


def _target(folder: str, name: str) -> tuple[str, str]:
    """Folder and asset name as Unreal wants them; what it forbids in a name becomes _."""
    folder = folder.rstrip("/")
    parts = folder.split("/")
    if len(parts) < 2 or parts[0] or any(not part or _FORBIDDEN.search(part) for part in parts[1:]):
        raise TakeImportError(f"{folder!r} is no content folder; name one such as {FOLDER}.")
    return folder, _FORBIDDEN.sub("_", name)


def _loaded(path: str, kind: type, what: str) -> unreal.Object:
    asset = _assets().load_asset(path) if _assets().does_asset_exist(path) else None
    if not isinstance(asset, kind):
        raise TakeImportError(f"{path!r} is not {what}; copy its reference in the content browser and name that.")
    return asset


def _existing(path: str, kind: type, replace: bool) -> unreal.Object | None:
    if not _assets().does_asset_exist(path):
        return None
    if not replace:
        raise TakeImportError(f"{path} exists already; give another name, or replace=True (--replace) to overwrite it.")
    asset = _assets().load_asset(path)
    if not isinstance(asset, kind):
        raise TakeImportError(f"{path} exists and is no {kind.__name__}; give another name.")
    return asset


def _refuse_unlike(sequence: unreal.AnimSequence, skeleton: unreal.Skeleton, path: str) -> None:
    """Only what this importer could have made may be replaced: a body's animation would be cut to the take's length."""
    if sequence.get_skeleton() != skeleton:
        raise TakeImportError(f"{path} is for another skeleton; give another name.")
    if sequence.controller.get_model_interface().get_num_bone_tracks():
        raise TakeImportError(f"{path} animates bones, which replacing it would cut; give another name.")


def _new_sequence(folder: str, name: str, skeleton: unreal.Skeleton) -> unreal.AnimSequence:
    factory = unreal.AnimSequenceFactory()
    factory.target_skeleton = skeleton
    tools = unreal.AssetToolsHelpers.get_asset_tools()
    sequence = tools.create_asset(name, folder, unreal.AnimSequence, factory)
    if sequence is None:
        raise TakeImportError(f"The editor could not make {folder}/{name}; its output log says why.")
    return sequence


def _explicit(control: str, keys: Sequence[takes.Key]) -> list[unreal.RichCurveKey]:
    """Keys with explicit tangents; refuses what an animation cannot hold. A curve without keys rests at 0."""
    found = takes.with_tangents(tuple(keys)) or (takes.Key(0.0, 0.0, takes.LINEAR, "RCTM_User", 0.0, 0.0),)
    if found[0].time < 0:
        raise TakeImportError(
            f"{control} has a key before 0 s, where an animation begins; import the curve table instead."
        )
    for earlier, later in zip(found, found[1:]):
        if later.time - earlier.time < CLOSEST_S:
            raise TakeImportError(
                f"{control} has two keys at {later.time:g} s, which an animation keeps one of; import the curve table."
            )
    return [_engine_key(key) for key in found]


def _engine_key(key: takes.Key) -> unreal.RichCurveKey:
    """Python sees no tangents of a RichCurveKey, but its text import does."""
    interp = takes.CUBIC if key.interp == "RCIM_None" else key.interp  # evaluated alike
    tangent = "RCTM_User" if key.arrive == key.leave else "RCTM_Break"
    numbers = (
        ("Time", key.time), ("Value", key.value), ("ArriveTangent", key.arrive), ("LeaveTangent", key.leave),
    )  # fmt: skip
    # Plain digits: whether the text import reads exponents is not known.
    fields = ",".join(f"{field}={takes.float32(value):.9f}" for field, value in numbers)
    result = unreal.RichCurveKey()
    text = f"(InterpMode={interp},TangentMode={tangent},{fields})"
    if not result.import_text(text):
        raise TakeImportError(f"This editor does not read keys as text ({text}); import the curve table instead.")
    return result


def _refuse_lost_tangents() -> None:
    """Say so, before anything is made, if this editor's text import leaves tangents out."""
    probe = _engine_key(takes.Key(0.25, 0.5, takes.CUBIC, "RCTM_Break", 1.5, -2.25))
    text = probe.export_text()
    for field, value in (("ArriveTangent", 1.5), ("LeaveTangent", -2.25)):
        found = re.search(rf"\b{field}=([-+0-9.eE]+)", text)
        if found is None or not math.isclose(float(found[1]), value, abs_tol=1e-5):
            raise TakeImportError("This editor loses tangents of keys read as text; import the curve table instead.")


def _write(
    sequence: unreal.AnimSequence, take: takes.Take, keys: dict[str, list[unreal.RichCurveKey]], transact: bool
) -> None:
    """Length, rate and curves of the sequence, in one bracket: one notification, and one step of undo if asked for."""
    numerator, denominator = take.rate
    frames = max(1, math.ceil(take.end_s * numerator / denominator - 1e-6))  # every key lies within the play length
    controller = sequence.controller
    with _bracket(controller, f"Import {take.name}", transact), _progress(len(keys), take.name) as task:
        if transact:
            controller.remove_all_curves_of_type(unreal.RawCurveTrackTypes.RCT_FLOAT, transact)
        controller.set_frame_rate(unreal.FrameRate(numerator, denominator), transact)
        controller.set_number_of_frames(unreal.FrameNumber(frames), transact)
        for control, found in keys.items():
            if task.should_cancel():
                raise TakeImportError(f"The import of {take.name} was cancelled{_undo_hint(transact)}.")
            task.enter_progress_frame(1.0, control)
            identifier = unreal.AnimationCurveIdentifier()
            identifier.set_curve_identifier(control, unreal.RawCurveTrackTypes.RCT_FLOAT)
            added = controller.add_curve(identifier, should_transact=transact)
            if not (added and controller.set_curve_keys(identifier, found, transact)):
                raise TakeImportError(f"The editor refused the curve {control}{_undo_hint(transact)}.")


def _undo_hint(transact: bool) -> str:
    return "; undo brings the old curves back" if transact else "; nothing was kept"


@contextmanager
def _bracket(controller: unreal.AnimationDataController, title: str, transact: bool) -> Iterator[None]:
    controller.open_bracket(title, transact)
    try:
        yield
    finally:
        controller.close_bracket(transact)


@contextmanager
def _progress(steps: int, name: str) -> Iterator[unreal.ScopedSlowTask]:
    with unreal.ScopedSlowTask(float(steps), f"Importing {name}") as task:
        task.make_dialog(True)
        yield task


def _save(asset: unreal.Object, path: str) -> None:
    if not _assets().save_loaded_asset(asset, False):
        raise TakeImportError(
            f"{path} was made but could not be saved; check the file out, then save it in the editor."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0, or 1 with one line in the log for each file that failed."""
    parser = argparse.ArgumentParser(
        prog="microexpr_import.py", description="Import takes as animations or curve tables."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help=".take.json, or .csv of a curve table")
    parser.add_argument("--skeleton", help="path of the Skeleton: makes animations; without it, curve tables")
    parser.add_argument("--folder", default=FOLDER, help="content folder (default: %(default)s)")
    parser.add_argument("--replace", action="store_true", help="overwrite assets of the same name")
    options = parser.parse_args(arguments)
    failed = 0
    for file in options.files:
        try:
            if options.skeleton and not file.lower().endswith(".csv"):
                made = import_animation(file, options.skeleton, options.folder, replace=options.replace)
            else:
                made = import_curve_table(file, options.folder, replace=options.replace)
            unreal.log(f"microexpr: {file} -> {made}")
        except TakeImportError as error:
            failed = 1
            unreal.log_error(f"microexpr: {error}")
    return failed


if __name__ == "__main__" and main():
    raise SystemExit(1)
