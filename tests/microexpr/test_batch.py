import errno
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.errors import InputError, NoFaceError
from curves.formats.take import read_take
from curves.values import Take
from microexpr.batch import Job, Outcome, Work, check_writable, exit_code, is_single, plan, run

IDENTITY = {"config": {"gain": 1.0}, "weights_sha256": "w"}


def identity(path: Path) -> Mapping[str, Any]:
    return {**IDENTITY, "source": {"name": path.name, "sha256": path.read_bytes().hex()}}


def convert(path: Path) -> Take:
    """A take without content; a source that says so fails in the way that it names."""
    match path.read_text(encoding="utf-8"):
        case "no face":
            raise NoFaceError(f"{path}: no face;\nshow one.")
        case "sharp":
            raise InputError("curve jawOpen changes too sharply.")
        case "defect":
            raise ValueError("expected 1, got 2")
        case "disk":
            raise PermissionError(13, "Permission denied", str(path))
        case "temporary":
            raise OSError(errno.ENOSPC, "No space left on device")
        case "stop":
            raise KeyboardInterrupt
    return Take(Fraction(25), 1.0, (), (), (), provenance=identity(path))


class TextFormat:
    """Writes one file, and a folder with two."""

    def __init__(self, fails: Exception | None = None, extra: str = "b.txt") -> None:
        self.fails, self.extra = fails, extra

    def path(self, directory: Path, stem: str) -> Path:
        return directory / f"{stem}.txt"

    def write(self, take: Take, directory: Path, stem: str) -> tuple[Sequence[Path], Sequence[str]]:
        table, folder = directory / f"{stem}.txt", directory / f"{stem}.parts"
        folder.mkdir()
        paths = [table, folder / "a.txt", folder / self.extra]
        for path in paths:
            path.write_text("x", encoding="utf-8")
        if self.fails:
            raise self.fails
        return paths, ["rounded."]


def make(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def takes(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out).as_posix()) for path in out.rglob("*.take.json"))


def do(inputs: list[Path], out: Path, **changes: Any) -> list[Outcome]:
    work = Work(convert, identity, resume=not is_single(inputs))
    return list(run(plan(inputs, out), replace(work, **changes)))


# --- which inputs, which names ---------------------------------------------------------------------------------------


def test_a_tree_is_kept_and_only_videos_are_taken(tmp_path: Path) -> None:
    source = make(
        tmp_path / "in", {"a.mp4": "", "s1/b.MOV": "", "s1/deep/c.avi": "", "s1/notes.txt": "", ".cache/d.mp4": ""}
    )
    do([source], tmp_path / "out")
    assert takes(tmp_path / "out") == ["a.take.json", "s1/b.take.json", "s1/deep/c.take.json"]


def test_folders_of_numbered_pictures_are_videos_unless_videos_lie_there(tmp_path: Path) -> None:
    pictures = {f"shots/f{n}.png": "" for n in range(3)}
    source = make(tmp_path / "in", {**pictures, "clips/clip.mp4": "", "clips/thumb1.png": ""})
    jobs = plan([source], tmp_path / "out")
    assert [(job.source.name, job.stem) for job in jobs] == [("clip.mp4", "clip"), ("shots", "shots")]
    assert is_single([source / "shots"])
    assert not is_single([source / "clips"])


def test_sources_of_one_name_keep_their_extension(tmp_path: Path) -> None:
    source = make(tmp_path / "in", {"a.mp4": "", "a.mov": "", "A.avi": "", "b.mp4": "", "c/a.mp4": ""})
    stems = {job.source.name: job.stem for job in plan([source], tmp_path / "out") if job.source.parent == source}
    assert stems == {"a.mp4": "a.mp4", "a.mov": "a.mov", "A.avi": "A.avi", "b.mp4": "b"}
    assert (tmp_path / "out" / "c" / "a.take.json") in {job.take_path for job in plan([source], tmp_path / "out")}


def test_a_shortened_name_gives_way_to_a_full_one(tmp_path: Path) -> None:
    source = make(tmp_path / "in", {"a.mp4": "", "a.mov": "", "a.mp4.avi": ""})
    assert {job.stem for job in plan([source], tmp_path / "out")} == {"a.mp4", "a.mov", "a.mp4.avi"}


def test_several_folders_keep_their_names_and_equal_files_are_numbered(tmp_path: Path) -> None:
    x, y = make(tmp_path / "x", {"a.mp4": ""}), make(tmp_path / "y", {"a.mp4": ""})
    do([x, y], tmp_path / "folders")
    assert takes(tmp_path / "folders") == ["x/a.take.json", "y/a.take.json"]
    do([x / "a.mp4", y / "a.mp4", x / "a.mp4"], tmp_path / "files")
    assert takes(tmp_path / "files") == ["a.mp4-2.take.json", "a.mp4.take.json"]


name = st.sampled_from(
    ["a.mp4", "a:.mp4", "a_.mp4", "a.mov", "A.mp4", "a.mp4.mp4", "a", "a.mp4-2", "a.mp4-2.mp4", "b.x.mov"]
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), name), unique=True, max_size=12))
def test_no_two_jobs_write_the_same_take_even_where_case_does_not_count(parts: list[tuple[str, str]]) -> None:
    jobs = plan([Path(folder) / file for folder, file in parts], Path("out"))
    assert len({str(job.take_path).casefold() for job in jobs}) == len(parts)


def test_the_output_folder_is_not_searched(tmp_path: Path) -> None:
    source = make(tmp_path / "in", {"a.mp4": "", "out/old.mp4": ""})
    assert [job.stem for job in plan([source], source / "out")] == ["a"]


def test_an_out_that_is_a_file_and_an_empty_folder_are_wrong_use(tmp_path: Path) -> None:
    make(tmp_path, {"file": "", "in/readme.txt": ""})
    with pytest.raises(InputError, match="--out needs a folder"):
        plan([tmp_path / "in"], tmp_path / "file")
    with pytest.raises(InputError, match="holds no video"):
        plan([tmp_path / "in"], tmp_path / "out")


def locked(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Folders that the system refuses to list; as root, permissions would not do that."""
    iterdir = Path.iterdir

    def listed(path: Path) -> Iterator[Path]:
        if path.name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", listed)


def test_a_subfolder_that_cannot_be_read_is_one_failed_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make(tmp_path / "in", {"a.mp4": "", "b/x.mp4": "", "c/deep/y.mp4": "", "d/z.mp4": ""})
    locked(monkeypatch, "b", "deep")
    outcomes = do([source], tmp_path / "out")
    assert [(o.job.source.name, o.status) for o in outcomes] == [
        ("a.mp4", "converted"), ("b", "failed"), ("deep", "failed"), ("z.mp4", "converted"),
    ]  # fmt: skip
    assert outcomes[1].error == f"{source / 'b'} cannot be read (Permission denied); check its permissions."
    assert exit_code(outcomes) == 1


def test_a_source_that_cannot_even_be_looked_at_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, is_dir = make(tmp_path / "in", {"a.mp4": "", "b.mp4": ""}), Path.is_dir

    def checked(path: Path) -> bool:
        if path.name == "b.mp4":
            raise OSError(5, "Input/output error", str(path))
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", checked)
    assert [outcome.status for outcome in do([source], tmp_path / "out")] == ["converted", "failed"]


def test_an_unreadable_folder_among_several_inputs_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = make(tmp_path / "x", {"a.mp4": ""}), make(tmp_path / "y", {"b.mp4": ""})
    locked(monkeypatch, "x")
    assert [outcome.status for outcome in do([x, y], tmp_path / "out")] == ["failed", "converted"]
    with pytest.raises(InputError, match="cannot be read"):
        plan([x / ".." / "x"], tmp_path / "out")


# --- running ---------------------------------------------------------------------------------------------------------


def test_one_failure_stops_no_other_and_is_one_line(tmp_path: Path) -> None:
    source = make(
        tmp_path / "in", {"a.mp4": "no face", "b.mp4": "", "c.mp4": "defect", "d.mp4": "disk", "e.mp4": "sharp"}
    )
    outcomes = do([source, tmp_path / "in"], tmp_path / "out")
    assert [outcome.status for outcome in outcomes] == ["failed", "converted", "failed", "failed", "failed"]
    errors = [outcome.error or "" for outcome in outcomes]
    assert errors[0].endswith("no face; show one.")
    assert "internal error (ValueError: expected 1, got 2)" in errors[2]
    assert "Permission denied" in errors[3]
    assert errors[4] == f"{source / 'e.mp4'}: curve jawOpen changes too sharply."
    assert not any("\n" in error for error in errors)
    assert exit_code(outcomes) == 1


def test_interrupting_leaves_nothing_half_done(tmp_path: Path) -> None:
    source = make(tmp_path / "in", {"a.mp4": "", "b.mp4": "stop"})
    with pytest.raises(KeyboardInterrupt):
        do([source], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.take.json"]


@pytest.mark.parametrize(
    ("statuses", "code"),
    [("", 2), ("c", 0), ("s", 0), ("cs", 0), ("f", 2), ("ff", 2), ("cf", 1), ("sf", 1)],
)
def test_exit_codes(statuses: str, code: int) -> None:
    words = {"c": "converted", "s": "skipped", "f": "failed"}
    job = Job(Path("a"), Path("out"), "a")
    assert exit_code([Outcome(job, words[letter], 0.0) for letter in statuses]) == code  # type: ignore[arg-type]


def test_a_rerun_skips_what_is_finished_and_does_the_rest(tmp_path: Path) -> None:
    source = make(tmp_path / "in", {"a.mp4": "", "b.mp4": "no face"})
    do([source], tmp_path / "out")
    before = (tmp_path / "out" / "a.take.json").stat().st_mtime_ns
    make(source, {"b.mp4": ""})
    outcomes = do([source], tmp_path / "out")
    assert [outcome.status for outcome in outcomes] == ["skipped", "converted"]
    assert (tmp_path / "out" / "a.take.json").stat().st_mtime_ns == before


def other_settings(path: Path) -> Mapping[str, Any]:
    return {**identity(path), "config": {"gain": 2.0}}


@pytest.mark.parametrize(
    ("text", "asked"), [("changed", identity), ("", other_settings)], ids=["other source", "other settings"]
)
def test_a_take_of_something_else_is_neither_skipped_nor_replaced(
    tmp_path: Path, text: str, asked: Callable[[Path], Mapping[str, Any]]
) -> None:
    source = make(tmp_path / "in", {"a.mp4": ""})
    do([source], tmp_path / "out")
    before = (tmp_path / "out" / "a.take.json").read_bytes()
    make(source, {"a.mp4": text})
    [outcome] = do([source], tmp_path / "out", identity=asked)
    assert outcome.status == "failed"
    assert "--overwrite" in (outcome.error or "")
    assert (tmp_path / "out" / "a.take.json").read_bytes() == before


def test_a_broken_take_is_not_finished(tmp_path: Path) -> None:
    source = make(tmp_path / "in", {"a.mp4": ""})
    make(tmp_path / "out", {"a.take.json": "{"})
    assert do([source], tmp_path / "out")[0].status == "failed"
    assert do([source], tmp_path / "out", overwrite=True)[0].status == "converted"
    assert read_take(tmp_path / "out" / "a.take.json").duration_s == 1.0


def test_a_single_video_is_never_overwritten_unless_asked(tmp_path: Path) -> None:
    video = make(tmp_path, {"a.mp4": ""}) / "a.mp4"
    assert do([video], tmp_path / "out")[0].status == "converted"
    [again] = do([video], tmp_path / "out")
    assert again.status == "failed"
    assert "exists already" in (again.error or "")
    assert do([video], tmp_path / "out", overwrite=True)[0].status == "converted"


# --- files -----------------------------------------------------------------------------------------------------------


def test_take_json_is_written_last_and_formats_beside_it(tmp_path: Path) -> None:
    video = make(tmp_path, {"a.mp4": ""}) / "a.mp4"
    [outcome] = do([video], tmp_path / "out", formats=[TextFormat()])
    names = [path.relative_to(tmp_path / "out").as_posix() for path in outcome.files]
    assert names == ["a.parts/a.txt", "a.parts/b.txt", "a.txt", "a.take.json"]
    assert all(path.is_file() for path in outcome.files)
    assert outcome.notes == ("rounded.",)


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        (InputError("this rig has no such controls."), "{video}: this rig has no such controls."),
        (OSError(errno.ENOSPC, "No space left on device"), "{video}: {out} cannot be written (No space left"),
        (OSError(errno.EROFS, "Read-only file system"), "{out} cannot be written (Read-only file system); choose"),
    ],
)
def test_a_failing_format_leaves_the_output_folder_as_it_was(tmp_path: Path, fails: Exception, words: str) -> None:
    video, out = make(tmp_path, {"a.mp4": "", "out/a.take.json": "mine"}) / "a.mp4", tmp_path / "out"
    [outcome] = do([video], out, formats=[TextFormat(fails)], overwrite=True)
    assert outcome.status == "failed"
    assert words.format(video=video, out=out) in (outcome.error or "")
    assert [path.name for path in out.iterdir()] == ["a.take.json"]
    assert (out / "a.take.json").read_text(encoding="utf-8") == "mine"


def test_a_full_temporary_folder_is_named(tmp_path: Path) -> None:
    source = make(tmp_path / "in", {"a.mp4": "temporary", "b.mp4": ""})
    outcomes = do([source], tmp_path / "out")
    assert [outcome.status for outcome in outcomes] == ["failed", "converted"]
    error = outcomes[0].error or ""
    assert error.startswith(f"{source / 'a.mp4'}: No space left on device; free some in {tempfile.gettempdir()}")
    assert "TMPDIR" in error


# --- where it goes ---------------------------------------------------------------------------------------------------


def test_looking_whether_a_folder_can_be_written_leaves_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "deep")
    check_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other words for it")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"file": ""})
    with pytest.raises(InputError, match=r"sub cannot be written .*; a file stands where a folder is needed\.$"):
        check_writable(tmp_path / "file" / "sub")
    with pytest.raises(InputError, match=r"the name is too long, choose a shorter one\.$"):
        check_writable(tmp_path / ("x" * 300))

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("os.mkdir", refused)
    with pytest.raises(InputError, match=r"out cannot be written \(Read-only file system\); choose a place"):
        check_writable(tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="there, paths and not names are limited")
def test_a_name_too_long_for_its_results_is_told_before_the_work_and_stops_no_other(tmp_path: Path) -> None:
    fits, too_long = "b" * 240, "c" * 250
    source = make(tmp_path / "in", {f"{fits}.mp4": "", f"{too_long}.mp4": "stop"})
    good, bad = do([source], tmp_path / "out", formats=[TextFormat()])
    assert (good.status, bad.status) == ("converted", "failed")
    assert "choose a shorter one" in (bad.error or "")
    with pytest.raises(InputError, match=r"cannot be read .*check the name"):
        plan([tmp_path / ("d" * 300)], tmp_path / "out")


def test_blanks_and_letters_of_any_script_are_kept_in_names(tmp_path: Path) -> None:
    name = "mein Gesicht – ß 日本 😀"
    source = make(tmp_path / "in dir ä", {f"日本 語/{name}.mp4": ""})
    [outcome] = do([source], tmp_path / "out dir ö", formats=[TextFormat()])
    assert outcome.status == "converted"
    assert takes(tmp_path / "out dir ö") == [f"日本 語/{name}.take.json"]


def test_any_existing_target_stops_all_files_of_a_take(tmp_path: Path) -> None:
    video = make(tmp_path, {"a.mp4": "", "out/a.txt": "mine"}) / "a.mp4"
    [outcome] = do([video], tmp_path / "out", formats=[TextFormat()])
    assert outcome.status == "failed"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.txt"]
    assert (tmp_path / "out" / "a.txt").read_text(encoding="utf-8") == "mine"


def test_a_target_that_appears_during_the_conversion_is_respected(tmp_path: Path) -> None:
    video = make(tmp_path, {"a.mp4": ""}) / "a.mp4"

    def slow(path: Path) -> Take:
        make(tmp_path, {"out/a.txt": "mine"})
        return convert(path)

    [outcome] = do([video], tmp_path / "out", formats=[TextFormat()], convert=slow)
    assert outcome.status == "failed"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.txt"]


def test_existing_outputs_are_noticed_before_the_work(tmp_path: Path) -> None:
    video = make(tmp_path, {"a.mp4": "stop", "out/a.txt": "mine"}) / "a.mp4"
    assert do([video], tmp_path / "out", formats=[TextFormat()])[0].status == "failed"


def test_overwriting_replaces_a_folder_as_a_whole(tmp_path: Path) -> None:
    video = make(tmp_path, {"a.mp4": ""}) / "a.mp4"
    do([video], tmp_path / "out", formats=[TextFormat(extra="old.txt")])
    do([video], tmp_path / "out", formats=[TextFormat(extra="new.txt")], overwrite=True)
    assert sorted(path.name for path in (tmp_path / "out" / "a.parts").iterdir()) == ["a.txt", "new.txt"]
    assert json.loads((tmp_path / "out" / "a.take.json").read_text(encoding="utf-8"))["duration_s"] == 1.0
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_no_take_appears_before_its_other_files(tmp_path: Path) -> None:
    """A folder stands where a file must go: the move fails, and a re-run must not take the input for finished."""
    video = make(tmp_path, {"a.mp4": "", "out/a.txt/mine": ""}) / "a.mp4"
    [outcome] = do([video], tmp_path / "out", formats=[TextFormat()], overwrite=True)
    assert outcome.status == "failed"
    assert not (tmp_path / "out" / "a.take.json").exists()
