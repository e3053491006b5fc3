"""Sets of one sheet with a header and a folder of pictures a clip: CASME II and SAMM differ in names alone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from curves.errors import InputError
from recognizer.datasets.au_text import read_aus
from recognizer.datasets.cells import emotion_of, objective_of, uncropped_first
from recognizer.datasets.clip_rules import RowLabels
from recognizer.datasets.disk import Tree, subject_clip_pictures
from recognizer.datasets.gathering import Gathering, Reader
from recognizer.datasets.labels import Dataset
from recognizer.datasets.sheets import Row, newest, rows_with_header


@dataclass(frozen=True, slots=True)
class OneSheetSet:
    """How such a set names things. ``sheet``, ``subject_folder``, ``clip_folder``: patterns of file and folder names.
    ``subject``: the cell as the set's folders spell it; ``clip_of``: (subject, cell) to a name unique in the set."""

    name: str
    title: str
    fps: float
    sheet: str
    sheet_example: str
    subject_folder: str
    clip_folder: str
    onset: str
    apex: str
    offset: str
    subject: Callable[[str], str]
    clip_of: Callable[[str, str], str]
    looks_for: str

    @property
    def columns(self) -> tuple[str, ...]:
        return ("Subject", "Filename", self.onset, self.apex, self.offset, "Action Units", "Estimated Emotion")

    def folders(self, tree: Tree) -> list[Path]:
        return uncropped_first(tree.find_parents(self.subject_folder, self.clip_folder), tree.root)

    def finds(self, tree: Tree) -> bool:
        return bool(tree.find_files(self.sheet) or self.folders(tree))

    def read(self, tree: Tree) -> list[Dataset]:
        """Raises InputError where the pictures have no sheet beside them, or one that cannot be read."""
        sheets, variants = tree.find_files(self.sheet), self.folders(tree)
        if not sheets:
            raise InputError(
                f"{tree.root} holds clips of {self.title} but no label sheet: put {self.sheet_example} beside them."
            )
        sheet = newest(sheets)
        found = Gathering(self.name, self.title, tree.root)
        found.source(f"labels: {sheet.name}" + (f", of {len(sheets)} editions" if len(sheets) > 1 else ""))
        found.pictures(variants)
        for row in rows_with_header(sheet, self.columns):
            subject, name = self.subject(row.text("Subject")), row.text("Filename")
            if not subject or not name:
                found.lost_row(f"{self.name} line {row.line}", "The row names no subject or no clip.")
                continue
            pictures, where = subject_clip_pictures(tree, variants, subject, name)
            found.row(self._labels(row, subject, name), name, pictures, where)
        return [found.dataset()]

    def _labels(self, row: Row, subject: str, name: str) -> RowLabels:
        return RowLabels(
            dataset=self.name,
            clip=self.clip_of(subject, name),
            subject=subject,
            fps=self.fps,
            onset=row.number(self.onset),
            apex=row.number(self.apex),
            offset=row.number(self.offset),
            aus=read_aus(row.value("Action Units")),
            aus_text=row.text("Action Units"),
            emotion=emotion_of(row.text("Estimated Emotion")),
            objective=objective_of(row.text("Objective Classes")),
        )

    def reader(self) -> Reader:
        return Reader(self.name, self.title, self.looks_for, self.finds, self.read)
