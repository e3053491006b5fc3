"""Find what a holder unpacked: folders by name whatever their case, pictures by the numbers in their names.

Frame folders are listed and their numbers parsed; a picture's name is never made up, since padding differs between
sets, between clips of one set, and between copies of one clip.
"""

import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"})

#: How many levels below PATH sets are looked for: archives often unpack one level too deep, and a folder of archives
#: one more.
_DEPTH = 3


class Tree:
    """The folders at PATH and a few levels below it, each listed once, pictures left out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[Path, tuple[list[Path], list[Path]]] = {}

    def _list(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """Folders and files (no pictures) of ``folder``, by name; nothing where it cannot be listed."""
        if folder not in self._listed:
            folders: list[Path] = []
            files: list[Path] = []
            try:
                with os.scandir(folder) as entries:  # no Path for each of very many pictures
                    kept = sorted((e for e in entries if not _is_picture(e.name)), key=lambda entry: entry.name)
                for entry in kept:
                    if not _is_junk(entry.name):
                        (folders if entry.is_dir() else files).append(folder / entry.name)
            except OSError:
                pass
            self._listed[folder] = folders, files
        return self._listed[folder]

    def folders(self, folder: Path) -> list[Path]:
        """The folders directly in ``folder``, by name."""
        return self._list(folder)[0]

    def child(self, folder: Path, name: str) -> Path | None:
        """The folder ``name`` of ``folder``, whatever its letters' case."""
        exact = folder / name
        folders = self.folders(folder)
        return exact if exact in folders else next((p for p in folders if p.name.lower() == name.lower()), None)

    def walk(self, depth: int = _DEPTH) -> Iterator[Path]:
        """PATH and the folders below it, level by level, down to ``depth``."""
        level = [self.root]
        for _ in range(depth + 1):
            yield from level
            level = [inner for folder in level for inner in self.folders(folder)]

    @cached_property
    def _near(self) -> list[Path]:
        return list(self.walk())

    def find_files(self, pattern: str) -> list[Path]:
        """Files whose whole name matches the pattern, case aside; those nearer to PATH first."""
        compiled = re.compile(pattern, re.IGNORECASE)
        return [path for folder in self._near for path in self._list(folder)[1] if compiled.fullmatch(path.name)]

    def find_parents(self, pattern: str, inner: str | None = None) -> list[Path]:
        """Folders that hold a folder whose name matches ``pattern`` (which holds one that matches ``inner``)."""
        compiled, within = re.compile(pattern, re.IGNORECASE), re.compile(inner or "", re.IGNORECASE)
        return [
            folder
            for folder in self._near
            if any(
                compiled.fullmatch(child.name)
                and (inner is None or any(within.fullmatch(deep.name) for deep in self.folders(child)))
                for child in self.folders(folder)
            )
        ]

    def find_folders(self, pattern: str) -> list[Path]:
        """Folders whose own name matches the pattern, case aside; those nearer to PATH first. A folder that holds
        nothing but one of its own name (unpacked one level too deep) is passed over for that one."""
        compiled = re.compile(pattern, re.IGNORECASE)
        found = [folder for folder in self._near if compiled.fullmatch(folder.name)]
        return [folder for folder in found if self.child(folder, folder.name) is None]


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in PICTURES  # noqa: PTH122 - a Path for each of very many is slow


def _is_junk(name: str) -> bool:
    """What operating systems and spreadsheets leave behind; a reader of labels must not open ``~$sheet.xlsx``."""
    return name.startswith((".", "~$")) or name == "__MACOSX"


def numbered_pictures(folder: Path | None) -> dict[int, Path]:
    """The pictures of a folder by the last number in their names, rising; {} where there is no such folder.

    Of two pictures with one number (46.jpg, 046.jpg) the first by name counts.
    """
    found: dict[int, Path] = {}
    if folder is None or not folder.is_dir():
        return found
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - see above
        if _is_picture(name) and not _is_junk(name):
            digits = re.findall(r"[0-9]+", os.path.splitext(name)[0])  # noqa: PTH122
            if digits:
                found.setdefault(int(digits[-1]), folder / name)
    return dict(sorted(found.items()))


def subject_clip_pictures(tree: Tree, variants: Sequence[Path], *names: str) -> tuple[dict[int, Path], str]:
    """The pictures in ``variant/names[0]/names[1]...`` of the first variant that has any, and where they were looked
    for, for messages."""
    for folder in variants:
        inside: Path | None = folder
        for name in names:
            inside = None if inside is None else tree.child(inside, name)
        if pictures := numbered_pictures(inside):
            return pictures, str(inside)
    return {}, "/".join(names)
