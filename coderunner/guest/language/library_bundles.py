"""Representations of the data libraries' values."""

from __future__ import annotations

import base64
import io
from typing import Any, Final

from coderunner.guest.language.caution import attempt, text_of
from coderunner.guest.language.values import to_json

Bundle = tuple[dict[str, Any], dict[str, Any]]
TABLE_MIME: Final = "application/vnd.dataresource+json"
PREVIEW_ROWS: Final = 100
PREVIEW_COLUMNS: Final = 50
_PREVIEW_BYTES: Final = 2_000_000
_MAX_PICTURE_PIXELS: Final = 40_000_000


def bundle(value: Any, library: str) -> Bundle | None:
    """How the library's value is shown; None leaves it to the value's own methods."""
    reader = _READERS.get(library)
    return reader(value) if reader else None


# --- tables ---


def _pandas(value: Any) -> Bundle | None:
    import pandas as pd

    if isinstance(value, pd.Series):
        return _series(value)
    if isinstance(value, pd.DataFrame):
        return _frame(value)
    return None


def _frame(frame: Any) -> Bundle:
    rows, columns = frame.shape
    shown = frame.iloc[:PREVIEW_ROWS, :PREVIEW_COLUMNS]
    data: dict[str, Any] = {"text/plain": _table_text(frame), "text/html": _table_html(frame, shown)}
    schema = attempt(lambda: table_schema(shown), None)
    if schema:
        data[TABLE_MIME] = schema
    cut = rows > PREVIEW_ROWS or columns > PREVIEW_COLUMNS
    return data, _table_metadata(rows, columns, cut=cut)


def _series(series: Any) -> Bundle:
    shown = series.iloc[:PREVIEW_ROWS]
    name = "values" if series.name is None else series.name
    frame = shown.to_frame(name)
    text = series.to_string(max_rows=60) if len(series) <= PREVIEW_ROWS else text_of(series)
    data: dict[str, Any] = {"text/plain": text, "text/html": _table_html(series, frame)}
    schema = attempt(lambda: table_schema(frame), None)
    if schema:
        data[TABLE_MIME] = schema
    return data, _table_metadata(len(series), 1, cut=len(series) > PREVIEW_ROWS)


def _table_metadata(rows: int, columns: int, *, cut: bool) -> dict[str, Any]:
    return {
        TABLE_MIME: {"shape": [rows, columns], "truncated": cut},
        "text/html": {"shape": [rows, columns], "truncated": cut},
    }


def _table_text(frame: Any) -> str:
    return (
        str(frame.to_string(max_rows=60, max_cols=20, line_width=120, show_dimensions=False))
        if frame.shape[1] <= 20
        else text_of(frame)
    )


def _table_html(whole: Any, shown: Any) -> str:
    html = shown.to_html(max_rows=PREVIEW_ROWS, max_cols=PREVIEW_COLUMNS, border=0, classes=["dataframe"])
    if len(shown) < len(whole):
        size = " × ".join(str(size) for size in whole.shape)
        html += f"\n<p>{size}, the first {len(shown)} rows are shown</p>"
    return str(html)


def table_schema(frame: Any) -> dict[str, Any]:
    """The frame as a Table Schema data resource; cells that pandas has no JSON for are mapped by our own rules."""
    from coderunner.guest.language.library_values import column_names

    if any(not isinstance(column, str) for column in frame.columns) or not frame.columns.is_unique:
        frame = frame.set_axis(column_names(frame), axis="columns")
    return attempt(lambda: _pandas_schema(frame), None) or _mapped_schema(frame)


def _pandas_schema(frame: Any) -> dict[str, Any]:
    import json

    text = frame.to_json(orient="table", date_format="iso", default_handler=str, double_precision=15)
    parsed = json.loads(text)
    return {"schema": parsed["schema"], "data": parsed["data"]}


def _mapped_schema(frame: Any) -> dict[str, Any]:
    from pandas.io.json import build_table_schema

    held = {name: frame[name].astype(object) for name in frame.columns}
    rows, _ = to_json(frame.assign(**held).to_dict("records"), _PREVIEW_BYTES)
    labels, _ = to_json(list(frame.index), _PREVIEW_BYTES)
    data = [{"index": label, **row} for label, row in zip(labels, rows, strict=True)]
    return {"schema": build_table_schema(frame, version=False), "data": data}


def _polars(value: Any) -> Bundle | None:
    if not hasattr(value, "_repr_html_") or not hasattr(value, "to_dicts"):
        return None
    rows, columns = value.shape
    mapped, _ = to_json(value.head(PREVIEW_ROWS).to_dicts(), _PREVIEW_BYTES)
    fields = [{"name": name, "type": "any"} for name in value.columns]
    data = {
        "text/plain": text_of(value),
        "text/html": value._repr_html_(),
        TABLE_MIME: {"schema": {"fields": fields}, "data": mapped},
    }
    return data, _table_metadata(rows, columns, cut=rows > PREVIEW_ROWS)


# --- arrays and pictures ---


def _numpy(value: Any) -> Bundle | None:
    import numpy as np

    if not isinstance(value, np.ndarray):
        return None
    import json

    preview = value[:PREVIEW_ROWS] if value.ndim else value
    mapped, cut = to_json(preview, 50_000)
    array = {
        "dtype": str(value.dtype),
        "shape": list(value.shape),
        "data": mapped,
        "truncated": cut or preview.shape != value.shape,
    }
    return {"text/plain": text_of(value), "application/json": json.loads(json.dumps(array))}, {
        "application/json": {"shape": list(value.shape)}
    }


def _pillow(value: Any) -> Bundle | None:
    from PIL import Image

    if not isinstance(value, Image.Image):
        return None
    if value.width * value.height > _MAX_PICTURE_PIXELS:
        return {"text/plain": f"{text_of(value)} [too large to show]"}, {}
    buffer = io.BytesIO()
    plain = value if value.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16") else value.convert("RGB")
    plain.save(buffer, format="PNG")
    png = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {"text/plain": text_of(value), "image/png": png}, {
        "image/png": {"width": value.width, "height": value.height}
    }


# --- charts ---


def _matplotlib(value: Any) -> Bundle | None:
    from matplotlib.figure import Figure

    if not isinstance(value, Figure):
        return None
    from coderunner.guest.language.figures import figure_bundle

    shown = figure_bundle(value)
    _close(value)
    return shown


def _close(figure: Any) -> None:
    """A figure that was shown by itself is not shown once more at the end."""
    from matplotlib import pyplot as plt

    plt.close(figure)


def _plotly(value: Any) -> Bundle | None:
    if not hasattr(value, "to_plotly_json") or not hasattr(value, "to_json"):
        return None
    import json

    figure = json.loads(value.to_json())
    return {"text/plain": text_of(type(value).__name__), "application/vnd.plotly.v1+json": figure}, {}


def _altair(value: Any) -> Bundle | None:
    if not hasattr(value, "to_dict") or (
        not hasattr(value, "mark_point") and not hasattr(value, "resolve_scale")
    ):
        return None
    import altair as alt

    major = alt.SCHEMA_VERSION.lstrip("v").partition(".")[0]
    return {
        "text/plain": f"<{type(value).__name__}>",
        f"application/vnd.vegalite.v{major}+json": value.to_dict(),
    }, {}


def _bokeh(value: Any) -> Bundle | None:
    from bokeh.model import Model

    if not isinstance(value, Model):
        return None
    from bokeh.embed import file_html, json_item
    from bokeh.resources import CDN

    html = file_html(value, CDN, "plot")
    item = to_json(json_item(value), _PREVIEW_BYTES * 4)[0]
    return {"text/plain": text_of(value), "text/html": html, "application/vnd.bokehjs_exec.v0+json": item}, {}


def _sympy(value: Any) -> Bundle | None:
    import sympy

    if not isinstance(value, (sympy.Basic, sympy.MatrixBase)):
        return None
    return {
        "text/plain": text_of(str(value))[1:-1],
        "text/latex": f"$\\displaystyle {sympy.latex(value)}$",
    }, {}


_READERS: Final = {
    "pandas": _pandas,
    "numpy": _numpy,
    "PIL": _pillow,
    "matplotlib": _matplotlib,
    "plotly": _plotly,
    "altair": _altair,
    "bokeh": _bokeh,
    "sympy": _sympy,
    "polars": _polars,
}
