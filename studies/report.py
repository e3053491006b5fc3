"""The report of a study for who must judge it: ``report.html`` (one file) and ``report.md`` with its figures."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from studies import apa
from studies.analysis import POLICIES
from studies.descriptives import describe_pairs
from studies.document import (
    Block,
    Document,
    Heading,
    Illustration,
    Listing,
    Paragraph,
    Table,
    render_html,
    render_markdown,
)
from studies.figures import Picture
from studies.pictures import draw_all
from studies.ratings import Ratings
from studies.report_summary import summary
from studies.report_tables import result_tables
from studies.report_text import SECTIONS, methods_paragraph
from studies.results import is_simulated
from studies.settings import AnalysisSettings
from studies.vocabulary import SCALE, VIDEOS

#: What ``write_report`` writes beside the folder ``figures``.
OUTPUTS: tuple[str, ...] = ("report.html", "report.md")


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """``source``: what the data are called (a file's name). ``command``: how the report was made. ``simulated``: the
    data are no people's, and the report says so first; ids of ``microexpr study simulate`` are known in any case."""

    title: str = "Perception study: videos without and with micro-expressions"
    source: str = ""
    command: str = ""
    simulated: bool = False
    analysis: AnalysisSettings = field(default_factory=AnalysisSettings)


def write_report(
    frame: pd.DataFrame, ratings: Ratings, folder: Path, settings: ReportSettings | None = None
) -> list[Path]:
    """Writes ``report.html``, ``report.md`` and ``figures/*.svg, *.png`` into ``folder`` (made if missing); what is
    there is replaced.

    ``frame``: the table of ``studies.results.results_frame``; every row of it is shown.
    """
    chosen = settings or ReportSettings()
    pictures = draw_all(frame, ratings, chosen.analysis)
    document = build_document(frame, ratings, chosen, pictures)
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    written = [folder / name for name in OUTPUTS]
    for path, render in zip(written, (render_html, render_markdown), strict=True):
        path.write_text(render(document), encoding="utf-8", newline="\n")
    for picture in pictures:
        for suffix, content in (("svg", picture.svg), ("png", picture.png)):
            written.append(figures / f"{picture.name}.{suffix}")
            written[-1].write_bytes(content)
    return written


def build_document(
    frame: pd.DataFrame, ratings: Ratings, settings: ReportSettings, pictures: Iterable[Picture]
) -> Document:
    """The report as blocks, before it is HTML or Markdown."""
    numbers = {picture.name: Illustration(picture, at) for at, picture in enumerate(pictures, 1)}
    blocks: list[Block] = []
    simulated = settings.simulated or is_simulated(ratings.people.index)
    if simulated:
        blocks.append(
            Paragraph("Simulated data: no person gave these ratings. For teaching and tests only.", "warning")
        )
    blocks += [*_question(ratings), *summary(frame, settings.analysis)]
    blocks += [*_data(frame, ratings, settings), *_people(ratings)]
    blocks += [
        Heading("Methods"),
        Paragraph(methods_paragraph(frame, len(ratings.people), ratings.policy, settings.analysis)),
    ]
    blocks += [Heading("Ratings"), _descriptive_table(ratings)]
    blocks += [numbers[name] for name in ("means", "differences") if name in numbers]
    for section in SECTIONS:
        part = frame[frame["analysis"].isin(section.analyses)]
        blocks += [Heading(section.title), Paragraph(section.intro)]
        if not len(part):
            blocks.append(Paragraph("None of these analyses is in the results."))
        elif section.warning:
            blocks.append(Paragraph(section.warning, "warning"))
        for name in section.analyses:
            blocks += result_tables(part[part["analysis"] == name], name)
        blocks += [numbers[name] for name in _FIGURES_OF.get(section.title, ()) if name in numbers]
    blocks += _others(frame)
    title = f"{settings.title} (simulated data)" if simulated else settings.title
    foot = "Numbers are rounded here; results.csv has them in full precision."
    if settings.command:
        foot += f" Made by: {settings.command}"
    return Document(title, tuple(blocks), foot)


_DATA = "data"  # rows of results that the flow table shows
_FIGURES_OF = {"Effect sizes": ("effects",), "Regression on the recognition score": ("regression",)}


def _question(ratings: Ratings) -> list[Block]:
    emotions, dimensions = ", ".join(ratings.emotions) or "none", ", ".join(ratings.dimensions) or "anything"
    return [
        Heading("Question"),
        Paragraph(
            f"Do people rate a virtual human's expression higher in {dimensions} when a micro-expression is added? "
            f"Every participant rated two videos of each emotion ({emotions}) from {SCALE[0]} to {SCALE[1]}: A without "
            "the micro-expression, B with it. The null hypothesis is that the mean difference B - A is zero."
        ),
    ]


def _data(frame: pd.DataFrame, ratings: Ratings, settings: ReportSettings) -> list[Block]:
    people, rated = ratings.people, ratings.cells
    whole = len(people) * len(ratings.emotions) * len(ratings.dimensions) * len(VIDEOS)
    items = f"{len(ratings.items)} items a dimension ({', '.join(ratings.items)})" if ratings.items else "one item each"
    facts = (
        *((f"Data: {settings.source}.",) if settings.source else ()),
        *_told_of_data(frame, ratings),
        f"Analysed: {len(people)} participants, {len(ratings.long)} ratings, {items}.",
        f"Missing ratings: policy {ratings.policy} ({POLICIES[ratings.policy]}).",
        f"{len(rated)} of {whole} means of participant, emotion, dimension and video exist.",
    )
    blocks: list[Block] = [Heading("Data"), Listing(facts)]
    if len(ratings.flow):
        rows = tuple(tuple(_word(value) for value in row) for row in ratings.flow.itertuples(index=False))
        columns = tuple(str(name) for name in ratings.flow.columns)
        numeric = frozenset(columns.index(name) for name in ("rows", "participants") if name in columns)
        caption = f"Flow: what came, what was excluded and why, what was analysed ({_DATA})."
        blocks.append(Table(caption, columns, rows, numeric, heads=2))
    else:
        blocks += result_tables(frame[frame["analysis"] == _DATA], _DATA)
    return blocks


def _told_of_data(frame: pd.DataFrame, ratings: Ratings) -> list[str]:
    """The rows of ``_DATA`` that stand neither in the flow table nor in the other facts."""
    shown = {"missing ratings", *(f"{row.table} {row.step}" for row in ratings.flow.itertuples(index=False))}
    rows = frame[(frame["analysis"] == _DATA) & ~frame["term"].isin(shown)].to_dict("records")
    return [f"{row['term'].capitalize()}: {row['note']} (n = {row['n']})." for row in rows if len(ratings.flow)]


def _people(ratings: Ratings) -> list[Block]:
    people, rows = ratings.people, []
    for column in ("gender", "age_band", "education", "order", "attention_check_passed"):
        if column in people:
            words = people[column].map(_word).replace("", "not given")
            counts = words.value_counts(sort=False).sort_index()
            shares = (100 * counts / len(people)).map("{:.1f}".format)
            rows += [(_label(column), str(name), str(counts[name]), shares[name]) for name in counts.index]
    blocks: list[Block] = [Heading("Participants")]
    if rows:
        caption = f"Participants analysed (n = {len(people)})."
        columns = ("characteristic", "value", "n", "%")
        blocks.append(Table(caption, columns, tuple(rows), frozenset({2, 3}), heads=2, has_notes=False))
    facts = [
        f"{_label(column).capitalize()}: n = {len(values)}, M = {apa.number(values.mean())}, "
        f"SD = {apa.number(values.std())}, from {apa.number(values.min())} to {apa.number(values.max())}."
        for column in ("recognition_score", "duration_s")
        if column in people and len(values := pd.to_numeric(people[column], errors="coerce").dropna().astype("float64"))
    ]
    return [*blocks, Listing(tuple(facts))] if facts else blocks


def _descriptive_table(ratings: Ratings) -> Table:
    rows = tuple(
        (
            *(str(row[name]) for name in ("emotion", "dimension", "n")),
            *(apa.number(row[name]) for name in ("mean_a", "sd_a", "mean_b", "sd_b", "difference", "sd_difference")),
        )
        for row in describe_pairs(ratings).to_dict("records")
    )
    columns = ("emotion", "dimension", "n", "M of A", "SD of A", "M of B", "SD of B", "M of B - A", "SD of B - A")
    caption = (
        "Participants' mean ratings; SDs are between participants. \"all\": the mean of the participant's ratings over "
        "emotions or dimensions."
    )
    return Table(caption, columns, rows, frozenset(range(2, 9)), heads=2, has_notes=False)


def _others(frame: pd.DataFrame) -> list[Block]:
    known = {_DATA, *(name for section in SECTIONS for name in section.analyses)}
    names = [name for name in dict.fromkeys(frame["analysis"]) if name not in known]
    blocks: list[Block] = [Heading("Other results")] if names else []
    for name in names:
        blocks += result_tables(frame[frame["analysis"] == name], name)
    return blocks


def _label(column: str) -> str:
    return {"duration_s": "duration in seconds"}.get(column, column.replace("_", " "))


def _word(value: object) -> str:
    if apa.missing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return str(value)
