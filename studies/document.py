"""A report as a row of blocks, and its two forms: one HTML file that needs no other, and Markdown beside pictures.

What strangers wrote (names, notes) is escaped in both, and a text that a spreadsheet would run as a formula when a
table is pasted into it gets an apostrophe before it.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from studies.figures import Picture

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_FORMULA = re.compile(r"^(?:[=@\t\r]|[+-](?![\d.]))")


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int = 2
    kind: str = field(default="heading", init=False)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``tone``: "" or "warning" (the reader must not miss it)."""

    text: str
    tone: str = ""
    kind: str = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[str, ...]
    kind: str = field(default="listing", init=False)


@dataclass(frozen=True, slots=True)
class Table:
    """``rows``: as many cells as ``columns``; the first ``heads`` cells of a row name it, ``numeric`` columns are
    aligned to the right, the last column may hold notes: sentences that wrap."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    heads: int = 1
    has_notes: bool = True
    kind: str = field(default="table", init=False)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.caption!r}: expected {len(self.columns)} cells, got {len(row)}")


@dataclass(frozen=True, slots=True)
class Illustration:
    picture: Picture
    number: int
    kind: str = field(default="illustration", init=False)


Block = Heading | Paragraph | Listing | Table | Illustration


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    blocks: tuple[Block, ...]
    foot: str = ""


def render_html(document: Document) -> str:
    """One page without a script and without a request to anywhere; pictures are inside as data URIs."""
    return _template().render(document=document, numbered=_numbered(document))


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(cell=without_formula, data_uri=_data_uri)
    return environment.from_string(files("studies").joinpath("templates/report.html.j2").read_text(encoding="utf-8"))


def render_markdown(document: Document, folder: str = "figures") -> str:
    """GitHub's Markdown; the pictures are PNG files in ``folder`` beside it."""
    lines = [f"# {markdown(document.title)}", ""]
    tables = 0
    for block in document.blocks:
        if isinstance(block, Heading):
            lines.append(f"{'#' * block.level} {markdown(block.text)}")
        elif isinstance(block, Paragraph):
            lines.append(f"> **{markdown(block.text)}**" if block.tone else markdown(block.text))
        elif isinstance(block, Listing):
            lines += [f"- {markdown(item)}" for item in block.items]
        elif isinstance(block, Table):
            tables += 1
            lines += _markdown_table(block, tables)
        else:
            picture = block.picture
            lines += [f"![{markdown(picture.alt)}]({folder}/{picture.name}.png)", ""]
            lines.append(f"**Figure {block.number}.** {markdown(f'{picture.title}. {picture.caption}')}")
        lines.append("")
    return "\n".join([*lines, markdown(document.foot), ""])


def markdown(text: str) -> str:
    """Plain text that Markdown shows as it stands: no markup, no HTML, no mathematics, no table cell of its own."""
    words = " ".join(without_formula(text).split())
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    words = _SPECIAL.sub(r"\\\1", words)
    words = re.sub(r"(?i)\b(https?|ftp|mailto|www)([:.])", r"\1\\\2", words)  # no link of its own making
    return re.sub(r"^(\d+)([.)])(?=\s)", r"\1\\\2", re.sub(r"^([-+#])(?=[\s#-]|$)", r"\\\1", words))


def without_formula(text: str) -> str:
    """With an apostrophe before what a spreadsheet would run; numbers with a sign stay numbers."""
    return f"'{text}" if _FORMULA.match(text) and text not in ("-", "–") else text


def _markdown_table(table: Table, number: int) -> list[str]:
    rule = [" ---: " if index in table.numeric else " --- " for index in range(len(table.columns))]
    rows = [_line(table.columns), f"|{'|'.join(rule)}|", *(_line(row) for row in table.rows)]
    return [f"**Table {number}.** {markdown(table.caption)}", "", *rows]


def _line(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {markdown(cell)} " for cell in cells) + "|"


def _numbered(document: Document) -> dict[int, str]:
    """By position of a block: the number of a table, the anchor of a heading."""
    tables = 0
    numbers: dict[int, str] = {}
    for position, block in enumerate(document.blocks):
        if isinstance(block, Table):
            tables += 1
            numbers[position] = str(tables)
        elif isinstance(block, Heading):
            numbers[position] = f"section-{position}"
    return numbers


def _data_uri(picture: Picture) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.svg).decode('ascii')}"
