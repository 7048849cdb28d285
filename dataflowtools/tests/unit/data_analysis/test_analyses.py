"""Profiles, correlations and hypothesis tests against pandas, NumPy and worked examples."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.profile.analyze import run_analysis
from dataflowtools.src.errors import InvalidAnalysis, OperationNotAllowed, UnknownColumn, WorkerResultTooLarge
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.tests.unit.data_analysis.tables import as_pandas, frames, plain, same


def analyse(frame, chart=None, result="json", others=None, limits=None, **analysis):
    tables = {"data": LoadedTable.held(frame)} | {
        name: LoadedTable.held(one) for name, one in (others or {}).items()
    }
    request = {"analysis": {"kind": "profile", **analysis}, "result": result, "chart": chart}
    return run_analysis(tables, request, limits or AnalysisLimits())


def near(one, other):
    if one is None or other is None or pd.isna(other):
        return one is None and (other is None or pd.isna(other))
    return math.isclose(one, other, rel_tol=1e-7, abs_tol=1e-7)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(frame=frames(max_rows=25))
def test_a_profile_is_what_pandas_says(frame):
    table, found = as_pandas(frame), analyse(frame, bins=7, top=3)
    assert found["rows"] == len(table)
    columns = {column["name"]: column for column in found["columns"]}
    assert list(columns) == frame.columns
    assert found["missing_cells"] == int(table.isna().sum().sum())
    assert found["duplicate_rows"]["count"] == int(table.duplicated().sum())
    for name, column in columns.items():
        assert column["missing"] == int(table[name].isna().sum())
        assert column["count"] == int(table[name].count())
        if table[name].count():
            assert column["distinct"] == table[name].nunique(), name
            assert column["unique"] == (table[name].is_unique and not table[name].hasnans)
    for name in ("i", "x", "y"):
        check_numbers(columns[name], table[name].dropna().astype("float64"))
    check_texts(columns["s"], table["s"].dropna())
    check_moments(columns["d"], table["d"].dropna())
    check_correlations(found, table)


def check_numbers(column, values):
    if not len(values):
        assert "mean" not in column
        return
    for name, oracle in {
        "min": values.min(),
        "max": values.max(),
        "mean": values.mean(),
        "sum": values.sum(),
    }.items():
        assert near(column[name], oracle), name
    assert near(column["std"], values.std() if len(values) > 1 else None)
    for share in (1, 5, 25, 50, 75, 95, 99):
        assert near(column["quantiles"][f"p{share}"], values.quantile(share / 100)), share
    assert column["zeros"] == int((values == 0).sum())
    assert column["negatives"] == int((values < 0).sum())
    first, third = values.quantile(0.25), values.quantile(0.75)
    low, high = column["outliers"]["low"], column["outliers"]["high"]
    assert near(low, first - 1.5 * (third - first))
    assert near(high, third + 1.5 * (third - first))
    assert column["outliers"]["count"] == int(((values < low) | (values > high)).sum())
    histogram = column["histogram"]
    assert sum(histogram["counts"]) == len(values)
    if len(histogram["edges"]) > 2:
        counts, _ = np.histogram(values, bins=histogram["edges"])
        assert counts.tolist() == histogram["counts"]


def check_texts(column, values):
    if not len(values):
        return
    lengths = values.str.len()
    assert column["length"]["min"] == lengths.min()
    assert column["length"]["max"] == lengths.max()
    assert near(column["length"]["mean"], lengths.mean())
    assert column["empty"] == int((values == "").sum())
    counts = values.value_counts()
    assert [entry["count"] for entry in column["top"]] == sorted(counts, reverse=True)[:3]
    assert all(counts[entry["value"]] == entry["count"] for entry in column["top"])
    assert sum(entry["count"] for entry in column["patterns"]) <= len(values)


def check_moments(column, values):
    if not len(values):
        return
    assert column["min"] == values.min().date().isoformat()
    assert column["max"] == values.max().date().isoformat()
    assert near(column["span_days"], (values.max() - values.min()).days)
    assert sum(column["weekdays"].values()) == len(values) == sum(column["histogram"]["counts"])


def check_correlations(found, table):
    names = found["correlation"]["columns"]
    assert names == ["i", "j", "x", "y"]
    numbers = table[names].astype("float64")
    wanted = numbers.corr()
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            got = found["correlation"]["matrix"][i][j]
            both = numbers[[one, other]].dropna()
            varies = len(both) > 1 and both.nunique().min() > 1
            if varies and min(both.std()) > 1e-6 * max(1, both.abs().max().max()):
                assert math.isclose(got, wanted.loc[one, other], abs_tol=1e-6), (one, other)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(frame=frames("i", "j", min_rows=3, max_rows=25))
def test_rank_correlation_is_what_pandas_says(frame):
    found = analyse(frame, kind="correlation", method="spearman")["correlation"]["matrix"][0][1]
    both = as_pandas(frame).dropna().astype("float64")
    wanted = both.rank().corr().iloc[0, 1] if len(both) > 1 else None
    assert near(found, wanted)


def test_texts_are_recognised_and_shaped():
    frame = pl.DataFrame({
        "mail": ["a@b.cn", "x.y@z.org", "q@w.com"], "phone": ["13800138000", "13912345678", "18600000001"],
        "name": ["王小明", "李雷", "韩梅梅"], "day": ["2024年1月2日", "2024年11月12日", "2023年5月6日"], "id": ["AB-12", "CD-34", "EF-5"],
    })  # fmt: skip
    columns = {column["name"]: column for column in analyse(frame)["columns"]}
    kinds = {name: (column["meaning"] or {}).get("kind") for name, column in columns.items()}
    assert kinds == {"mail": "email", "phone": "mobile_cn", "name": "chinese", "day": "date_cn", "id": None}
    assert columns["id"]["patterns"] == [{"pattern": "A-9", "count": 3, "example": "AB-12"}]
    assert columns["name"]["patterns"][0]["pattern"] == "中"


def test_a_profile_of_nothing_and_of_one_row():
    empty = analyse(pl.DataFrame(schema={"a": pl.Int64, "b": pl.String}))
    assert (empty["rows"], len(empty["columns"]), empty["duplicate_rows"]["count"]) == (0, 2, 0)
    one = analyse(pl.DataFrame({"a": [5], "b": ["x"]}))
    assert one["columns"][0]["std"] is None
    assert one["columns"][0]["constant"]


def test_results_as_tables():
    frame = pl.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 4], "w": [2.0, 4.0, 8.0]})
    rows = analyse(frame, result="table")["table"]
    assert [row["name"] for row in rows] == ["k", "v", "w"]
    assert rows[1]["p50"] == 2
    assert len(analyse(frame, kind="correlation", result="table")["table"]) == 4
    grouped = analyse(frame, kind="group", by=["k"])
    assert grouped["data"] == [
        {"k": "a", "rows": 2, "v_mean": 2.5, "w_mean": 5.0},
        {"k": "b", "rows": 1, "v_mean": 2.0, "w_mean": 4.0},
    ]
    assert analyse(frame, kind="sql", query="SELECT max(v) AS m FROM data")["data"] == [{"m": 4}]
    pivot = analyse(frame, kind="pivot", index=["k"], columns="v", values="w")
    assert pivot["data"][0] == {"k": "a", "1": 2.0, "2": None, "4": 8.0}


# Worked examples whose answers are in textbooks: Student's sleep data, Fisher's tea, Mendel-like counts.
SLEEP = pl.DataFrame({
    "extra": [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0, 1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
    "drug": ["1"] * 10 + ["2"] * 10,
})  # fmt: skip
PAIRS = pl.DataFrame({"a": SLEEP["extra"][:10], "b": SLEEP["extra"][10:]})
TEA = pl.DataFrame(
    {"poured": ["milk"] * 4 + ["tea"] * 4, "said": ["milk"] * 3 + ["tea"] + ["milk"] + ["tea"] * 3}
)
COIN = pl.DataFrame({"head": [True] * 9 + [False]})


@pytest.mark.parametrize(
    ("frame", "analysis", "statistic", "p_value"),
    [
        (SLEEP, {"test": "t_independent", "columns": ["extra"], "group": "drug"}, -1.8608, 0.07939),
        (SLEEP, {"test": "t_independent", "columns": ["extra"], "group": "drug", "equal_variance": True}, -1.8608, 0.07919),
        (PAIRS, {"test": "t_paired", "columns": ["a", "b"]}, -4.0621, 0.002833),
        (PAIRS, {"test": "t_independent", "columns": ["a", "b"]}, -1.8608, 0.07939),
        (SLEEP, {"test": "t_one_sample", "columns": ["extra"], "value": 0}, 3.413, 0.002918),
        (SLEEP, {"test": "anova", "columns": ["extra"], "group": "drug"}, 3.463, 0.0792),
        (SLEEP, {"test": "mann_whitney", "columns": ["extra"], "group": "drug"}, 25.5, 0.06933),
        (SLEEP, {"test": "kruskal", "columns": ["extra"], "group": "drug"}, 3.4378, 0.06372),
        (TEA, {"test": "fisher", "columns": ["poured", "said"]}, 9.0, 0.4857),
        (TEA, {"test": "chi_square", "columns": ["poured", "said"]}, 0.5, 0.4795),
        (COIN, {"test": "binomial", "columns": ["head"]}, 0.9, 0.02148),
    ],
)  # fmt: skip
def test_worked_examples(frame, analysis, statistic, p_value):
    found = analyse(frame, kind="test", **analysis)["test"]
    assert found["statistic"] == pytest.approx(statistic, rel=2e-3)
    assert found["p_value"] == pytest.approx(p_value, rel=2e-3)
    assert found["rejected"] == (p_value < 0.05)


def test_tests_of_association_and_shape():
    frame = pl.DataFrame({"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [2, 1, 4, 3, 6, 5, 8, 7], "g": ["x", "y"] * 4})
    wanted = pd.DataFrame(frame.select("a", "b").to_dict(as_series=False), dtype="float64")
    for name in ("pearson", "spearman", "kendall"):
        found = analyse(frame, kind="test", test=name, columns=["a", "b"])["test"]
        assert found["statistic"] == pytest.approx(
            wanted.corr(name if name == "pearson" else "pearson").iloc[0, 1] if name != "kendall" else 5 / 7,
            rel=1e-6,
        )
    for name in ("shapiro", "normality"):
        assert 0 < analyse(frame, kind="test", test=name, columns=["a"])["test"]["p_value"] <= 1
    for name in ("levene", "kolmogorov_smirnov"):
        assert analyse(frame, kind="test", test=name, columns=["a"], group="g")["test"]["p_value"] > 0.5
    assert analyse(frame, kind="test", test="wilcoxon", columns=["a", "b"])["test"]["n"] == 8


@pytest.mark.parametrize(
    "analysis",
    [
        {"kind": "test", "test": "t_one_sample", "columns": ["v"]},
        {"kind": "test", "test": "t_independent", "columns": ["k"]},
        {"kind": "test", "test": "t_independent", "columns": ["v"]},
        {"kind": "test", "test": "t_paired", "columns": ["v"]},
        {"kind": "test", "test": "anova", "columns": ["v"], "group": "c"},
        {"kind": "test", "test": "chi_square", "columns": ["k", "c"]},
        {"kind": "test", "test": "shapiro", "columns": ["v", "v"]},
        {"kind": "test", "test": "pearson", "columns": ["v", "c1"]},
        {"kind": "test", "test": "binomial", "columns": ["v"]},
        {"kind": "correlation", "columns": ["k"]},
    ],
)
def test_a_test_that_cannot_be_computed_says_why(analysis):
    frame = pl.DataFrame({"k": ["a", "b", "c"], "v": [1, 2, 3], "c": ["x"] * 3, "c1": [1, 1, 1]})
    with pytest.raises(InvalidAnalysis) as caught:
        analyse(frame, **analysis)
    assert caught.value.field.startswith("/options/analysis")


def test_unknown_columns_and_large_results_are_refused():
    frame = pl.DataFrame({"a": range(20)})
    for analysis in (
        {"columns": ["nope"]},
        {"kind": "test", "test": "shapiro", "columns": ["nope"]},
        {"kind": "group", "by": ["nope"]},
    ):
        with pytest.raises(UnknownColumn):
            analyse(frame, **analysis)
    with pytest.raises(WorkerResultTooLarge):
        analyse(frame, kind="group", by=["a"], limits=AnalysisLimits(inline_rows=10))


QUERIES = [
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM 'x.parquet'", "SELECT * FROM glob('/*')",
    "COPY data TO '/tmp/out.csv'", "COPY (SELECT 1) TO '/tmp/out'", "INSTALL httpfs", "LOAD httpfs", "ATTACH '/tmp/x.db'",
    "SET enable_external_access = true", "PRAGMA database_list", "CREATE TABLE t AS SELECT 1", "INSERT INTO data VALUES (1)",
    "UPDATE data SET a = 1", "DELETE FROM data", "DROP VIEW data", "SELECT 1; SELECT 2", "EXPORT DATABASE '/tmp'", "CALL pragma_version()",
    "SELECT getenv('HOME')", "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_secrets()", "SELECT current_setting('home_directory')",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))", "WITH x AS (SELECT * FROM read_blob('/etc/passwd')) SELECT * FROM x",
    "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('data')", "SELECT * FROM information_schema.tables",
    "VACUUM", "CHECKPOINT", "EXPLAIN ANALYZE SELECT 1", "CREATE SECRET s (TYPE s3)", "IMPORT DATABASE '/tmp'",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_sql_reaches_nothing_but_the_tables_given(query):
    with pytest.raises(OperationNotAllowed) as caught:
        analyse(pl.DataFrame({"a": [1]}), kind="sql", query=query)
    assert caught.value.extra["reason"]


def test_sql_gives_whole_numbers_and_dates_as_they_are():
    frame = pl.DataFrame({"a": [1, None, (1 << 53) + 1], "d": ["2024-02-29"] * 3}).with_columns(
        pl.col("d").str.to_date()
    )
    query = "SELECT sum(a) AS s, max(d) AS d, count(*) AS n, avg(a) AS m, 'x' AS t, a.a AS a, a.a FROM data a GROUP BY a.a ORDER BY 1 LIMIT 1"
    found = analyse(frame, kind="sql", query=query)
    assert found["data"] == [{"s": 1, "d": "2024-02-29", "n": 1, "m": 1.0, "t": "x", "a": 1, "a_2": 1}]


def test_sql_divides_and_knows_tables_by_the_names_that_they_were_given():
    frame = pl.DataFrame({"a": [1, 3]})
    query = 'SELECT a / 2 AS half, a // 2 AS whole FROM "sales/2024.csv" ORDER BY a'
    found = analyse(frame, others={"sales/2024.csv": frame}, kind="sql", query=query)
    assert found["data"] == [{"half": 0.5, "whole": 0}, {"half": 1.5, "whole": 1}]


def test_sql_writes_as_text_what_has_no_type_here():
    query = (
        "SELECT INTERVAL 1 DAY AS i, map {1: 2} AS m, union_value(x := 1) AS u, [INTERVAL 1 DAY] AS l, "
        "18446744073709551615::UBIGINT AS h, 170141183460469231731687303715884105727 AS w, 5::HUGEINT AS n, 1 AS i"
    )
    assert analyse(pl.DataFrame({"a": [1]}), kind="sql", query=query)["data"] == [
        {
            "i": "1 day", "m": '{"1":2}', "u": '{"x":1}', "l": '["1 day"]', "h": "18446744073709551615",
            "w": "170141183460469231731687303715884105727", "n": 5, "i_2": 1,
        }
    ]  # fmt: skip


def test_a_chart_is_a_specification_with_its_data():
    frame = pl.DataFrame({"月": ["一月", "二月"], "v.1": [3, 4]})
    chart = {"type": "bar", "title": "销售"}
    spec = analyse(frame, kind="sql", query="SELECT * FROM data", chart=chart)["chart"]["spec"]
    assert spec["data"]["values"] == frame.to_dicts()
    assert spec["encoding"]["y"]["field"] == "v\\.1"
    assert spec["$schema"].endswith("v5.json")
    many = pl.DataFrame({"x": range(5000), "y": range(5000)})
    points = analyse(many, chart={"type": "scatter", "x": "x", "y": "y", "rows": 100})["chart"]["spec"][
        "data"
    ]["values"]
    assert 90 <= len(points) <= 100
    assert same([points[-1]["x"]], [4950])
    assert plain(pl.Series([row["count"] for row in analyse(many)["columns"]])) == [5000, 5000]
    with pytest.raises(InvalidAnalysis):
        analyse(frame, chart={"type": "scatter", "x": "月"})
