"""Tables 4 to 6 of the user study (paper 004), row by row. Each table's two groups are the same 82 people."""

from collections.abc import Iterator, Mapping
from math import ceil, isinf, sqrt

from scipy import stats

from studies.paper_rows import PaperRow, Verdict, claim, compare, computed, impossible, judged, paper_figures
from studies.rounding import Range, f_of_p, mean_of, p_of_f, padded, printed, spread, t_of_p

_AS_SD = 'the column "Cohen\'s d" is taken as the pooled SD of A and B; groups as if independent'
_AS_D = 'if the column "Cohen\'s d" were d, this p would follow'
_NO_LIMIT = "open to one side: the paper prints p < 0.001"
_PADDED = "agrees if the zeros at the end of the printed means were filled in, not computed"


def emotion_tests() -> Iterator[PaperRow]:
    """Table 4 without its last row."""
    figures = paper_figures()
    n = figures["participants"]
    for name, row in figures["emotions"].items():
        yield _difference("4", name, row)
        p = p_of_f(_independent_f(row, n), 1, 2 * n - 2)
        yield compare(("4", name, "p of F(1, 162)"), row["p_manova"], p, _AS_SD)
        yield _if_it_were_d("4", name, row, n)
    corrected = _times(printed(figures["emotions"]["Fear"]["p_manova"]), 6)
    note = "the text calls p = 0.013 significant; after a correction for the six tests of Table 4 it is not"
    yield computed(("4", "Fear", "6 p (Bonferroni)"), corrected, note)
    note = (
        "what Table 4 prints are univariate tests of the mean over dimensions; the dimensions' covariances are missing"
    )
    yield impossible(("4", "all rows", "Pillai, Wilks, Hotelling-Lawley, Roy"), "MANOVA", note)


def overall_row() -> Iterator[PaperRow]:
    """Table 4, last row: not the mean of the others, and its "d" is another thing still."""
    figures = paper_figures()
    n, row, emotions = figures["participants"], figures["overall"], list(figures["emotions"].values())
    yield _difference("4", "Overall", row)
    for column, title in (("mean_a", "Mean A"), ("mean_b", "Mean B"), ("difference", "Diff (A-B)")):
        mean = mean_of([printed(one[column]) for one in emotions])
        yield compare(("4", "Overall", f"{title} as the mean of the six rows"), row[column], mean)
    f = _independent_f(row, n)
    yield compare(("4", "Overall", "p of F(1, 162)"), row["p_manova"], p_of_f(f, 1, 2 * n - 2), _AS_SD)
    yield _if_it_were_d("4", "Overall", row, n)
    given = f_of_p(printed(row["p_manova"]), 1, 2 * n - 2)
    eta = spread(lambda value: value / (value + 2 * n - 2), given)
    yield compare(("4", "Overall", "partial eta squared of F(1, 162)"), row["d"], eta, "from p: this seems to be it")
    note = "from Diff and p, as if independent"
    yield computed(("4", "Overall", "pooled SD"), _sd_needed(printed(row["difference"]).size, given, n), note)
    rows_mean = mean_of([printed(one["difference"]) for one in emotions]).size
    note = "from p and the mean difference of the six rows, as if independent; the rows' own SDs are 0.658 to 0.829"
    yield computed(("4", "Overall", "pooled SD with the rows' difference"), _sd_needed(rows_mean, given, n), note)
    note = "no p of a paired test and no SD of the differences is printed for this row"
    yield impossible(("4", "Overall", "paired t, d_z"), "", note)


def paired_tests(table: str, group: str, tests: int) -> Iterator[PaperRow]:
    """Table 5 ("emotions", 6 tests) or 6 ("dimensions", 3 tests): t, d_z and the rest from p, n and the difference."""
    figures = paper_figures()
    n = figures["participants"]
    for name, row in figures[group].items():
        if table != "5":
            yield _difference(table, name, row)
            p = p_of_f(_independent_f(row, n), 1, 2 * n - 2)
            yield compare((table, name, "p of F(1, 162) in the text"), row["p_manova"], p, _AS_SD)
        yield from _paired(table, name, row, n)
        corrected = _times(printed(row["p_paired"]), tests)
        said = "< 0.05" if name in _SIGNIFICANT else ">= 0.05"
        yield claim((table, name, f"{tests} p (Bonferroni)"), said, corrected, 0.05, _decided(corrected))


_SIGNIFICANT = ("Fear", "Disgust", "Clarity", "Authenticity")  # section 4.4


def _paired(table: str, name: str, row: Mapping[str, str], n: int) -> Iterator[PaperRow]:
    t = t_of_p(printed(row["p_paired"]), n - 1)
    difference, sd = -printed(row["difference"]), printed(row["d"])
    sign = 1 if difference.low > 0 else -1
    note = _NO_LIMIT if isinf(t.high) else ""
    size = difference.size
    sd_difference = spread(lambda d, value: d * sqrt(n) / value, size, t)
    covered = spread(lambda s, all_sd: 1 - s**2 / (2 * all_sd**2), sd_difference, sd)
    yield computed((table, name, f"t({n - 1})"), _signed(t, sign), note)
    d_z = _signed(spread(lambda value: value / sqrt(n), t), sign)
    yield compare((table, name, 'd_z against "Cohen\'s d"'), row["d"], d_z, note)
    real = spread(lambda d, all_sd: d / all_sd, difference, sd)
    told = "the difference over the pooled SD that the column prints"
    yield compare((table, name, 'd_av_rms against "Cohen\'s d"'), row["d"], real, told)
    yield computed((table, name, "SD of the differences"), sd_difference, note)
    told = "from t, difference and pooled SD (of A and B alike); they fit together if it can exist"
    fits = covered.meets(Range(-1.0, 1.0))
    yield judged((table, name, "correlation of A and B"), "-1 to 1", covered, fits, told)
    critical = float(stats.t.ppf(0.975, n - 1))
    for word, shift in (("lower", -critical), ("upper", critical)):
        end = spread(lambda d, value, shift=shift: d + abs(d) * shift / value, difference, t)
        yield computed((table, name, f"95 % CI of B - A, {word} end"), end, note)


def means_agree() -> Iterator[PaperRow]:
    """The mean over emotions (Table 5) is the mean over dimensions (Table 6) if every cell was rated."""
    figures = paper_figures()
    rows, others = list(figures["dimensions"].values()), list(figures["emotions"].values())
    for column, title in (("mean_a", "Mean A"), ("mean_b", "Mean B"), ("difference", "Diff (A-B)")):
        by_dimension, by_emotion = (mean_of([printed(row[column]) for row in part]) for part in (rows, others))
        loose = mean_of([padded(row[column]) for row in rows])
        agrees = by_dimension.meets(by_emotion)
        note = "" if agrees else _PADDED if loose.meets(by_emotion) else "the tables are not of the same ratings"
        text = f"{(by_dimension.low + by_dimension.high) / 2:.4f}"
        yield judged(("6", "mean of rows", f"{title} as the mean of Table 5"), text, by_emotion, agrees, note)


def whole_ratings() -> Iterator[PaperRow]:
    """Whether the means of Table 5 can be means of whole ratings: sums of 82 x 3 x k numbers (the GRIM test)."""
    figures = paper_figures()
    texts = [row[column] for row in figures["emotions"].values() for column in ("mean_a", "mean_b")]
    for items in (1, 2):
        count = figures["participants"] * 3 * items
        hits = sum(_is_sum(printed(text), count) for text in texts)
        word = "one item" if items == 1 else f"{items} items"
        note = f"of the 12 means A and B, how many are a whole number over {count}, everybody having answered all"
        quantity = f"means possible with {word} a dimension"
        yield judged(("5", "all rows", quantity), str(len(texts)), Range(hits, hits), hits == len(texts), note)


def _is_sum(mean: Range, count: int) -> bool:
    """Whether some whole number over ``count`` rounds to the printed mean."""
    return ceil(mean.low * count - 1e-9) <= mean.high * count + 1e-9


def _difference(table: str, name: str, row: Mapping[str, str]) -> PaperRow:
    a, b = printed(row["mean_a"]), printed(row["mean_b"])
    recomputed = Range(a.low - b.high, a.high - b.low)
    first = compare((table, name, "Diff (A-B)"), row["difference"], recomputed)
    loose_a, loose_b = padded(row["mean_a"]), padded(row["mean_b"])
    loose = Range(loose_a.low - loose_b.high, loose_a.high - loose_b.low)
    if first.verdict is Verdict.AGREES or not loose.meets(printed(row["difference"])):
        return first
    return compare((table, name, "Diff (A-B)"), row["difference"], recomputed, _PADDED)


def _if_it_were_d(table: str, name: str, row: Mapping[str, str], n: int) -> PaperRow:
    f = spread(lambda d: n / 2 * d**2, printed(row["d"]))
    return compare((table, name, "p if the column were d"), row["p_manova"], p_of_f(f, 1, 2 * n - 2), _AS_D)


def _independent_f(row: Mapping[str, str], n: int) -> Range:
    """F(1, 2 n - 2) of two groups of ``n``: (difference / SD)^2 n / 2."""
    return spread(lambda d, sd: (d / sd) ** 2 * n / 2, printed(row["difference"]).size, printed(row["d"]))


def _sd_needed(difference: Range, f: Range, n: int) -> Range:
    return spread(lambda d, value: d * sqrt(n / 2 / value), difference, f)


def _times(p: Range, tests: int) -> Range:
    return Range(min(1.0, p.low * tests), min(1.0, p.high * tests))


def _decided(corrected: Range) -> str:
    return "" if corrected.high < 0.05 or corrected.low >= 0.05 else "p rounds to values on both sides of 0.05"


def _signed(size: Range, sign: int) -> Range:
    return size if sign > 0 else -size
