"""The report: whole, self-contained, escaped, and with a row for every result."""

import base64
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_data import EVIL, FORMULA, made_up_ratings, made_up_results

from studies import apa
from studies.corrections import correct
from studies.document import (
    Document,
    Heading,
    Paragraph,
    Table,
    markdown,
    render_html,
    render_markdown,
    without_formula,
)
from studies.manova import manova_published
from studies.paired import hotelling_t2_paired, paired_t
from studies.ratings import ALL, Missing, build_ratings
from studies.report import ReportSettings, build_document, write_report
from studies.report_summary import summary
from studies.report_tables import result_tables
from studies.report_text import methods_paragraph
from studies.results import Result, results_frame
from studies.settings import AnalysisSettings
from studies.vocabulary import DIMENSIONS, EMOTIONS


class Page(HTMLParser):
    """Text, elements and attributes of a page, as a browser takes them apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report") / "out"
    settings = ReportSettings(source=f"{EVIL}.csv", command="microexpr study analyze x.csv", simulated=True)
    written = write_report(made_up_results(), made_up_ratings(), place, settings)
    assert all(path.is_file() for path in written)
    return place


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "report.md").read_text(encoding="utf-8")


def test_page_asks_nobody_for_anything(html: str) -> None:
    page = Page(html)
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:image/svg+xml;base64,")), attributes
    assert not page.all("script") and not page.all("link") and "url(" not in html and "@import" not in html
    assert "default-src 'none'" in page.all("meta")[2]["content"]
    for image in page.all("img"):
        picture = base64.b64decode(image["src"].partition(",")[2]).decode()
        outside = re.findall(r'(?:href|src)="(?!#)([^"]*)"|url\((?!#)', picture)
        assert picture.lstrip().startswith("<?xml") and not outside and "<script" not in picture


def test_page_can_be_read_without_seeing_it(html: str) -> None:
    page = Page(html)
    assert page.all("html") == [{"lang": "en"}] and page.all("main") and page.all("title")
    assert len(page.all("img")) == 4 and all(len(image["alt"]) > 30 for image in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table")) > 5
    assert all(head.get("scope") in ("col", "row") for head in page.all("th"))
    assert html.count('<th scope="row"></th>') == 0
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch(r"h\d", name)]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in pairwise(levels))
    anchors = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {link["href"][1:] for link in page.all("a")} <= anchors


def test_strangers_words_are_text_in_html(html: str) -> None:
    words = "".join(Page(html).words)
    assert "<script" not in html
    assert words.count(EVIL) >= 4  # the file's name, a reason, a gender, a term
    assert f"'{FORMULA}" in words and f">{FORMULA}" not in html


def test_strangers_words_are_text_in_markdown(text: str) -> None:
    assert "<script" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;\\|\\`x\\`" in text
    assert f"'{FORMULA}" in text
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table


def test_every_result_is_shown(html: str, text: str) -> None:
    for name in ("paired_t", "manova_published", "something_new", "effect_sizes"):
        assert name in html and markdown(name) in text
    for words in ("t(11) = 3.00", "[0.10, 0.40]", "Pillai's trace = .031, F(3, 20) = 0.21", "Q = 1.25", "0.47", "0.33"):
        assert words in "".join(Page(html).words) and markdown(words) in text
    assert "n = 1: too few, sadly" in html and "n = 1: too few, sadly" in text


def test_marks_and_simulation_are_told(html: str, text: str) -> None:
    for page in (html, text):
        assert (
            "Ignores pairing" in page and "Simulated data" in page and "simulated data" in page.splitlines()[0] + page
        )
    plain = build_document(made_up_results(), made_up_ratings(), ReportSettings(), [])
    assert not any(isinstance(block, Paragraph) and "Simulated" in block.text for block in plain.blocks)
    ratings = made_up_ratings()
    named = ratings.long.assign(participant_id="sim-" + ratings.long["participant_id"])
    people = ratings.people.set_axis("sim-" + ratings.people.index)
    known = build_document(made_up_results(), build_ratings(named, people), ReportSettings(), [])
    assert any(isinstance(block, Paragraph) and "Simulated" in block.text for block in known.blocks)


def test_methods_name_only_what_was_done_and_with_what(html: str) -> None:
    methods = next(word for word in Page(html).words if "Computed with" in word)
    for words in (
        "paired t tests",
        "d_z is the mean difference divided",
        "emotions: 6",
        "scipy",
        "statsmodels",
        "B - A",
    ):
        assert words in methods
    assert "Wilcoxon" not in methods and "mixed model" not in methods


def methods_of(rows: Sequence[Result], n: int = 12) -> str:
    return methods_paragraph(results_frame(rows), n, Missing.STRICT, AnalysisSettings())


def test_what_the_flow_table_does_not_tell_of_the_data_is_told() -> None:
    rows = [
        Result(analysis="data", term=term, n=3, note=f"note {at}")
        for at, term in enumerate(("missing ratings", "ratings before", "unpaired cells"))
    ]
    words = render_markdown(build_document(results_frame(rows), made_up_ratings(), ReportSettings(), []))
    assert "- Unpaired cells: note 2 (n = 3)." in words
    assert "note 1" not in words


def test_methods_claim_no_analysis_without_a_number() -> None:
    done = Result(analysis="paired_t", emotion="fear", dimension=ALL, statistic_name="t", statistic=2.0, df1=11, p=0.07)
    rows = [
        done,
        Result(analysis="order_effect", note="no sessions table was given (--sessions)"),
        Result(analysis="lmm", statistic_name="z", effect_name="d_s", note="n = 1: too few"),
    ]
    words = methods_of(rows, 1)
    assert words.startswith("1 participant rated")
    assert methods_of(rows).startswith("12 participants rated")
    assert "paired t tests" in words
    assert "presentation order" not in words
    assert "random intercept" not in words
    assert "pooled standard deviation" not in words
    assert "Could not be computed, for the reasons in the tables: Linear mixed model; Effect of the order" in words
    assert "Bonferroni" not in words  # no p was corrected
    assert "Could not be computed" not in methods_of([done])
    assert "two-sided" not in methods_of(rows[1:])


def test_methods_name_the_sizes_of_families_and_how_many_tests_were_corrected() -> None:
    ratings = made_up_ratings()
    asked = AnalysisSettings()
    frame = results_frame(correct([*paired_t(ratings, asked), *hotelling_t2_paired(ratings, asked)]))
    words = methods_paragraph(frame, 12, Missing.STRICT, AnalysisSettings())
    assert "emotions: 6 (anger," in words
    assert "cells: 18 (each emotion in each dimension)" in words
    assert "Corrected tests: 6 by emotion, 3 by dimension, 18 by emotion and dimension in paired_t; " in words
    assert "; 6 by emotion in hotelling_t2_paired." in words
    mine = AnalysisSettings(families={"mine": ("fear", "anger"), "dimensions": DIMENSIONS})
    assert "mine x dimensions: 6 (each" in methods_paragraph(frame, 12, Missing.STRICT, mine)


def test_markdown_has_its_figures_beside_it(folder: Path, text: str) -> None:
    named = re.findall(r"\]\((figures/[a-z]+\.png)\)", text)
    assert named == [f"figures/{name}.png" for name in ("means", "differences", "effects", "regression")]
    for name in named:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert (folder / name).with_suffix(".svg").is_file()


def test_same_words_twice(folder: Path, html: str) -> None:
    settings = ReportSettings(source=f"{EVIL}.csv", command="microexpr study analyze x.csv", simulated=True)
    document = build_document(made_up_results(), made_up_ratings(), settings, [])
    told = [word for word in Page(render_html(document)).words if word.strip()]
    once = [word for word in Page(html).words if word.strip()]
    assert set(told) - {"Figure"} <= set(once)


def test_report_of_nobody_and_of_two() -> None:
    for people in (1, 2):
        ratings = made_up_ratings(people=people)
        document = build_document(results_frame([]), ratings, ReportSettings(), [])
        assert "None of these analyses" in render_html(document) and render_markdown(document)


@pytest.mark.parametrize("analysis", ["paired_t", "lmm", "effect_sizes"])
def test_no_row_of_a_table_is_lost(analysis: str) -> None:
    rows = [
        Result(
            analysis=analysis, emotion=emotion, dimension=dimension, n=9,
            term="" if analysis == "effect_sizes" else name, effect_name=name, effect=float(1000 + at),
            note=f"note {at}; of all",
        )
        for at, (emotion, dimension, name) in enumerate(
            (emotion, dimension, name)
            for emotion in (ALL, "fear", "anger")
            for dimension in (ALL, "clarity", "naturalness")
            for name in ("d_z", "g_z")
        )
    ]  # fmt: skip
    tables = result_tables(results_frame(rows), analysis)
    told = "\n".join(cell for table in tables for row in table.rows for cell in row)
    assert len(tables) == 2
    for at in range(len(rows)):
        assert f"{1000 + at}.00" in told and re.search(rf"note {at}\b", told)
    assert all("of all" in table.caption for table in tables)


def test_summary_says_who_differs_who_not_and_of_whom_there_is_no_test() -> None:
    _, listing = summary(made_up_results(), AnalysisSettings())
    lines = " ".join(getattr(listing, "items", ()))
    assert "p < .001" in lines and "d_z = 0.50 [0.10, 0.90]" in lines
    assert re.search(r"A and B differ in fear \(B - A = 0.25, 95 % CI \[0.10, 0.40\], t\(11\) = 2.00", lines)
    assert (
        "do not differ significantly in anger" in lines
        and "no test exists for sadness (n = 1: too few, sadly)" in lines
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0004, "< .001"), (0.034, ".034"), (0.9999, "> .999"), (1.0, "1.000"), (None, "–"), (float("nan"), "–"),
        (0, "< .001"),
    ],
)  # fmt: skip
def test_p_values(value: float | None, words: str) -> None:
    assert apa.p_value(value) == words


@pytest.mark.parametrize(
    ("value", "bounded", "words"),
    [
        (0.5, False, "0.50"), (-0.5, True, "-.50"), (0.0, True, ".00"), (-0.001, False, "-0.001"), (1.0, True, "1.00"),
        (1e-9, False, "0.00"), (-1e-9, True, ".00"), (12.345, True, "12.35"), (0.999, True, "1.00"),
    ],
)  # fmt: skip
def test_numbers(value: float, bounded: bool, words: str) -> None:
    assert apa.number(value, bounded=bounded) == words


def test_statistics() -> None:
    assert apa.statistic("F", 6.3217, 1, 162) == "F(1, 162) = 6.32"
    assert apa.statistic("F_greenhouse_geisser", 2.0, 3.456, 200.0) == "F (Greenhouse-Geisser)(3.46, 200) = 2.00"
    assert apa.statistic("t", None, 11) == "–" and apa.statistic("", None) == "–"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("T2", 14.29, "T² = 14.29, F(3, 79) = 4.65"),
        ("pillai", 0.1, "Pillai's trace = .100, F(3, 79) = 2.93"),
        ("wilks", 0.9, "Wilks' lambda = .900, F(3, 79) = 2.93"),
        ("hotelling_lawley", 1 / 9, "Hotelling-Lawley trace = 0.11, F(3, 79) = 2.93"),
        ("roy", 1 / 9, "Roy's root = 0.11, F(3, 79) = 2.93"),
        ("wilks", 0.0, "Wilks' lambda = .000"),
        ("pillai", 1.0, "Pillai's trace = 1.000"),
    ],
)
def test_degrees_of_freedom_stand_with_the_f_they_belong_to(name: str, value: float, words: str) -> None:
    assert apa.statistic(name, value, 3, 79) == words


def test_f_of_each_multivariate_statistic_is_the_one_computed() -> None:
    ratings = made_up_ratings()
    rows = [*manova_published(ratings, AnalysisSettings()), *hotelling_t2_paired(ratings, AnalysisSettings())]
    f = next(row.statistic for row in rows if row.statistic_name == "F")
    for row in rows[:4]:
        assert apa.statistic(row.statistic_name, row.statistic, row.df1, row.df2).endswith(f"F(3, 20) = {f:.2f}")
    told = re.search(r"F = ([\d.]+)", rows[-7].note)
    assert told is not None
    assert apa.statistic("T2", rows[-7].statistic, 3, 9).endswith(f"F(3, 9) = {float(told[1]):.2f}")


def test_a_manova_is_one_row_with_one_p() -> None:
    (table,) = result_tables(results_frame(manova_published(made_up_ratings(), AnalysisSettings())), "manova_published")
    assert [row[0] for row in table.rows] == [ALL, *EMOTIONS]
    for name in ("Pillai's trace = ", "Wilks' lambda = ", "Hotelling-Lawley trace = ", "Roy's root = ", "F(3, 20) = "):
        assert all(sum(cell.count(name) for cell in row) == 1 for row in table.rows)
    (gone,) = result_tables(
        results_frame(manova_published(made_up_ratings(people=1), AnalysisSettings())), "manova_published"
    )
    assert len(gone.rows) == 1 + len(EMOTIONS)
    assert "too few participants" in gone.caption


def test_a_table_with_a_short_row_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 cells, got 1"):
        Table("x", ("a", "b"), (("1",),))


@given(st.text(max_size=40))
def test_any_text_is_text_in_both_forms(words: str) -> None:
    document = Document("t", (Heading("h"), Paragraph(words), Table("c", ("a", "b"), ((words, "1"),))))
    page = Page(render_html(document))
    plain = Page(render_html(Document("t", (Heading("h"), Paragraph(""), Table("c", ("a", "b"), (("", "1"),))))))
    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    line = [line for line in render_markdown(document).splitlines() if line.startswith("|")][2]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3
    assert not re.search(r"<[a-zA-Z/!]", render_markdown(document))


@pytest.mark.parametrize("words", ["=1+1", "@SUM(A1)", "+cmd|x", "-cmd|x", "\t=1"])
def test_formulas_are_made_text_and_numbers_stay(words: str) -> None:
    assert without_formula(words) == f"'{words}"
    assert [without_formula(number) for number in ("-0.34", "+.5", "–", "-")] == ["-0.34", "+.5", "–", "-"]
