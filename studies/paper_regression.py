"""Table 7 of the user study (paper 004) and the percentages of its text."""

from collections.abc import Iterator
from math import exp, log

from scipy import stats

from studies.paper_rows import PaperRow, claim, compare, computed, impossible, paper_figures
from studies.rounding import Range, mean_of, p_of_f, printed, spread


def regression_rows() -> Iterator[PaperRow]:
    """t, F, R2, adjusted R2 and p from each other; Shapiro-Wilk's p from its W."""
    figures = paper_figures()
    n, table = figures["participants"], figures["regression"]
    df = n - 2
    for name, title in (("intercept", "Intercept"), ("slope", "Recognition_Mean")):
        t = spread(lambda value, error: value / error, printed(table[name]), printed(table[f"{name}_se"]))
        yield compare(("7", title, "t = coefficient / standard error"), table[f"{name}_t"], t)
        p = spread(lambda value: 2 * float(stats.t.sf(value, df)), printed(table[f"{name}_t"]))
        yield claim(("7", title, f"p of t({df})"), "< 0.001", p, 0.001)
    f = spread(lambda value: value**2, printed(table["slope_t"]))
    yield compare(("7", "Model", "F = t squared"), table["f"], f)
    yield compare(("7", "Model", f"F(1, {df}) of R²"), table["f"], _f_of_r2(printed(table["r2"]), df))
    r2 = spread(lambda value: value / (value + df), printed(table["f"]))
    yield compare(("7", "Model", f"R² of F(1, {df})"), table["r2"], r2)
    adjusted = spread(lambda value: 1 - (1 - value) * (n - 1) / df, printed(table["r2"]))
    yield compare(("7", "Model", "adjusted R²"), table["adjusted_r2"], adjusted)
    yield claim(("7", "Model", "p of F"), "< 0.001", p_of_f(printed(table["f"]), 1, df), 0.001)
    shapiro = spread(lambda w: shapiro_p(w, n), printed(table["shapiro_w"]))
    yield compare(("7", "Residuals", "Shapiro-Wilk p of W"), table["shapiro_p"], shapiro, "after Royston (1995)")
    note = "no Durbin-Watson or other statistic is printed"
    yield impossible(("7", "Residuals", "independence"), "independent", note)
    yield _mean_recognition()


def _mean_recognition() -> PaperRow:
    """A least-squares line goes through the means."""
    figures = paper_figures()
    table, rated = figures["regression"], mean_of([printed(row["mean_b"]) for row in figures["emotions"].values()])
    intercept, slope = printed(table["intercept"]), printed(table["slope"])
    mean = spread(lambda b, start, rise: (b - start) / rise, rated, intercept, slope)
    note = "the line goes through the mean of B in Table 5"
    return computed(("7", "Recognition_Mean", "mean of the scores"), mean, note)


def text_rows() -> Iterator[PaperRow]:
    """Counts and thresholds of sections 4.2 to 4.4."""
    figures = paper_figures()
    n = figures["participants"]
    for sex in ("male", "female"):
        share = 100 * figures[sex]["count"] / n
        where = ("text", f"{figures[sex]['count']} of {n}", f"{sex}, %")
        yield compare(where, figures[sex]["percent"], Range(share, share))
    for key, title in (("middle_age_percent", "aged 25 to 30, %"), ("master_percent", "master's degree or above, %")):
        count = round(float(figures[key]) / 100 * n)
        share = 100 * count / n
        yield compare(("text", f"{count} of {n}", title), figures[key], Range(share, share), "the count is ours")
    alpha = Range(0.05 / 6, 0.05 / 6)
    yield compare(("text", "Bonferroni", "alpha = 0.05 / 6"), figures["bonferroni_alpha"], alpha)
    column = [printed(row["d"]) for row in figures["emotions"].values()]
    ends = (("lowest", min(column, key=lambda one: one.low)), ("highest", max(column, key=lambda one: one.low)))
    note = "the column's; they are pooled SDs in rating points, which Cohen's 0.2, 0.5, 0.8 do not judge"
    for word, end in ends:
        yield compare(("text", "Table 5", f'{word} "Cohen\'s d"'), figures[f"d_{word}"], end, note)


def shapiro_p(w: float, n: int) -> float:
    """p of Shapiro-Wilk's W for 12 <= n <= 2000 (Royston 1995, algorithm AS R94: ln(1 - W) is about normal)."""
    size = log(n)
    mean = 0.0038915 * size**3 - 0.083751 * size**2 - 0.31082 * size - 1.5861
    sd = exp(0.0030302 * size**2 - 0.082676 * size - 0.4803)
    return float(stats.norm.sf((log(1 - w) - mean) / sd))


def _f_of_r2(r2: Range, df: int) -> Range:
    return spread(lambda value: value / (1 - value) * df, r2)
