"""Corrections: textbook numbers, who is corrected with whom, and families of the user's own."""

from dataclasses import replace

import pytest

from curves.errors import InputError
from studies.corrections import correct, declare_families
from studies.ratings import ALL
from studies.results import Result
from studies.vocabulary import DIMENSIONS, EMOTIONS

P = (0.01, 0.04, 0.03)


def rows(values: tuple[float | None, ...] = P, words: tuple[str, ...] = DIMENSIONS, **more: str) -> list[Result]:
    name = "dimension" if words[0] in DIMENSIONS else "emotion"
    about = {"analysis": "t", "emotion": ALL, "dimension": ALL, **more}
    return [Result(**{**about, name: word}, p=p) for word, p in zip(words, values, strict=False)]


def corrected(results: list[Result], column: str) -> list[float | None]:
    return [getattr(found, column) for found in correct(results)]


def test_textbook_numbers() -> None:
    assert corrected(rows(), "p_bonferroni") == pytest.approx([0.03, 0.12, 0.09])
    assert corrected(rows(), "p_holm") == pytest.approx([0.03, 0.06, 0.06])
    assert corrected(rows(), "p_fdr") == pytest.approx([0.03, 0.04, 0.04])


def test_the_rest_of_the_row_stays() -> None:
    before = rows(note="kept")
    cleared = {"p_bonferroni": None, "p_holm": None, "p_fdr": None}
    assert [replace(found, **cleared) for found in correct(before)] == before


def test_emotions_and_dimensions_are_families_of_their_own() -> None:
    both = [*rows(), *rows((0.01,) * 6, EMOTIONS)]
    assert corrected(both, "p_bonferroni") == pytest.approx([0.03, 0.12, 0.09, *[0.06] * 6])


def test_cells_are_corrected_together() -> None:
    cells = [Result(analysis="t", emotion=e, dimension=d, p=0.001) for e in EMOTIONS for d in DIMENSIONS]
    assert corrected(cells, "p_bonferroni") == pytest.approx([0.018] * 18)


@pytest.mark.parametrize("field", ["analysis", "statistic_name", "term"])
def test_what_differs_in_more_than_the_word_is_not_corrected_together(field: str) -> None:
    both = [*rows(), *[replace(found, **{field: "other"}) for found in rows()]]
    assert corrected(both, "p_bonferroni") == pytest.approx([0.03, 0.12, 0.09] * 2)


def test_the_declared_size_counts_where_a_test_does_not_exist() -> None:
    """R: p.adjust(c(.001, .012, .03, .04, .2), method, n = 6)."""
    some = (0.001, 0.012, None, 0.03, 0.04, 0.2)
    for given in (rows(some, EMOTIONS), [row for row in rows(some, EMOTIONS) if row.p is not None]):
        found = [row for row in correct(given) if row.p is not None]
        assert [row.p_bonferroni for row in found] == pytest.approx([0.006, 0.072, 0.18, 0.24, 1.0])
        assert [row.p_holm for row in found] == pytest.approx([0.006, 0.06, 0.12, 0.12, 0.4])
        assert [row.p_fdr for row in found] == pytest.approx([0.006, 0.036, 0.06, 0.06, 0.24])
        assert {row.note for row in found} == {"family of 6, 5 tests exist"}
    assert corrected(rows((None, None, None)), "p_holm") == [None, None, None]


def test_the_note_names_the_size_of_cells_and_of_families_with_gaps_alone() -> None:
    assert {row.note for row in correct(rows())} == {""}
    assert [row.note for row in correct(rows((0.01, None, None), note="kept"))] == [
        "kept; family of 3, 1 test exists",
        "kept",
        "kept",
    ]
    cells = [Result(analysis="t", emotion=e, dimension=d, p=0.001) for e in EMOTIONS for d in DIMENSIONS]
    assert {row.note for row in correct(cells)} == {"family cells of 18"}
    assert {row.note for row in correct(cells[1:])} == {"family cells of 18, 17 tests exist"}
    own = correct(cells, declare_families(["two=fear,anger"]))
    fear = [row for row in own if row.emotion == "fear"]
    assert {row.note for row in fear} == {"family two x dimensions of 6"}
    assert [row.p_holm for row in fear] == pytest.approx([0.006] * 3)
    assert {row.p_holm for row in own if row.emotion == "sadness"} == {None}


def test_pooled_rows_are_in_no_family() -> None:
    pooled = [Result(analysis="t", emotion=ALL, dimension=ALL, p=0.01), Result(analysis="regression", p=0.01)]
    assert corrected(pooled, "p_bonferroni") == [None, None]


def test_a_family_of_the_users_own() -> None:
    families = declare_families(["negative=fear, disgust"])
    assert families == {"dimensions": DIMENSIONS, "negative": ("fear", "disgust")}
    found = correct(rows((0.01,) * 6, EMOTIONS), families)
    given = {one.emotion: one.p_bonferroni for one in found}
    assert given["fear"] == given["disgust"] == pytest.approx(0.02)
    assert {given[name] for name in ("anger", "happiness", "sadness", "surprise")} == {None}


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["fear"], "is not understood"),
        (["x="], "is not understood"),
        (["x=fear,joy"], "must hold emotions only"),
        (["x=fear,clarity"], "must hold emotions only"),
        (["x=fear", "x=anger"], "declared twice"),
        (["x=fear", "y=fear"], "'fear' is declared twice"),
        (["emotions=clarity"], "name of a default family"),
        (["cells=clarity"], "name of a default family"),
    ],
)
def test_families_that_cannot_be(texts: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        declare_families(texts)
