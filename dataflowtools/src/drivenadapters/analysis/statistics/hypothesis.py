"""Hypothesis tests, computed by SciPy on the values that are there."""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.steps.context import check_columns
from dataflowtools.src.errors import InvalidAnalysis
from dataflowtools.src.logics.data_analysis.analyses import HypothesisTest

Numbers = NDArray[np.float64]
_MAX_GROUPS = 100
_MAX_SHAPIRO = 5_000
_FIELD = "/options/analysis"
_TABLES = frozenset({"chi_square", "fisher"})
_PAIRED = frozenset({"t_paired", "wilcoxon", "pearson", "spearman", "kendall"})
_ONE = frozenset({"t_one_sample", "shapiro", "normality"})


def run_test(table: LoadedTable, ask: HypothesisTest) -> dict[str, Any]:
    """Run a test; InvalidAnalysis when it cannot be computed from what is there."""
    check_columns([*ask.columns, *([ask.group] if ask.group else [])], table.schema)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with np.errstate(all="ignore"):
            found = _run(table, ask)
    p_value = found.get("p_value")
    if p_value is None or math.isnan(p_value):
        raise InvalidAnalysis(
            "The test has no result for these values: there are too few, or they do not vary.", field=_FIELD
        )
    notes = sorted({str(one.message)[:200] for one in said})
    return {
        "test": ask.test,
        **{name: _plain(value) for name, value in found.items()},
        "alpha": ask.alpha,
        "rejected": bool(p_value < ask.alpha),
        "alternative": ask.alternative,
        "notes": notes,
    }


def _run(table: LoadedTable, ask: HypothesisTest) -> dict[str, Any]:
    if ask.test in _TABLES:
        return _contingency(table, ask)
    if ask.test == "binomial":
        return _binomial(table, ask)
    if ask.test in _PAIRED:
        return _paired(ask, *_pairs(table, ask))
    samples = _samples(table, ask)
    if ask.test in _ONE:
        return _alone(ask, *samples[:1]) if len(samples) == 1 else _wrong(f"{ask.test} takes one column")
    return _compared(ask, samples)


def _wrong(message: str) -> dict[str, Any]:
    raise InvalidAnalysis(f"{message}.", field=f"{_FIELD}/columns")


def _numbers(table: LoadedTable, columns: Sequence[str]) -> pl.DataFrame:
    for name in columns:
        if not (table.schema[name].is_numeric() or table.schema[name] == pl.Boolean):
            _wrong(f"The column {name[:60]!r} holds no numbers")
    return table.lazy.select(pl.col(list(columns)).cast(pl.Float64)).collect(engine="streaming")


def _samples(table: LoadedTable, ask: HypothesisTest) -> list[Numbers]:
    if ask.group is None:
        frame = _numbers(table, ask.columns)
        return [frame.get_column(name).drop_nulls().to_numpy() for name in ask.columns]
    if len(ask.columns) != 1:
        _wrong("With a group one column is compared")
    name = ask.columns[0]
    values = _numbers(table, [name]).get_column(name)
    groups = table.lazy.select(pl.col(ask.group).cast(pl.String)).collect(engine="streaming").to_series()
    frame = pl.DataFrame({"group": groups, "value": values}).drop_nulls().sort("group", maintain_order=True)
    parts = frame.partition_by("group", maintain_order=True)
    if not 2 <= len(parts) <= _MAX_GROUPS:  # noqa: PLR2004  # one group has nothing to be compared with
        _wrong(f"The group column makes {len(parts)} groups; 2 to {_MAX_GROUPS} are compared")
    return [part.get_column("value").to_numpy() for part in parts]


def _pairs(table: LoadedTable, ask: HypothesisTest) -> tuple[Numbers, Numbers]:
    if len(ask.columns) != 2:  # noqa: PLR2004  # a pair
        _wrong(f"{ask.test} takes two columns")
    frame = _numbers(table, ask.columns).drop_nulls()
    return frame.get_column(ask.columns[0]).to_numpy(), frame.get_column(ask.columns[1]).to_numpy()


def _alone(ask: HypothesisTest, sample: Numbers) -> dict[str, Any]:
    about = {"n": len(sample), "mean": _mean(sample)}
    if ask.test == "t_one_sample":
        if ask.value is None:
            raise InvalidAnalysis(
                "t_one_sample wants value, the mean to compare with.", field=f"{_FIELD}/value"
            )
        found = stats.ttest_1samp(sample, ask.value, alternative=ask.alternative)
        return {**_pair_of(found), "degrees_of_freedom": found.df, **about}
    if ask.test == "shapiro":
        if not 3 <= len(sample) <= _MAX_SHAPIRO:  # noqa: PLR2004  # what the test is defined for
            _wrong(f"shapiro takes 3 to {_MAX_SHAPIRO} values; normality takes more")
        return {**_pair_of(stats.shapiro(sample)), **about}
    if len(sample) < 8:  # noqa: PLR2004  # what the test is defined for
        _wrong("normality takes 8 values or more")
    return {**_pair_of(stats.normaltest(sample)), **about}


def _paired(ask: HypothesisTest, one: Numbers, other: Numbers) -> dict[str, Any]:
    if len(one) < 2:  # noqa: PLR2004  # nothing to compute from
        _wrong("There are fewer than two pairs of values")
    tests: dict[str, Callable[..., Any]] = {
        "t_paired": stats.ttest_rel,
        "wilcoxon": stats.wilcoxon,
        "pearson": stats.pearsonr,
        "spearman": stats.spearmanr,
        "kendall": stats.kendalltau,
    }
    found = tests[ask.test](one, other, alternative=ask.alternative)
    return {**_pair_of(found), "n": len(one), "means": [_mean(one), _mean(other)]}


def _compared(ask: HypothesisTest, samples: list[Numbers]) -> dict[str, Any]:
    about = {"n": [len(one) for one in samples], "means": [_mean(one) for one in samples]}
    if any(len(one) < 2 for one in samples):  # noqa: PLR2004  # nothing to compute from
        _wrong("A group has fewer than two values")
    if ask.test in {"anova", "kruskal", "levene"}:
        if len(samples) < 2:  # noqa: PLR2004  # one group has nothing to be compared with
            _wrong(f"{ask.test} compares two groups or more")
        tests: dict[str, Callable[..., Any]] = {
            "anova": stats.f_oneway, "kruskal": stats.kruskal, "levene": stats.levene,
        }  # fmt: skip
        return {**_pair_of(tests[ask.test](*samples)), **about}
    if len(samples) != 2:  # noqa: PLR2004  # two samples
        _wrong(f"{ask.test} compares exactly two groups; there are {len(samples)}")
    one, other = samples
    if ask.test == "t_independent":
        found = stats.ttest_ind(one, other, equal_var=ask.equal_variance, alternative=ask.alternative)
        return {**_pair_of(found), "degrees_of_freedom": found.df, "effect_size": _cohen(one, other), **about}
    if ask.test == "mann_whitney":
        return {**_pair_of(stats.mannwhitneyu(one, other, alternative=ask.alternative)), **about}
    return {**_pair_of(stats.ks_2samp(one, other, alternative=ask.alternative)), **about}


def _contingency(table: LoadedTable, ask: HypothesisTest) -> dict[str, Any]:
    if len(ask.columns) != 2:  # noqa: PLR2004  # rows and columns
        _wrong(f"{ask.test} takes two columns of categories")
    one, other = ask.columns
    texts = table.lazy.select(
        pl.col(one).cast(pl.String).alias("a"), pl.col(other).cast(pl.String).alias("b")
    )
    counts = texts.drop_nulls().group_by("a", "b").len().collect(engine="streaming")
    rows, columns = counts["a"].unique().sort().to_list(), counts["b"].unique().sort().to_list()
    if not 2 <= len(rows) <= _MAX_GROUPS or not 2 <= len(columns) <= _MAX_GROUPS:  # noqa: PLR2004  # a table
        _wrong(f"The columns make a table of {len(rows)} by {len(columns)}; 2 to {_MAX_GROUPS} are compared")
    cells = np.zeros((len(rows), len(columns)))
    for a, b, count in counts.rows():
        cells[rows.index(a), columns.index(b)] = count
    about = {"n": int(cells.sum()), "rows": rows, "columns": columns, "observed": cells.astype(int).tolist()}
    if ask.test == "fisher":
        if cells.shape != (2, 2):
            _wrong("fisher takes columns of two categories each")
        found = stats.fisher_exact(cells, alternative=ask.alternative)
        return {**_pair_of(found), **about}
    found = stats.chi2_contingency(cells)
    smallest = min(cells.shape) - 1
    return {
        **_pair_of(found),
        "degrees_of_freedom": found.dof,
        "expected": found.expected_freq.tolist(),
        "cramers_v": math.sqrt(
            stats.chi2_contingency(cells, correction=False).statistic / cells.sum() / smallest
        ),
        **about,
    }


def _binomial(table: LoadedTable, ask: HypothesisTest) -> dict[str, Any]:
    name = ask.columns[0]
    if table.schema[name] != pl.Boolean or len(ask.columns) != 1:
        _wrong("binomial takes one column of truth values")
    values = table.lazy.select(pl.col(name).drop_nulls()).collect(engine="streaming").to_series()
    share = 0.5 if ask.value is None else ask.value
    if not len(values) or not 0 <= share <= 1:
        _wrong("binomial wants values, and a share between 0 and 1")
    found = stats.binomtest(int(values.sum()), len(values), share, alternative=ask.alternative)
    return {
        "statistic": found.statistic,
        "p_value": found.pvalue,
        "n": len(values),
        "successes": int(values.sum()),
    }


def _pair_of(found: Any) -> dict[str, Any]:
    return {"statistic": found.statistic, "p_value": float(found.pvalue)}


def _mean(sample: Numbers) -> float | None:
    return float(sample.mean()) if len(sample) else None


def _cohen(one: Numbers, other: Numbers) -> float | None:
    pooled = ((len(one) - 1) * one.var(ddof=1) + (len(other) - 1) * other.var(ddof=1)) / (
        len(one) + len(other) - 2
    )
    return float((one.mean() - other.mean()) / math.sqrt(pooled)) if pooled > 0 else None


def _plain(value: Any) -> Any:
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
