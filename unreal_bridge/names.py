"""What takes may be called. No gRPC here: the command line asks before it connects."""

import re
from pathlib import PureWindowsPath

from curves.errors import FormatError

_TAKE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def checked_id(take_id: str) -> str:
    """The id; raises FormatError if a take may not be called so."""
    if _TAKE_ID.fullmatch(take_id) is None:
        raise FormatError(
            f"{take_id[:140]!r} is no take id: 1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or digit."
        )
    return take_id


def id_of(name: str) -> str:
    """A take's id made of a name or a relative path: parts joined by dots, what is not allowed replaced by ``_``."""
    joined = ".".join(part for part in PureWindowsPath(name).parts if part not in ("/", "\\"))
    return re.sub(r"[^A-Za-z0-9._-]", "_", joined).lstrip("._-")[:128] or "take"
