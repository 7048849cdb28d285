"""A chart as a Vega-Lite specification with its data inside."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.output.records import records_of
from dataflowtools.src.drivenadapters.analysis.steps.context import check_columns
from dataflowtools.src.errors import InvalidAnalysis
from dataflowtools.src.logics.data_analysis.charts import Chart

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_MARKS = {
    "bar": "bar",
    "line": "line",
    "area": "area",
    "scatter": "point",
    "pie": "arc",
    "heatmap": "rect",
    "box": "boxplot",
}
_FIELD = "/options/chart"


def chart_spec(
    chart: Chart, main: LoadedTable, frame: pl.DataFrame | None, found: Mapping[str, Any]
) -> dict[str, Any]:
    """Make the specification of what is to be seen; what is not said is chosen."""
    if found.get("correlation") and chart.type in {None, "heatmap"} and chart.x is None and frame is None:
        return _correlation(chart, found["correlation"])
    if chart.type == "histogram" or (frame is None and chart.y is None and chart.type is None):
        return _histogram(chart, main, frame)
    return _plain_chart(chart, frame if frame is not None else _points(chart, main))


def _points(chart: Chart, main: LoadedTable) -> pl.DataFrame:
    names = [name for name in (chart.x, chart.y, chart.color) if name is not None]
    if chart.x is None or chart.y is None:
        raise InvalidAnalysis("This chart wants x and y, columns of the table.", field=_FIELD)
    check_columns(names, main.schema)
    return main.lazy.select(list(dict.fromkeys(names))).collect(engine="streaming")


def _thinned(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Keep every nth row, so that what is drawn is spread over all."""
    every = -(-frame.height // rows) if frame.height > rows else 1
    return frame.gather_every(every) if every > 1 else frame


def _plain_chart(chart: Chart, frame: pl.DataFrame) -> dict[str, Any]:
    x = chart.x or frame.columns[0]
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric() and name != x]
    y = chart.y or (numbers[0] if numbers else None)
    if y is None:
        raise InvalidAnalysis("The result has no column of numbers to draw.", field=_FIELD)
    names = list(dict.fromkeys(name for name in (x, y, chart.color) if name is not None))
    check_columns(names, frame.schema)
    kind = chart.type or ("line" if frame.schema[x].is_temporal() else "bar")
    data = frame.select(names)
    if kind != "box":
        data = _thinned(data, chart.rows)
    types = {name: _type(frame.schema[name]) for name in names}
    if kind == "pie":
        encoding = {
            "theta": {"field": _escaped(y), "type": "quantitative"},
            "color": {"field": _escaped(x), "type": "nominal"},
        }
    elif kind == "heatmap":
        if chart.color is None:
            raise InvalidAnalysis("A heatmap wants color, a column of numbers.", field=f"{_FIELD}/color")
        encoding = {
            "x": {"field": _escaped(x), "type": "nominal"},
            "y": {"field": _escaped(y), "type": "nominal"},
            "color": {"field": _escaped(chart.color), "type": "quantitative"},
        }
    else:
        encoding = {
            "x": _axis(x, "nominal" if kind == "box" else types[x]),
            "y": _axis(y, types[y]),
        }
        if chart.color is not None:
            encoding["color"] = {
                "field": _escaped(chart.color),
                "type": types[chart.color],
                "title": chart.color,
            }
    return _spec(chart, kind, records_of(data), encoding, x=x, y=y)


def _axis(name: str, kind: str) -> dict[str, Any]:
    sort = {"sort": None} if kind == "nominal" else {}
    return {"field": _escaped(name), "type": kind, "title": name, **sort}


def _escaped(name: str) -> str:
    """A field is a path in Vega: dots and brackets of a name are escaped."""
    for sign in ("\\", ".", "[", "]", "'", '"'):
        name = name.replace(sign, "\\" + sign)
    return name


def _type(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return "quantitative"
    return "temporal" if dtype.is_temporal() else "nominal"


def _histogram(chart: Chart, main: LoadedTable, frame: pl.DataFrame | None) -> dict[str, Any]:
    from dataflowtools.src.drivenadapters.analysis.profile.numbers import histogram

    schema = main.schema if frame is None else frame.schema
    numbers = [name for name, dtype in schema.items() if dtype.is_numeric()]
    x = chart.x or (numbers[0] if numbers else None)
    if x is None or (x in schema and x not in numbers):
        raise InvalidAnalysis("A histogram wants x, a column of numbers.", field=f"{_FIELD}/x")
    check_columns([x], schema)
    source = main.lazy if frame is None else frame.lazy()
    values = source.select(pl.col(x).drop_nulls()).collect(engine="streaming").to_series().sort()
    found = histogram(values, 20) if len(values) else {"edges": [0.0, 0.0], "counts": [0.0]}
    edges = found["edges"]
    rows = [{"from": edges[k], "to": edges[k + 1], "count": count} for k, count in enumerate(found["counts"])]
    encoding = {
        "x": {"field": "from", "type": "quantitative", "bin": {"binned": True}, "title": x},
        "x2": {"field": "to"},
        "y": {"field": "count", "type": "quantitative"},
    }
    return _spec(chart, "histogram", rows, encoding, x=x, y="count")


def _correlation(chart: Chart, found: Mapping[str, Any]) -> dict[str, Any]:
    names, matrix = found["columns"], found["matrix"]
    rows = [
        {"x": one, "y": two, "coefficient": matrix[i][j]}
        for i, one in enumerate(names)
        for j, two in enumerate(names)
    ]
    encoding = {
        "x": {"field": "x", "type": "nominal", "sort": None, "title": None},
        "y": {"field": "y", "type": "nominal", "sort": None, "title": None},
        "color": {
            "field": "coefficient",
            "type": "quantitative",
            "scale": {"domain": [-1, 1], "scheme": "redblue"},
        },
    }
    return _spec(chart, "heatmap", rows, encoding, x="x", y="y")


def _spec(
    chart: Chart, kind: str, rows: list[dict[str, Any]], encoding: dict[str, Any], *, x: str, y: str
) -> dict[str, Any]:
    spec = {
        "$schema": SCHEMA,
        "data": {"values": rows},
        "mark": {"type": _MARKS.get(kind, "bar"), **({"tooltip": True} if kind != "box" else {})},
        "encoding": encoding,
        "width": chart.width,
        "height": chart.height,
        **({"title": chart.title} if chart.title else {}),
    }
    color = chart.color or ("coefficient" if kind == "heatmap" else None)
    return {"type": kind, "format": chart.format, "x": x, "y": y, "color": color, "spec": spec}
