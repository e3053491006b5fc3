"""Files that are written whole or not at all, and what a user is told when they cannot be."""

import errno
import os
import secrets
import tempfile
from pathlib import Path

from curves.errors import InputError

_REMEDIES = {
    errno.ENOSPC: "free some space or choose another disk",
    errno.EDQUOT: "free some space or choose another disk",
    errno.ENAMETOOLONG: "the name is too long, choose a shorter one",
    errno.EISDIR: "a folder of that name is in the way",
    errno.ENOTDIR: "a file stands where a folder is needed",
    errno.EEXIST: "a file stands where a folder is needed",
}


def cannot_write(path: Path, error: OSError) -> InputError:
    """One sentence: what could not be written, why, what to do. The system's own names only our temporary file."""
    remedy = _REMEDIES.get(error.errno or 0, "choose a place that you may write to")
    return InputError(f"{path} cannot be written ({error.strerror or type(error).__name__}); {remedy}.")


def check_file(path: Path) -> None:
    """Raises InputError if no file ``path`` can be written, whose folder need not exist; nothing stays behind."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        nearest = next(folder for folder in path.absolute().parents if folder.exists())
        with tempfile.TemporaryDirectory(prefix=".microexpr-", dir=nearest) as scratch:
            (Path(scratch) / path.name).touch()  # a name that this file system may refuse
    except OSError as error:
        raise cannot_write(path, error) from error


def check_new_file(path: Path, *, overwrite: bool) -> None:
    """``check_file``, and InputError if ``path`` is there already and may not be replaced."""
    check_file(path)
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already; use --overwrite to replace it.")


def write_file(path: Path, content: bytes) -> None:
    """Makes ``path`` hold ``content``; an earlier file stays whole until then. Raises InputError."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")  # the same folder: a rename within one disk is atomic
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(path, error) from error
