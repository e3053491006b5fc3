"""Files that clients name or send: confined to one folder, bounded in size, gone when their call is over."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from curves.errors import FormatError, InputError
from curves.formats import safe_name
from unreal_bridge.errors import BridgeError
from unreal_bridge.wire import MAX_PART_BYTES, pb


def under_root(root: Path | None, name: str) -> Path:
    """The path that ``name`` means below ``root``, links followed.

    BridgeError PERMISSION_DENIED: it leaves the root, or there is none. NOT_FOUND: nothing is there.
    """
    denied = BridgeError("PERMISSION_DENIED", "Only videos below the server's own folder may be named; send the video.")
    if root is None:
        raise denied
    if not name or "\0" in name:
        raise FormatError("Analyze: expected the path of a video.")
    parts = (*PurePosixPath(name).parts, *PureWindowsPath(name).parts)
    if ".." in parts or name.startswith(("/", "\\")) or PureWindowsPath(name).drive:
        raise denied
    try:
        base, target = root.resolve(strict=True), (root / name).resolve()
        if not target.is_relative_to(base):
            raise denied
        if not target.exists():
            raise BridgeError("NOT_FOUND", f"There is no {name[:200]} below the server's folder.")
    except (OSError, RuntimeError) as error:  # a loop of links, a name too long, a root that is gone
        raise BridgeError("NOT_FOUND", f"{name[:200]} cannot be read below the server's folder.") from error
    return target


class Upload:
    """A file being received."""

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._missing = path, size
        self._stream = path.open("xb")

    @property
    def complete(self) -> bool:
        return self._missing == 0

    def write(self, chunk: bytes) -> None:
        """The next bytes. BridgeError RESOURCE_EXHAUSTED: more than announced, or the disk is full. FormatError."""
        if not 0 < len(chunk) <= MAX_PART_BYTES:
            raise FormatError(f"Analyze: expected chunks of 1 to {MAX_PART_BYTES} bytes, got {len(chunk)}.")
        if len(chunk) > self._missing:
            raise BridgeError("RESOURCE_EXHAUSTED", "The upload is larger than announced.")
        try:
            self._stream.write(chunk)
        except OSError as error:
            raise _disk(error) from error
        self._missing -= len(chunk)

    def close(self) -> Path:
        """The whole file. BridgeError: the disk is full."""
        try:
            self._stream.close()
        except OSError as error:
            raise _disk(error) from error
        return self._path


class Uploads:
    """A folder for files that arrive; what an earlier server left in it is removed. Raises InputError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder} cannot be made ({error.strerror}); choose another data folder.") from error

    @contextmanager
    def receiving(self, announced: pb.AnalyzeUpload, max_bytes: int) -> Iterator[Upload]:
        """A file in a folder of its own, under its own name; both go at the end."""
        if not 0 < announced.size <= max_bytes:
            raise BridgeError(
                "RESOURCE_EXHAUSTED", f"An upload may have 1 to {max_bytes} bytes, {announced.size} are announced."
            )
        name = PureWindowsPath(announced.file_name).name
        if not name:
            raise FormatError("Analyze: expected the file's name.")
        with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as folder:
            try:
                upload = Upload(Path(folder) / safe_name(name[-120:]), announced.size)
            except OSError as error:
                raise _disk(error) from error
            try:
                yield upload
            finally:
                upload.close()


def _disk(error: OSError) -> BridgeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BridgeError("RESOURCE_EXHAUSTED", "The server's disk is full; free some space and send the video again.")
    return BridgeError("FAILED_PRECONDITION", f"The server cannot write uploads ({error.strerror}); check its disk.")
