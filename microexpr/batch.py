"""Many inputs, one after the other: what to convert, where it goes, what happens when one fails.

Names. A take is called after its source without the extension: ``talk.mp4`` gives ``talk.take.json``. Sources that
would share a name in one folder (letter case apart, since Windows and macOS do not tell it apart) keep their
extension: ``talk.mp4.take.json`` and ``talk.mov.take.json``; if that is not enough they are numbered in path order.
Characters that Windows forbids become ``_``.
The tree below a single folder is kept under the output folder; of several inputs each folder's tree lies in a folder
of its name.
"""

import errno
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from curves.errors import InputError, MicroExprError
from curves.formats import read_take, safe_name, write_take
from curves.values import Take
from microexpr.writing import cannot_write
from recognizer.video import is_picture_folder

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf"}
    | {".ogv", ".ts", ".webm", ".wmv", ".y4m"}
)
TAKE_SUFFIX = ".take.json"
#: Of the hidden folder in which a take's files are made. Short: with the source's name it might be too long a name.
_SCRATCH = ".microexpr-"

Status = Literal["converted", "skipped", "failed"]


class Writer(Protocol):
    """A file format: one file or folder, called after ``stem``, in ``directory``; returns its files and notes."""

    def path(self, directory: Path, stem: str) -> Path: ...

    def write(self, take: Take, directory: Path, stem: str) -> tuple[Sequence[Path], Sequence[str]]: ...


@dataclass(frozen=True)
class Job:
    """One source and where its files go; ``problem`` says why it cannot be converted, known before trying."""

    source: Path
    directory: Path
    stem: str
    problem: str | None = None

    @property
    def take_path(self) -> Path:
        return self.directory / f"{self.stem}{TAKE_SUFFIX}"


@dataclass(frozen=True)
class Outcome:
    """What became of a job. ``files`` were written, ``take.json`` last; ``error`` is one sentence."""

    job: Job
    status: Status
    seconds: float
    take: Take | None = None
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Work:
    """What is done with each source.

    Attributes:
        convert: source -> Take.
        identity: source -> those provenance entries that decide the result; a take that holds them all is finished.
        formats: what is written beside ``take.json``.
        overwrite: existing files may be replaced; nothing is skipped.
        resume: a finished take is skipped; else any existing output is an error.
    """

    convert: Callable[[Path], Take]
    identity: Callable[[Path], Mapping[str, Any]]
    formats: Sequence[Writer] = ()
    overwrite: bool = False
    resume: bool = False


def is_single(inputs: Sequence[Path]) -> bool:
    """True for one video named by the user: an existing output is then an error, not a finished part of a batch."""
    return len(inputs) == 1 and _is_one_video(inputs[0])


def plan(inputs: Sequence[Path], out: Path) -> tuple[Job, ...]:
    """The jobs for files, folders of numbered pictures, and folders searched for both, each source once.

    Raises InputError if ``out`` is no folder or an only input folder holds nothing to convert.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; --out needs a folder.")
    jobs: dict[Path, Job] = {}
    for path in inputs:
        for job in _jobs_of(path, out, keep_name=len(inputs) > 1):
            jobs.setdefault(job.source.resolve(), job)
    if len(jobs) == 1 and len(inputs) == 1 and (only := next(iter(jobs.values()))).problem:
        raise InputError(only.problem)
    return _distinct(tuple(jobs.values()))


def run(jobs: Iterable[Job], work: Work) -> Iterator[Outcome]:
    """Does the jobs in turn; the failure of one is an Outcome and stops no other."""
    for job in jobs:
        started = time.monotonic()
        try:
            outcome = _attempt(job, work)
        except MicroExprError as error:
            outcome = Outcome(job, "failed", 0.0, error=_about(job.source, " ".join(str(error).split())))
        except OSError as error:
            outcome = Outcome(job, "failed", 0.0, error=_system_says(job.source, error))
        except Exception as error:  # noqa: BLE001  # a defect of ours in one video must not cost a night's batch
            text = " ".join(f"{type(error).__name__}: {error}".split())
            outcome = Outcome(job, "failed", 0.0, error=f"{job.source}: internal error ({text}); please report it.")
        yield replace(outcome, seconds=time.monotonic() - started)


def _system_says(source: Path, error: OSError) -> str:
    """A sentence on what the system refused while a source was worked on; what was written had its own."""
    reason = error.strerror or type(error).__name__
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{source}: {reason}; free some in {tempfile.gettempdir()}, where temporary files go, or set TMPDIR "
            "(TEMP on Windows) to another folder."
        )
    named = f" ({error.filename})" if error.filename and str(error.filename) != str(source) else ""
    return f"{source} cannot be read{named}: {reason}."


def _about(source: Path, message: str) -> str:
    """The message with the source named, if it does not name it: in a batch one must know which video it was."""
    return message if source.name in message else f"{source}: {message}"


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """0: all done (or done before); 1: some failed; 2: nothing was converted."""
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    return 0 if not failed and outcomes else 2 if failed == len(outcomes) else 1


def write_outputs(take: Take, job: Job, formats: Sequence[Writer], *, overwrite: bool) -> Outcome:
    """Writes all files of a take, or none: into a hidden folder beside, then each renamed, ``take.json`` last.

    Raises InputError if a file exists and may not be overwritten or none can be written, and what the formats raise.
    """
    try:
        return _write_outputs(take, job, formats, overwrite=overwrite)
    except OSError as error:
        raise cannot_write(job.directory, error) from error


def check_writable(out: Path) -> None:
    """Raises InputError if nothing can be written to ``out``, which need not exist; nothing stays behind."""
    try:
        nearest = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=nearest) as scratch:
            (Path(scratch) / out.name).mkdir(exist_ok=True)  # a name that this file system may refuse
    except OSError as error:
        raise cannot_write(out, error) from error


def _write_outputs(take: Take, job: Job, formats: Sequence[Writer], *, overwrite: bool) -> Outcome:
    job.directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=job.directory) as name:
        scratch = Path(name)
        notes: list[str] = []
        for fmt in formats:
            notes += fmt.write(take, scratch, job.stem)[1]
        write_take(take, scratch / job.take_path.name)
        files = [path.relative_to(scratch) for path in sorted(scratch.rglob("*")) if path.is_file()]
        entries = sorted(path.name for path in scratch.iterdir())
        if not overwrite and (problem := _existing([job.directory / entry for entry in entries])):
            raise InputError(problem)
        for entry in sorted(entries, key=lambda entry: entry == job.take_path.name):
            _move_into_place(scratch / entry, job.directory / entry)
    files.sort(key=lambda path: path.name == job.take_path.name)
    return Outcome(job, "converted", 0.0, take, tuple(job.directory / path for path in files), tuple(notes))


def _move_into_place(fresh: Path, target: Path) -> None:
    """A rename. A folder that is replaced goes as a whole, so that no file of an earlier take stays in it."""
    if fresh.is_dir() and target.exists():
        target.rename(fresh.with_name(f"{fresh.name}.old"))
    fresh.replace(target)


def known_problem(job: Job, work: Work) -> str | None:
    """Why the job cannot be done, as far as a look at the files tells; None if it has to be tried."""
    if job.problem:
        return job.problem
    try:
        if not job.source.exists():
            return f"{job.source} does not exist; check the path."
    except OSError as error:
        return _unreadable(job.source, error)
    # Now, before the minutes that an analysis may take, and not only after them.
    try:
        existing = _existing([job.take_path, *(fmt.path(job.directory, job.stem) for fmt in work.formats)])
        finished = work.resume and job.take_path.exists()
    except OSError as error:  # such as a name that is too long with our suffix
        return str(cannot_write(job.take_path, error))
    return None if work.overwrite or finished else existing


def _attempt(job: Job, work: Work) -> Outcome:
    if problem := known_problem(job, work):
        raise InputError(problem)
    if work.resume and not work.overwrite and job.take_path.exists():
        return _finished(job, work)
    return write_outputs(work.convert(job.source), job, work.formats, overwrite=work.overwrite)


def _finished(job: Job, work: Work) -> Outcome:
    """Skips a take made from this very source with these settings; any other existing take is refused."""
    try:
        take = read_take(job.take_path)
    except MicroExprError:
        take = None
    wanted = work.identity(job.source)
    if take is None or any(take.provenance.get(key) != value for key, value in wanted.items()):
        raise InputError(
            f"{job.take_path} exists, made from another source or with other settings; "
            "use --overwrite or another --out folder."
        )
    return Outcome(job, "skipped", 0.0, take)


def _existing(targets: Iterable[Path]) -> str | None:
    first = next((target for target in targets if target.exists()), None)
    return None if first is None else f"{first} exists already; use --overwrite to replace it."


# --- which inputs, which names ---------------------------------------------------------------------------------------


def _jobs_of(path: Path, out: Path, *, keep_name: bool) -> Iterator[Job]:
    name = safe_name(path.resolve().name)
    try:
        single = _is_one_video(path)
    except OSError as error:
        yield Job(path, out, name, problem=_unreadable(path, error))
        return
    if single:
        yield Job(path, out, name)
        return
    base = out / path.resolve().name if keep_name else out
    empty = True
    for source, problem in _found_below(path, out.resolve()):
        empty = False
        yield Job(source, base / source.relative_to(path).parent, safe_name(source.name), problem)
    if empty:
        yield Job(path, out, name, problem=f"{path} holds no video and no folder of numbered pictures.")


def _unreadable(path: Path, error: OSError) -> str:
    remedy = "check the name" if error.errno == errno.ENAMETOOLONG else "check its permissions"
    return f"{path} cannot be read ({error.strerror or type(error).__name__}); {remedy}."


def _is_one_video(path: Path) -> bool:
    """A file, whatever it is, or a folder of numbered pictures; pictures beside videos are only their thumbnails."""
    if not path.is_dir():
        return True
    return is_picture_folder(path) and not any(_is_video(entry) for entry in path.iterdir())


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()


def _found_below(folder: Path, out: Path) -> Iterator[tuple[Path, str | None]]:
    """Videos and picture folders below a folder in name order, and what cannot be read, with the sentence that says so.

    Hidden entries and the output folder are left out.
    """
    try:
        entries = sorted(folder.iterdir(), key=_natural)
    except OSError as error:
        yield folder, _unreadable(folder, error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            is_folder = entry.is_dir()
            source = _is_one_video(entry) if is_folder else _is_video(entry)
            left_out = is_folder and entry.resolve() == out
        except OSError as error:
            yield entry, _unreadable(entry, error)
            continue
        if left_out:
            continue
        if source:
            yield entry, None
        elif is_folder:
            yield from _found_below(entry, out)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort key in which clip2 comes before clip10."""
    return [(int(part), "") if part.isdigit() else (0, part.casefold()) for part in re.split(r"(\d+)", path.name)]


def _distinct(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Jobs come with the full file name as stem; it is shortened where that is unambiguous, numbered where it must."""
    same_name = _clashing(jobs)
    full = _numbered(jobs)
    short = [job if i in same_name else replace(job, stem=_without_suffix(job)) for i, job in enumerate(full)]
    while clashing := _clashing(short):
        # A shortened name may also meet another's full name: giving way can take several rounds, each shortens fewer.
        short = [full[i] if i in clashing else job for i, job in enumerate(short)]
    return tuple(short)


def _without_suffix(job: Job) -> str:
    # A source that could not even be looked at keeps its name: asking whether it is a folder would fail again.
    return job.stem if job.problem or job.source.is_dir() else safe_name(job.source.stem)


def _key(job: Job) -> str:
    return str(job.take_path).casefold()


def _clashing(jobs: Sequence[Job]) -> set[int]:
    counts = Counter(map(_key, jobs))
    return {i for i, job in enumerate(jobs) if counts[_key(job)] > 1}


def _numbered(jobs: Sequence[Job]) -> list[Job]:
    taken = {_key(job) for job in jobs}
    seen: set[str] = set()
    result = []
    for job in jobs:
        number, fresh = 1, job
        while _key(fresh) in seen or (number > 1 and _key(fresh) in taken):
            number += 1
            fresh = replace(job, stem=f"{job.stem}-{number}")
        seen.add(_key(fresh))
        result.append(fresh)
    return result
