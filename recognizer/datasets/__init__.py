"""Licensed micro-expression sets as holders unpack them: one module a set, quirks handled, corrections as data.

``read_datasets(PATH)`` recognises by itself what lies under PATH. Every labelled row becomes a clip or a problem.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from curves.errors import InputError
from recognizer.datasets import (
    casme2,
    casme3,
    casme_sq,
    composite,
    dfme,
    fourdme,
    samm,
    samm_lv,
    smic,
    threedb,
)
from recognizer.datasets.disk import Tree
from recognizer.datasets.gathering import Reader
from recognizer.datasets.labels import Dataset, LabelledClip, LongVideo, Problem

__all__ = ["READERS", "Dataset", "LabelledClip", "LongVideo", "Problem", "Reader", "read_datasets"]

_MODULES = (casme2, samm, smic, casme_sq, casme3, samm_lv, fourdme, dfme, threedb)

#: All sets that can be read, by name.
READERS: Mapping[str, Reader] = MappingProxyType({module.READER.name: module.READER for module in _MODULES})

_COMPOSITE_LIST = r"combined_3class_gt.*\.csv"


def read_datasets(path: Path, name: str | None = None) -> list[Dataset]:
    """The sets under ``path``: all that are recognised, or the one called ``name``.

    Where the list of the MEGC2019 composite lies there too, the composite of the sets found is one more of them.
    Raises InputError, one sentence: no such folder, no set recognised, or a set without a label sheet that can be read.
    """
    if not path.is_dir():
        raise InputError(f"{path} is no folder; give the folder into which the data set was unpacked.")
    if name is not None and name not in READERS:
        raise InputError(f"There is no set called {name!r}; known are {', '.join(READERS)}.")
    tree = Tree(path)
    readers = [READERS[name]] if name is not None else list(READERS.values())
    found, failed = _read_all(tree, readers)
    if failed and not found:
        raise failed[0][1]
    found += [
        Dataset(reader.name, reader.title, path, problems=(Problem(reader.name, str(error)),))
        for reader, error in failed
    ]
    if not found:
        looked = "; ".join(f"{reader.name}: {reader.looks_for}" for reader in readers)
        raise InputError(f"No known set was recognised under {path}. Looked for {looked}.")
    lists = tree.find_files(_COMPOSITE_LIST)
    if name is None and lists:
        rows = composite.read_composite_list(lists[0])
        found.append(composite.composite(rows, {data.name: data for data in found}, path))
    return found


def _read_all(tree: Tree, readers: Sequence[Reader]) -> tuple[list[Dataset], list[tuple[Reader, InputError]]]:
    """What could be read, and the sets that are there but could not be."""
    found: list[Dataset] = []
    failed: list[tuple[Reader, InputError]] = []
    for reader in readers:
        if reader.finds(tree):
            try:
                found += reader.read(tree)
            except InputError as error:
                failed.append((reader, error))
    return found, failed
