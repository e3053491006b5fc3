"""The 3DB composite of MEGC2019 as flow images: CASME II, SAMM and SMIC, 442 clips of 68 people in three classes.

``<subject>/u_train|u_test/0|1|2/*.png``, 28 x 28 x 3: one folder a fold that leaves this subject out. What a fold tests
on is the subject's own; what it trains on are the other 67, so ``u_test`` of all subjects is the whole set, once.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from recognizer.datasets.disk import PICTURES, Tree
from recognizer.datasets.gathering import Gathering, Reader
from recognizer.datasets.labels import Dataset, FlowImage

NAME, TITLE = "3db", "3DB composite (flow images)"
CLASSES: Mapping[str, str] = MappingProxyType({"0": "negative", "1": "positive", "2": "surprise"})
SUBJECTS, CLIPS = 68, 442
_SUBJECT = r"(sub|s)?\d+"


def _folders(tree: Tree) -> list[Path]:
    return tree.find_parents(_SUBJECT, r"u_(train|test)")


def _finds(tree: Tree) -> bool:
    return bool(_folders(tree))


def _read(tree: Tree) -> list[Dataset]:
    root = _folders(tree)[0]
    found = Gathering(NAME, TITLE, tree.root)
    found.source("classes: folders 0 negative, 1 positive, 2 surprise of each subject's u_test")
    subjects = [folder for folder in tree.folders(root) if re.fullmatch(_SUBJECT, folder.name)]
    for subject in subjects:
        tests = tree.child(subject, "u_test")
        if tests is None:
            found.problem(f"{NAME} {subject.name}", "This subject has no folder u_test: its clips are not in the set.")
            continue
        for folder in tree.folders(tests):
            _read_class(found, subject.name, folder)
    if len(subjects) != SUBJECTS:
        found.problem(NAME, f"{len(subjects)} subjects are there; the composite has {SUBJECTS}.")
    return [found.dataset()]


def _read_class(found: Gathering, subject: str, folder: Path) -> None:
    emotion = CLASSES.get(folder.name)
    if emotion is None:
        found.problem(f"{NAME} {subject}", f"The folder {folder.name} is no class: 0, 1 and 2 are.")
        return
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICTURES and not path.name.startswith("."):
            found.image(FlowImage(NAME, f"{subject}/{folder.name}/{path.stem}", subject, emotion, path))


def source_of(subject: str) -> str:
    """The set that a subject of the composite is from, by how it is spelled: sub01, 006, s03."""
    if subject.startswith("sub"):
        return "casme2"
    return "smic-hs" if subject.startswith("s") else "samm"


READER = Reader(NAME, TITLE, "folders <subject>/u_train|u_test/0|1|2 of 28 x 28 pictures", _finds, _read)
