"""Every step against pandas, on tables by chance."""

import datetime as dt
import math
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.steps.apply import APPLY, apply_steps
from dataflowtools.src.errors import DataflowError, InvalidStep, UnknownColumn, WorkerResultTooLarge
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.steps.catalogue import Step, step_schemas
from dataflowtools.tests.unit.data_analysis.tables import as_pandas, assert_frames, frames, plain, same

STEPS = TypeAdapter(list[Step])
OTHER = frames("k", "y", max_rows=6)
tested: set[str] = set()


def run(frame, *steps, others=None, limits=None):
    tested.update(step["op"] for step in steps)
    work, _ = apply_steps(
        LoadedTable.held(frame),
        STEPS.validate_python(list(steps)),
        {name: LoadedTable.held(other) for name, other in (others or {}).items()},
        limits or AnalysisLimits(),
        preview_rows=None,
    )
    return work.table.collect()


def chance(max_examples=40):
    return settings(
        max_examples=max_examples, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


@chance()
@given(frame=frames())
def test_select_drop_rename(frame):
    table = as_pandas(frame)
    assert_frames(run(frame, {"op": "select", "columns": ["s", "i"]}), table[["s", "i"]])
    assert_frames(run(frame, {"op": "drop", "columns": ["s", "i"]}), table.drop(columns=["s", "i"]))
    assert_frames(run(frame, {"op": "drop", "missing": "any"}), table.dropna())
    assert_frames(
        run(frame, {"op": "drop", "missing": "all", "subset": ["i", "x"]}),
        table.dropna(how="all", subset=["i", "x"]),
    )
    assert_frames(
        run(frame, {"op": "rename", "names": {"i": "j", "j": "i"}}),
        table.rename(columns={"i": "j", "j": "i"}),
    )


@chance()
@given(frame=frames("i", "j", "k", "b"))
def test_filter_and_derive(frame):
    table = as_pandas(frame)
    holds = [(i or 0) > 0 or k == "a" for i, k in zip(plain(table.i), plain(table.k), strict=True)]
    kept = table[np.array(holds, dtype=bool)]
    assert_frames(run(frame, {"op": "filter", "condition": "i > 0 or k = 'a'"}), kept)
    wanted = table.assign(p=table.i + table.j)
    wanted = wanted.assign(q=wanted.p * 2, i=table.i + 1)
    columns = {"p": "i + j", "q": "p * 2", "i": "i + 1"}
    assert_frames(run(frame, {"op": "derive", "columns": columns}), wanted[["i", "j", "k", "b", "p", "q"]])


@chance()
@given(frame=frames("i", "x", "s", "b", "d"))
def test_cast(frame):
    table = as_pandas(frame)
    found = run(
        frame,
        {"op": "cast", "types": {"i": "text", "x": "integer", "b": "number", "d": "datetime", "s": "number"}},
    )
    assert same(found["i"], [None if pd.isna(v) else str(v) for v in table.i])
    assert same(found["x"], [None if pd.isna(v) or v != int(v) else int(v) for v in table.x])
    assert same(found["b"], table.b.astype("Float64"))
    assert same(found["d"], table.d)
    assert same(found["s"], [_number(v) for v in plain(table.s)])
    back = run(found, {"op": "cast", "types": {"i": "integer", "d": "date"}})
    assert same(back["i"], table.i)
    assert same(back["d"], table.d)


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("$1,234.50", ".", 1234.5), ("1.234,56 €", ",", 1234.56), ("12%", ".", 0.12), ("-3.5 %", ".", -0.035),
        ("(1,000)", ".", -1000.0), ("-$5", ".", -5.0), ("$-5", ".", -5.0), ("USD 7", ".", 7.0), ("￥8", ".", 8.0),
        ("1 234\u00a0567", ".", 1234567.0), ("1'000", ".", 1000.0), ("12元", ".", 12.0), (".5", ".", 0.5),
        ("1e3", ".", 1000.0), ("1.234", ".", 1.234), ("1.234", ",", 1234.0), ("1,5", ",", 1.5), ("−2", ".", -2.0),
        ("12,34", ".", None), ("1,2345", ".", None), ("--1", ".", None), ("5 apples", ".", None), ("$", ".", None),
    ],
)  # fmt: skip
def test_cast_reads_numbers_as_people_write_them(text, decimal, number):
    frame = pl.DataFrame({"s": [text, None]})
    found = run(frame, {"op": "cast", "types": {"s": "number"}, "decimal": decimal})
    assert found["s"].to_list() == [number if number is None else pytest.approx(number), None]


def _number(text):
    written = re.fullmatch(r" *(-?) *(1{1,3}(?:[, ]1{3})+|1+) *", text or "")
    return None if written is None else float(written[1] + re.sub("[, ]", "", written[2]))


@chance()
@given(frame=frames("i", "x", "s", "k"))
def test_fill(frame):
    table = as_pandas(frame)
    assert same(run(frame, {"op": "fill", "columns": ["i"], "value": 7})["i"], table.i.fillna(7))
    assert same(run(frame, {"op": "fill", "columns": ["s"], "value": "?"})["s"], table.s.fillna("?"))
    assert same(run(frame, {"op": "fill", "columns": ["k"], "method": "forward"})["k"], table.k.ffill())
    assert same(run(frame, {"op": "fill", "columns": ["k"], "method": "backward"})["k"], table.k.bfill())
    for method, value in {
        "mean": table.x.mean(),
        "median": table.x.median(),
        "min": table.x.min(),
        "max": table.x.max(),
        "zero": 0,
    }.items():
        wanted = table.x if value is pd.NA else table.x.fillna(value)
        assert same(run(frame, {"op": "fill", "columns": ["x"], "method": method})["x"], wanted), method
    mode = table.k.mode()
    assert same(
        run(frame, {"op": "fill", "columns": ["k"], "method": "mode"})["k"],
        table.k.fillna(mode.min()) if len(mode) else table.k,
    )
    straight = table.x.astype("float64").interpolate(limit_area="inside")
    assert same(run(frame, {"op": "fill", "columns": ["x"], "method": "interpolate"})["x"], straight)


@chance()
@given(days=st.lists(st.dates(dt.date(1970, 1, 1), dt.date(2050, 1, 1)), max_size=8))
def test_parse_dates(days):
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "%d %b %Y", "%B %d, %Y"):
        frame = pl.DataFrame({"t": [day.strftime(form) for day in days]}, schema={"t": pl.String})
        assert same(run(frame, {"op": "parse_dates", "columns": ["t"]})["t"], days), form
    frame = pl.DataFrame({"t": [day.strftime("%d/%m/%Y") for day in days] + ["x"]}, schema={"t": pl.String})
    step = {"op": "parse_dates", "columns": ["t"], "formats": ["%d/%m/%Y"], "to": "datetime"}
    assert same(run(frame, step)["t"], [*pd.to_datetime(frame["t"].to_list()[:-1], format="%d/%m/%Y"), None])
    with pytest.raises(InvalidStep):
        run(frame, {**step, "on_error": "refuse"})


@chance()
@given(frame=frames("k", "i"))
def test_map_values(frame):
    table = as_pandas(frame)
    mapping = {"a": "x", "甲": "y"}
    about = {"op": "map_values", "column": "k", "values": mapping}
    assert same(run(frame, about)["k"], table.k.replace(mapping))
    assert same(run(frame, {**about, "otherwise": "null"})["k"], [mapping.get(v) for v in plain(table.k)])
    assert same(
        run(frame, {**about, "otherwise": "default", "default": "z"})["k"],
        [mapping.get(v, "z") for v in plain(table.k)],
    )
    numbers = {"op": "map_values", "column": "k", "values": {"a": 1, "b": 2}, "otherwise": "null"}
    assert same(run(frame, numbers)["k"], [{"a": 1, "b": 2}.get(v) for v in plain(table.k)])


@chance()
@given(frame=frames("i", "x"))
def test_normalise_clip_bin(frame):
    table = as_pandas(frame)
    x = table.x.astype("float64")
    span, spread = x.max() - x.min(), x.std()
    quartiles = x.quantile(0.75) - x.quantile(0.25)
    wanted = {
        "minmax": (x - x.min()) / span if span > 0 else x * 0,
        "zscore": (x - x.mean()) / spread if spread > 0 else x * 0,
        "robust": (x - x.median()) / quartiles if quartiles > 0 else x * 0,
        "max": x / x.abs().max() if x.abs().max() > 0 else x * 0,
        "log1p": np.log1p(x.where(x > -1)),
    }
    for method, oracle in wanted.items():
        assert same(run(frame, {"op": "normalise", "columns": ["x"], "method": method})["x"], oracle), method
    assert same(
        run(frame, {"op": "clip", "columns": ["i"], "low": -10, "high": 10.5})["i"],
        table.i.astype("float64").clip(-10, 10.5),
    )
    edges = [-5.0, 0.0, 12.5]
    names = ["below -5", "-5 to 0", "0 to 12.5", "from 12.5"]
    cut = pd.cut(x, [-math.inf, *edges, math.inf], right=False, labels=names).astype(object)
    assert same(
        run(frame, {"op": "bin", "column": "x", "edges": edges})["x_bin"], cut.where(cut.notna(), None)
    )
    found = (
        run(frame, {"op": "bin", "column": "i", "count": 4, "labels": list("abcd")})
        if len(set(plain(table.i.dropna()))) > 1
        else None
    )
    if found is not None:
        low, high = int(table.i.min()), int(table.i.max())
        wanted_classes = [
            None if v is None else "abcd"[min(int((v - low) * 4 / (high - low)), 3)] for v in plain(table.i)
        ]
        assert plain(found["i_bin"]) == wanted_classes


@chance()
@given(frame=frames("k", "j"))
def test_encode(frame):
    table = as_pandas(frame)
    dummies = pd.get_dummies(table.k, prefix="k", dtype="int64")
    found = run(frame, {"op": "encode", "columns": ["k"]})
    assert_frames(
        found.select(sorted(found.columns)), pd.concat([table[["j"]], dummies], axis=1)[sorted(found.columns)]
    )
    order = sorted(table.k.dropna().unique())
    codes = run(frame, {"op": "encode", "columns": ["k"], "method": "ordinal", "keep": True})
    assert same(codes["k_code"], [None if v is None else order.index(v) for v in plain(table.k)])
    shares = run(frame, {"op": "encode", "columns": ["k"], "method": "frequency"})
    assert same(shares["k_frequency"], table.k.map(table.k.value_counts(normalize=True)))


@chance()
@given(frame=frames("s", "k"))
def test_texts(frame):
    table = as_pandas(frame)
    steps = {"trim": table.s.str.strip(), "lower": table.s.str.lower(), "upper": table.s.str.upper(),
             "digits": table.s.str.replace("[^0-9]", "", regex=True), "empty_to_null": table.s.mask(table.s == ""),
             "collapse": table.s.str.replace(r"\s+", " ", regex=True).str.strip()}  # fmt: skip
    for method, oracle in steps.items():
        assert same(run(frame, {"op": "text", "columns": ["s"], "methods": [method]})["s"], oracle), method
    about = {"op": "replace", "columns": ["s"], "by": "_"}
    assert same(run(frame, {**about, "pattern": "."})["s"], table.s.str.replace(".", "_", regex=False))
    assert same(
        run(frame, {**about, "pattern": "[a-c]+", "regex": True})["s"],
        table.s.str.replace("[a-c]+", "_", regex=True),
    )
    found = run(
        frame, {"op": "extract", "column": "s", "pattern": "([a-z])(?:.*?)([0-9])", "into": ["p", "q"]}
    )
    wanted = table.s.str.extract("([a-z])(?:.*?)([0-9])")
    assert same(found["p"], wanted[0])
    assert same(found["q"], wanted[1])
    named = run(frame, {"op": "extract", "column": "s", "pattern": "(?P<first>[a-z])"})
    assert same(named["first"], table.s.str.extract("([a-z])")[0])


@chance()
@given(frame=frames("s", "i"))
def test_split_and_explode(frame):
    table = as_pandas(frame)
    found = run(frame, {"op": "split", "column": "s", "separator": ",", "into": ["p", "q"], "keep": False})
    parts = [([*v.split(","), None])[:2] if v is not None else [None, None] for v in plain(table.s)]
    assert found.columns == ["i", "p", "q"]
    assert same(found["p"], [p for p, _ in parts])
    assert same(found["q"], [q for _, q in parts])
    rows = run(frame, {"op": "explode", "columns": ["s"], "separator": ","})
    exploded = table.assign(s=table.s.str.split(",")).explode("s")
    assert same(rows["s"], exploded["s"])
    assert same(rows["i"], exploded["i"])
    again = run(frame, {"op": "split", "column": "s", "separator": ","}, {"op": "explode", "columns": ["s"]})
    assert same(again["s"], rows["s"])


@chance()
@given(frame=frames("k", "j", "i"))
def test_rows(frame):
    table = as_pandas(frame)
    for keep, oracle in {"first": "first", "last": "last", "none": False}.items():
        step = {"op": "dedupe", "columns": ["k", "j"], "keep": keep}
        assert_frames(run(frame, step), table.drop_duplicates(["k", "j"], keep=oracle))
    assert_frames(run(frame, {"op": "dedupe"}), table.drop_duplicates())
    down = {"op": "sort", "by": [{"column": "i", "descending": True}]}
    assert_frames(run(frame, down), table.sort_values("i", ascending=False, kind="stable"))
    both = run(frame, {"op": "sort", "by": ["j", {"column": "i", "missing_last": False}]})
    keyed = sorted(range(len(table)), key=lambda n: _keys(table, n))
    assert_frames(both, table.iloc[keyed])
    assert_frames(run(frame, {"op": "limit", "rows": 3, "offset": 2}), table.iloc[2:5])


def _keys(table, number):
    j, i = plain(table.j)[number], plain(table.i)[number]
    return (j is None, j or 0, i is not None, i or 0)


@chance()
@given(frame=frames("i", min_rows=0, max_rows=30), seed=st.integers(0, 5))
def test_sample(frame, seed):
    frame = frame.with_row_index("n")
    once = run(frame, {"op": "sample", "rows": 5, "seed": seed})
    assert once.equals(run(frame, {"op": "sample", "rows": 5, "seed": seed}))
    assert once.height == min(5, frame.height)
    assert once["n"].is_sorted()
    assert once["n"].n_unique() == once.height
    assert frame[once["n"].to_list()].equals(once)
    assert run(frame, {"op": "sample", "fraction": 0.5}).height == int(frame.height * 0.5)


@chance(60)
@given(frame=frames("k", "i"), other=OTHER)
def test_join(frame, other):
    other = other.rename({"y": "z"})
    table, theirs = as_pandas(frame), as_pandas(other.rename({"z": "y"})).rename(columns={"y": "z"})
    known = theirs.dropna(subset=["k"])  # pandas joins missing keys with each other, SQL does not
    for how in ("inner", "left"):
        wanted = table.merge(known, on="k", how=how)
        assert_frames(
            run(frame, {"op": "join", "table": "o", "on": ["k"], "how": how}, others={"o": other}),
            wanted,
            ordered=False,
        )
    right = run(frame, {"op": "join", "table": "o", "on": ["k"], "how": "right"}, others={"o": other})
    wanted = table.dropna(subset=["k"]).merge(theirs, on="k", how="right")
    assert_frames(right.select("k", "i", "z"), wanted[["k", "i", "z"]], ordered=False)
    full = run(frame, {"op": "join", "table": "o", "on": ["k"], "how": "full"}, others={"o": other})
    lonely = theirs[theirs.k.isna()].assign(i=pd.Series(dtype="Int64"))
    outer = pd.concat([table.merge(known, on="k", how="outer"), lonely[["k", "i", "z"]]])
    assert_frames(full.select("k", "i", "z"), outer[["k", "i", "z"]], ordered=False)
    semi = run(frame, {"op": "join", "table": "o", "on": ["k"], "how": "semi"}, others={"o": other})
    assert_frames(semi, table[table.k.isin(known.k)], ordered=False)
    anti = run(frame, {"op": "join", "table": "o", "on": ["k"], "how": "anti"}, others={"o": other})
    assert_frames(anti, table[~table.k.isin(known.k)], ordered=False)
    cross = run(frame, {"op": "join", "table": "o", "how": "cross"}, others={"o": other})
    assert_frames(cross, table.merge(theirs, how="cross", suffixes=("", "_right")), ordered=False)


@chance()
@given(frame=frames("k", "i"), other=frames("k", "y"))
def test_union(frame, other):
    wanted = pd.concat([as_pandas(frame), as_pandas(other)])
    assert_frames(run(frame, {"op": "union", "tables": ["o"]}, others={"o": other}), wanted)
    with pytest.raises(InvalidStep):
        run(frame, {"op": "union", "tables": ["o"], "columns": "same"}, others={"o": other})


MEASURES = {
    "sum": lambda v: v.sum(min_count=1), "mean": lambda v: v.mean(), "min": lambda v: v.min(), "max": lambda v: v.max(),
    "count": lambda v: v.count(), "distinct": lambda v: v.nunique(), "median": lambda v: v.median(),
    "std": lambda v: v.std() if v.count() > 1 else None, "var": lambda v: v.var() if v.count() > 1 else None,
    "first": lambda v: v.iloc[0], "last": lambda v: v.iloc[-1], "mode": lambda v: v.mode().min() if v.count() else None,
    "list": plain, "missing": lambda v: v.isna().sum(), "range": lambda v: v.max() - v.min(),
    "quantile": lambda v: v.astype("float64").quantile(0.25),
}  # fmt: skip


@chance(60)
@given(frame=frames("k", "j", "i", "x", min_rows=1))
def test_group(frame):
    table = as_pandas(frame)
    for column in ("i", "x"):
        measures = [{"function": name, "column": column, "quantile": 0.25} for name in MEASURES] + [
            {"function": "rows"}
        ]
        found = run(frame, {"op": "group", "by": ["k"], "measures": measures})
        groups = table.groupby("k", dropna=False, sort=True)
        keys = sorted((key for key, _ in groups), key=lambda key: (pd.isna(key), str(key)))
        assert same(found["k"], keys)
        parts = [table[table.k.isna() if pd.isna(key) else (table.k == key).fillna(False)] for key in keys]
        for name, oracle in MEASURES.items():
            wanted = [oracle(part[column]) for part in parts]
            assert same(found[f"{column}_{name}"], wanted), (
                name,
                frame.to_dicts(),
                plain(found[f"{column}_{name}"]),
                plain(wanted),
            )
        assert same(found["rows"], [len(part) for part in parts])
    whole = run(frame, {"op": "group", "measures": [{"function": "sum", "column": "i", "name": "total"}]})
    assert same(whole["total"], [table.i.sum(min_count=1)])


@chance(60)
@given(frame=frames("k", "j", "i", missing=False))
def test_pivot(frame):
    table = as_pandas(frame)
    for function in ("sum", "mean", "min", "max", "count", "first", "last", "median"):
        found = run(
            frame, {"op": "pivot", "index": ["j"], "columns": "k", "values": "i", "function": function}
        )
        wanted = (
            table.pivot_table(index="j", columns="k", values="i", aggfunc=function).reset_index()
            if len(table)
            else None
        )
        if wanted is not None:
            wanted.columns = [str(name) for name in wanted.columns]
            assert_frames(found.select(sorted(found.columns)), wanted[sorted(wanted.columns)])
    counts = run(frame, {"op": "pivot", "index": ["j"], "columns": "k", "function": "rows", "fill": 0})
    if len(table):
        wanted = pd.crosstab(table.j, table.k).reset_index()
        assert_frames(counts.select(sorted(counts.columns)), wanted[sorted(map(str, wanted.columns))])


@chance()
@given(frame=frames("k", "i", "j", "x"))
def test_unpivot(frame):
    table = as_pandas(frame)
    found = run(
        frame, {"op": "unpivot", "index": ["k"], "columns": ["i", "j"], "name_to": "n", "value_to": "v"}
    )
    assert_frames(found, table.melt(["k"], ["i", "j"], "n", "v"))
    mixed = run(frame, {"op": "unpivot", "index": ["k"]})
    assert mixed.height == 3 * len(table)


WINDOWS = {
    "lag": lambda v: v.shift(1), "lead": lambda v: v.shift(-1), "cumulative_sum": lambda v: v.cumsum(),
    "cumulative_min": lambda v: v.cummin(), "cumulative_max": lambda v: v.cummax(),
    "cumulative_count": lambda v: v.notna().cumsum(), "rolling_sum": lambda v: v.astype("float64").rolling(3).sum(),
    "rolling_mean": lambda v: v.astype("float64").rolling(3).mean(), "rolling_min": lambda v: v.astype("float64").rolling(3).min(),
    "rolling_max": lambda v: v.astype("float64").rolling(3).max(), "rolling_std": lambda v: v.astype("float64").rolling(3).std(),
    "rank": lambda v: v.rank(method="min"), "dense_rank": lambda v: v.rank(method="dense"),
    "sum": lambda v: v.sum(min_count=1), "mean": lambda v: v.mean(), "min": lambda v: v.min(), "max": lambda v: v.max(),
    "count": lambda v: v.count(), "difference": lambda v: v.diff(), "first": lambda v: v.iloc[0], "last": lambda v: v.iloc[-1],
    "percent_change": lambda v: v.astype("float64") / v.astype("float64").shift(1).replace(0, np.nan) - 1,
    "share": lambda v: v.astype("float64") / v.sum() if v.sum() else v * pd.NA,
}  # fmt: skip


@chance(60)
@given(frame=frames("k", "i", "t", min_rows=1))
def test_window(frame):
    table = as_pandas(frame)
    columns = [{"function": name, "column": "i", "name": name} for name in WINDOWS] + [
        {"function": "row_number", "name": "row_number"}
    ]
    found = run(frame, {"op": "window", "partition_by": ["k"], "order_by": ["t"], "columns": columns})
    assert same(found["i"], table.i)
    ordered = table.sort_values("t", kind="stable", na_position="last")
    for name, oracle in WINDOWS.items():
        wanted = pd.Series([None] * len(table), dtype=object)
        for _, part in ordered.groupby("k", dropna=False, sort=False):
            result = oracle(part["i"])
            for place, index in enumerate(part.index):
                wanted[index] = result.iloc[place] if isinstance(result, pd.Series) else result
        assert same(found[name], wanted), (name, frame.to_dicts(), plain(found[name]), plain(wanted))
    numbers = ordered.groupby("k", dropna=False).cumcount() + 1
    assert same(found["row_number"], numbers.sort_index())


FREQUENCIES = {"1d": "D", "1w": "W-MON", "1mo": "MS", "1q": "QS", "1y": "YS", "6h": "6h"}


@chance(60)
@given(frame=frames("t", "i", min_rows=1, missing=False))
def test_resample(frame):
    start = frame["t"].min()
    frame = frame.with_columns(
        (start + (pl.col("t") - start) / 500).alias("t").cast(pl.Datetime("us")).dt.truncate("1s")
    )
    table = frame.to_pandas().set_index("t")
    for every, frequency in FREQUENCIES.items():
        step = {
            "op": "resample",
            "column": "t",
            "every": every,
            "measures": [{"function": "sum", "column": "i"}, {"function": "rows"}],
            "fill_gaps": True,
        }
        found = run(frame, step)
        options = {"label": "left", "closed": "left"} if frequency == "W-MON" else {}
        spans = table.i.resample(frequency, **options)
        counts = spans.count()
        assert same(found["t"], counts.index), every
        assert same(found["i_sum"], spans.sum(min_count=1)), every
        assert same(found["rows"].fill_null(0), counts), every
        dense = run(frame, {**step, "fill_gaps": False})
        assert same(dense["t"], counts[counts > 0].index), every


@chance()
@given(frame=frames("k", "i"), other=OTHER)
def test_sql(frame, other):
    table, theirs = as_pandas(frame), as_pandas(other)
    query = 'SELECT k, sum(i) AS total, count(*) AS n FROM data WHERE k IS NOT NULL GROUP BY k ORDER BY k COLLATE "C"'
    found = run(frame, {"op": "sql", "query": query.replace(' COLLATE "C"', "")}, others={"o": other})
    groups = table.groupby("k")
    wanted = pd.DataFrame({"total": groups.i.sum(min_count=1), "n": groups.size()}).reset_index()
    assert_frames(found, wanted)
    joined = run(
        frame, {"op": "sql", "query": "SELECT d.k, o.y FROM data d JOIN o ON d.k = o.k"}, others={"o": other}
    )
    assert_frames(joined, table.merge(theirs.dropna(subset=["k"]), on="k")[["k", "y"]], ordered=False)


def test_every_step_has_a_test_and_a_schema():
    assert tested | {"normalize"} >= set(APPLY)
    for entry in step_schemas():
        assert entry["op"] in APPLY
        assert entry["summary"].endswith(".")
        assert entry["schema"]["properties"]["op"]
        assert entry["schema"]["additionalProperties"] is False


FRAME = pl.DataFrame(
    {"k": ["a", "b"], "i": [1, 2], "s": ["x", "y"], "d": [dt.date(2024, 1, 1)] * 2, "l": [[1], [2]]}
)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ({"op": "select", "columns": ["nope"]}, UnknownColumn),
        ({"op": "select", "columns": ["k", "k"]}, InvalidStep),
        ({"op": "drop"}, InvalidStep),
        ({"op": "rename", "names": {"k": "i"}}, InvalidStep),
        ({"op": "rename", "names": {"k": ""}}, InvalidStep),
        ({"op": "filter", "condition": "i + 1"}, DataflowError),
        ({"op": "cast", "types": {"s": "integer"}, "on_error": "refuse"}, InvalidStep),
        ({"op": "cast", "types": {"d": "number"}}, InvalidStep),
        ({"op": "cast", "types": {"i": "date"}}, InvalidStep),
        ({"op": "cast", "types": {"l": "number"}}, InvalidStep),
        ({"op": "fill"}, InvalidStep),
        ({"op": "fill", "value": 1, "method": "zero"}, InvalidStep),
        ({"op": "fill", "columns": ["s"], "value": 1}, InvalidStep),
        ({"op": "fill", "columns": ["d"], "value": "soon"}, InvalidStep),
        ({"op": "map_values", "column": "k", "values": {"a": 1, "b": "x"}}, InvalidStep),
        ({"op": "normalise", "columns": ["s"]}, InvalidStep),
        ({"op": "encode", "columns": ["nope"]}, UnknownColumn),
        ({"op": "bin", "column": "i"}, InvalidStep),
        ({"op": "bin", "column": "i", "edges": [1], "labels": ["one"]}, InvalidStep),
        ({"op": "clip", "columns": ["i"], "low": 2, "high": 1}, InvalidStep),
        ({"op": "text", "columns": ["i"], "methods": ["trim"]}, InvalidStep),
        ({"op": "extract", "column": "s", "pattern": "(.)(.)", "into": ["p"]}, InvalidStep),
        ({"op": "extract", "column": "s", "pattern": "("}, DataflowError),
        ({"op": "parse_dates", "columns": ["l"]}, InvalidStep),
        ({"op": "sample"}, InvalidStep),
        ({"op": "explode", "columns": ["s"]}, InvalidStep),
        ({"op": "join", "table": "nope", "on": ["k"]}, InvalidStep),
        ({"op": "join", "table": "o"}, InvalidStep),
        ({"op": "join", "table": "o", "how": "cross", "on": ["k"]}, InvalidStep),
        ({"op": "join", "table": "o", "left_on": ["i"], "right_on": ["k"]}, InvalidStep),
        ({"op": "union", "tables": ["nope"]}, InvalidStep),
        ({"op": "group", "by": ["k"], "measures": [{"function": "sum", "column": "s"}]}, InvalidStep),
        ({"op": "group", "by": ["k"], "measures": [{"function": "sum"}]}, InvalidStep),
        (
            {"op": "group", "by": ["k"], "measures": [{"function": "sum", "column": "i", "name": "k"}]},
            InvalidStep,
        ),
        ({"op": "pivot", "index": ["i"], "columns": "k"}, InvalidStep),
        ({"op": "window", "columns": [{"function": "lag", "name": "n"}]}, InvalidStep),
        ({"op": "window", "columns": [{"function": "rolling_sum", "column": "s", "name": "n"}]}, InvalidStep),
        ({"op": "resample", "column": "s", "every": "1d", "measures": [{"function": "rows"}]}, InvalidStep),
        ({"op": "sql", "query": "SELECT nope FROM data"}, DataflowError),
    ],
)
def test_a_step_that_makes_no_sense_names_its_place(step, error):
    with pytest.raises(error) as caught:
        run(FRAME, {"op": "limit", "rows": 5}, step, others={"o": FRAME.select("k")})
    assert caught.value.field.startswith("/steps/1")


@pytest.mark.parametrize(
    "step",
    [
        {"op": "eval"},
        {"op": "select"},
        {"op": "select", "columns": ["a"], "code": "x"},
        {"op": "limit", "rows": "5"},
        {"op": "bin", "column": "a", "edges": [2, 1]},
    ],
)
def test_a_step_of_another_shape_is_refused(step):
    with pytest.raises(ValidationError):
        STEPS.validate_python([step])


SMALL = AnalysisLimits(rows=100, columns=20, cells=1000)
MANY = pl.DataFrame({"n": range(50), "one": [1] * 50, "l": [list(range(10))] * 50})


@pytest.mark.parametrize(
    ("step", "rows", "columns"),
    [
        ({"op": "join", "table": "o", "how": "cross"}, 2500, 7),
        ({"op": "join", "table": "o", "on": ["one"]}, 2500, 6),
        ({"op": "join", "table": "o", "on": ["one"], "how": "left"}, 2500, 6),
        ({"op": "join", "table": "o", "on": ["one"], "how": "full"}, 2500, 6),
        ({"op": "pivot", "index": ["one"], "columns": "n", "values": "one"}, 1, 51),
        ({"op": "unpivot", "index": ["l"], "columns": ["n", "one", "n2"]}, 150, 3),
        ({"op": "explode", "columns": ["l"]}, 500, 4),
        ({"op": "encode", "columns": ["n"]}, 50, 54),
        ({"op": "union", "tables": ["o", "o"]}, 150, 4),
    ],
)
def test_what_would_explode_is_refused_with_the_estimate(step, rows, columns):
    frame = MANY.with_columns(n2=pl.col("n"))
    with pytest.raises(WorkerResultTooLarge) as caught:
        run(frame, step, others={"o": MANY}, limits=SMALL)
    estimate = caught.value.extra["estimate"]
    assert (estimate["rows"], estimate["columns"]) == (rows, columns)


def test_a_cross_join_of_a_million_by_a_million_is_refused_at_once():
    million = pl.DataFrame({"a": pl.int_range(1_000_000, eager=True)})
    with pytest.raises(WorkerResultTooLarge) as caught:
        run(million, {"op": "join", "table": "o", "how": "cross"}, others={"o": million})
    assert caught.value.extra["estimate"]["rows"] == 10**12


def test_gaps_that_would_explode_are_refused():
    frame = pl.DataFrame({"t": [dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)]})
    step = {
        "op": "resample",
        "column": "t",
        "every": "1s",
        "measures": [{"function": "rows"}],
        "fill_gaps": True,
    }
    with pytest.raises(WorkerResultTooLarge):
        run(frame, step)


def test_lineage_names_the_columns_that_a_column_comes_from():
    steps = [
        {"op": "derive", "columns": {"p": "i * 2", "q": "p + length(s)"}},
        {"op": "join", "table": "o", "on": ["k"]},
        {
            "op": "group",
            "by": ["k"],
            "measures": [{"function": "sum", "column": "q"}, {"function": "max", "column": "w"}],
        },
    ]
    other = LoadedTable.held(pl.DataFrame({"k": ["a"], "w": [1]}))
    work, report = apply_steps(
        LoadedTable.held(FRAME), STEPS.validate_python(steps), {"o": other}, AnalysisLimits(), preview_rows=1
    )
    assert {name: sorted(sources) for name, sources in work.lineage.items()} == {
        "k": ["data.k"],
        "q_sum": ["data.i", "data.s"],
        "w_max": ["o.w"],
    }
    assert [entry["rows"] for entry in report.steps] == [2, 1, 1]
    assert report.steps[0]["preview"][0]["q"] == 3
