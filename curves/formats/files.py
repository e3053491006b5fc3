"""What all formats need of the file system: whole files or none, names that every system accepts, strict JSON."""

import csv
import io
import json
import math
import re
import secrets
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from curves.errors import FormatError, InputError

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


def safe_name(name: str, taken: Collection[str] = ()) -> str:
    """``name`` as a file name that Windows accepts too, unlike any of ``taken`` even where case does not count.

    Characters that are forbidden there become ``_``, as do trailing dots and spaces; device names (CON, NUL, ...)
    get a ``_`` in front. If the result is taken, ``~2``, ``~3``, ... is appended.
    """
    safe = _FORBIDDEN.sub("_", name)
    safe = re.sub(r"[. ]+$", lambda end: "_" * len(end[0]), safe) or "_"
    if safe.split(".")[0].strip().casefold() in _RESERVED:
        safe = "_" + safe
    used = {other.casefold() for other in taken}
    candidate, count = safe, 1
    while candidate.casefold() in used:
        count += 1
        candidate = f"{safe}~{count}"
    return candidate


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text (newlines as given) so that ``path`` holds the old file or the whole new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    try:
        with temporary.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_folder(path: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write a folder of UTF-8 files as one; a folder of that name is replaced as a whole. Returns the files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = _beside(path), _beside(path)
    try:
        fresh.mkdir()
        for name, text in texts.items():
            write_text(fresh / name, text)
        if path.exists():
            path.rename(old)
        fresh.rename(path)
    except BaseException:
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    finally:
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
    return [path / name for name in texts]


def _beside(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.tmp")  # the same folder: a rename within one disk is atomic


def read_text(path: Path) -> str:
    """The file's text; InputError if it cannot be read, FormatError if it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 text: it is none of our files.") from error
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def parse_json(text: str, where: str) -> Any:
    """Strict JSON: no NaN or infinity, no key twice in one object; FormatError otherwise."""

    def no_constant(name: str) -> float:
        raise ValueError(f"{name} is no number that JSON knows")

    def finite(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise ValueError(f"{digits} is too large")
        return value

    def whole(digits: str) -> int:
        if len(digits) > 300:
            raise ValueError("a whole number has more than 300 digits")
        return int(digits)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            names = [name for name, _ in pairs]
            raise ValueError(
                f"key {next(name for name in names if names.count(name) > 1)!r} stands twice in one object"
            )
        return result

    try:
        return json.loads(text, parse_constant=no_constant, parse_float=finite, parse_int=whole, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where} is not valid JSON: {error}.") from error


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV text with ``\\n`` line ends."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def parse_csv(text: str, where: str) -> list[list[str]]:
    """CSV text as rows; rows without any cell are left out. FormatError if it is no CSV."""
    try:
        return [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except csv.Error as error:
        raise FormatError(f"{where} is not valid CSV: {error}.") from error


def parse_number(cell: str, where: str) -> float:
    """A finite number in a CSV cell; FormatError otherwise."""
    try:
        value = float(cell)
    except ValueError as error:
        raise FormatError(f"{where}: {cell!r} is not a number.") from error
    if not math.isfinite(value):
        raise FormatError(f"{where}: {cell!r} is not a finite number.")
    return value
