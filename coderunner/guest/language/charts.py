"""Charts as typed data, read from a matplotlib figure: kind, title, axes and series of every plot in it."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_POINTS: Final = 2_000
MAX_SERIES: Final = 100
MAX_AXES: Final = 50
_HIST_GAP: Final = 1e-6


def chart_of(figure: Any) -> dict[str, Any]:
    """The figure's charts; a figure without data has none."""
    title = figure._suptitle.get_text() if getattr(figure, "_suptitle", None) else ""
    charts = [chart for axes in figure.axes[:MAX_AXES] if (chart := _axes_chart(axes))]
    return {"version": 1, "title": title, "charts": charts} if charts else {}


def _axes_chart(axes: Any) -> dict[str, Any] | None:
    if hasattr(axes, "_colorbar"):
        return None
    series: list[dict[str, Any]] = []
    for reader in _READERS:
        series.extend(reader(axes))
        if len(series) > MAX_SERIES:
            break
    if not series:
        return None
    kinds = list(dict.fromkeys(one["kind"] for one in series))
    chart = {
        "kind": kinds[0] if len(kinds) == 1 else "mixed",
        "title": axes.get_title(),
        "x": _axis(axes.xaxis),
        "y": _axis(axes.yaxis),
        "legend": [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else [],
        "series": series[:MAX_SERIES],
    }
    if len(series) > MAX_SERIES:
        chart["truncated"] = True
    if hasattr(axes, "zaxis"):
        chart["z"] = _axis(axes.zaxis)
    return chart


def _axis(axis: Any) -> dict[str, Any]:
    low, high = axis.get_view_interval()
    found = {
        "label": axis.get_label_text(),
        "scale": axis.get_scale(),
        "limits": [_value(low, axis), _value(high, axis)],
    }
    labels = _category_labels(axis)
    if labels:
        found["categories"] = labels
    return found


def _category_labels(axis: Any) -> list[str]:
    units = getattr(axis, "units", None)
    mapping = getattr(units, "_mapping", None)
    if isinstance(mapping, dict):
        return [str(key) for key in list(mapping)[:MAX_POINTS]]
    formatter = axis.get_major_formatter()
    if (
        type(formatter).__name__ in ("FixedFormatter", "FuncFormatter")
        and type(axis.get_major_locator()).__name__ == "FixedLocator"
    ):
        return [label.get_text() for label in axis.get_ticklabels()[:MAX_POINTS]]
    return []


def _value(number: Any, axis: Any = None) -> Any:
    """A number as JSON has it; dates and periods as ISO text."""
    if isinstance(number, (dt.date, dt.datetime)):
        return number.isoformat()
    try:
        number = float(number)
    except (TypeError, ValueError):
        return str(number).removesuffix(".000000000").removesuffix(".000000")
    if not math.isfinite(number):
        return None
    if axis is not None and (moment := _moment(number, axis)):
        return moment
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _moment(number: float, axis: Any) -> str | None:
    """What a number on a date axis stands for; None on other axes."""
    converter = type(
        axis.get_converter() if hasattr(axis, "get_converter") else getattr(axis, "converter", None)
    ).__name__
    if converter in ("PeriodConverter", "TimeSeries_DateFormatter") and hasattr(axis.axes, "freq"):
        import pandas as pd

        return str(pd.Period(ordinal=round(number), freq=axis.axes.freq))
    if "Date" in converter:
        from matplotlib.dates import num2date

        convert: Any = num2date
        return str(convert(number).replace(tzinfo=None).isoformat())
    return None


def _values(numbers: Iterable[Any], axis: Any = None) -> list[Any]:
    return [_value(number, axis) for number in list(numbers)[:MAX_POINTS]]


def _points(kind: str, label: str, x: Any, y: Any, axes: Any, **more: Any) -> dict[str, Any]:
    count = min(len(x), len(y))
    found = {"kind": kind, "label": label, "x": _values(x, axes.xaxis), "y": _values(y, axes.yaxis), **more}
    if count > MAX_POINTS:
        found.update(truncated=True, points=count)
    return found


def _label(artist: Any) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _color(value: Any) -> str | None:
    from matplotlib.colors import to_hex

    try:
        return to_hex(value, keep_alpha=False)
    except (ValueError, TypeError):
        return None


def _bar_series(axes: Any) -> list[dict[str, Any]]:
    found = []
    for container in axes.containers:
        patches = list(getattr(container, "patches", ()))
        if type(container).__name__ == "BarContainer" and patches:
            found.append(_bars(container, patches, axes))
    return found


def _bars(container: Any, patches: list[Any], axes: Any) -> dict[str, Any]:
    horizontal = getattr(container, "orientation", "vertical") == "horizontal"
    starts = [patch.get_y() if horizontal else patch.get_x() for patch in patches]
    widths = [patch.get_height() if horizontal else patch.get_width() for patch in patches]
    lengths = [patch.get_width() if horizontal else patch.get_height() for patch in patches]
    bases = [patch.get_x() if horizontal else patch.get_y() for patch in patches]
    label = _label(container)
    if _touching(starts, widths):
        edges = [*starts, starts[-1] + widths[-1]]
        return {
            "kind": "hist",
            "label": label,
            "edges": _values(edges, axes.xaxis),
            "counts": _values(lengths),
            "orientation": "horizontal" if horizontal else "vertical",
        }
    centres = [start + width / 2 for start, width in zip(starts, widths, strict=True)]
    axis = axes.yaxis if horizontal else axes.xaxis
    names = _category_labels(axis)
    positions: list[Any] = [
        names[round(centre)]
        if names and abs(centre - round(centre)) < 0.5 and 0 <= round(centre) < len(names)
        else _value(centre, axis)
        for centre in centres[:MAX_POINTS]
    ]
    return {
        "kind": "bar",
        "label": label,
        "orientation": "horizontal" if horizontal else "vertical",
        "x": positions,
        "y": _values(lengths),
        "base": _values(bases) if any(bases) else None,
        "color": _color(patches[0].get_facecolor()),
    }


def _touching(starts: list[float], widths: list[float]) -> bool:
    """Bars without gaps are a histogram."""
    if len(starts) < 2:
        return False
    pairs = zip(starts, widths, starts[1:], strict=False)
    return all(
        abs(start + width - following) <= _HIST_GAP * max(1.0, abs(width))
        for start, width, following in pairs
    )


def _line_series(axes: Any) -> list[dict[str, Any]]:
    used = _lines_of_containers(axes) | set(getattr(axes, "_coderunner_box_lines", ()))
    lines = [line for line in axes.lines if id(line) not in used and line.get_transform() == axes.transData]
    drawn = (_line(line, axes) for line in lines)
    return [series for series in drawn if any(value is not None for value in series["y"])]


def _line(line: Any, axes: Any) -> dict[str, Any]:
    more: dict[str, Any] = {"color": _color(line.get_color())}
    if hasattr(line, "get_data_3d"):
        x, y, z = line.get_data_3d()
        more["z"] = _values(z)
    else:
        x, y = _data(line, "x"), _data(line, "y")
    bare = line.get_linestyle() in ("None", "", " ")
    marked = line.get_marker() not in ("None", "", " ", None)
    return _points("scatter" if bare and marked else "line", _label(line), x, y, axes, **more)


def _data(line: Any, direction: str) -> Any:
    """Numbers as they are drawn; dates, periods and names as they were given."""
    read = getattr(line, f"get_{direction}data")
    given = read(orig=True)
    kind = getattr(getattr(given, "dtype", None), "kind", "")
    first = next(iter(given), None) if len(given) else None
    return given if kind in "mMUO" and kind and not isinstance(first, (int, float)) else read(orig=False)


def _lines_of_containers(axes: Any) -> set[int]:
    """Lines that belong to stems and error bars, which are series of their own."""
    found: set[int] = set()
    for container in axes.containers:
        name = type(container).__name__
        if name == "StemContainer":
            found |= {id(container.markerline), id(container.baseline)}
        elif name == "ErrorbarContainer":
            found |= {id(line) for line in (container.lines[0], *container.lines[1]) if line is not None}
    return found


def _scatter_series(axes: Any) -> list[dict[str, Any]]:
    found = []
    for collection in axes.collections:
        name = type(collection).__name__
        if name in ("PathCollection", "Path3DCollection"):
            offsets = collection.get_offsets()
            if len(offsets):
                found.append(_scatter(collection, offsets, axes))
    return found


def _scatter(collection: Any, offsets: Any, axes: Any) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if hasattr(collection, "_offsets3d"):
        x, y, z = collection._offsets3d
        more["z"] = _values(z)
    else:
        x, y = offsets[:, 0], offsets[:, 1]
    values = collection.get_array()
    if values is not None and len(values) == len(x):
        more["value"] = _values(values)
    sizes = collection.get_sizes()
    if len(sizes) == len(x) and len(x) > 1:
        more["size"] = _values(sizes)
    colors = collection.get_facecolor()
    return _points(
        "scatter",
        _label(collection),
        x,
        y,
        axes,
        color=_color(colors[0]) if len(colors) == 1 else None,
        **more,
    )


def _area_series(axes: Any) -> list[dict[str, Any]]:
    found = []
    for collection in axes.collections:
        kind = {"FillBetweenPolyCollection": "area", "PolyCollection": "area"}.get(type(collection).__name__)
        paths = collection.get_paths() if kind else []
        if kind and paths and len(paths) == 1:
            vertices = paths[0].vertices
            found.append(_points(kind, _label(collection), vertices[:, 0], vertices[:, 1], axes))
    return found


def _pie_series(axes: Any) -> list[dict[str, Any]]:
    wedges = [patch for patch in axes.patches if type(patch).__name__ == "Wedge"]
    if not wedges:
        return []
    labels = [str(wedge.get_label()) for wedge in wedges]
    shares = [(wedge.theta2 - wedge.theta1) / 360 for wedge in wedges]
    return [
        {
            "kind": "pie",
            "label": "",
            "labels": ["" if label.startswith("_") else label for label in labels],
            "shares": _values(shares),
            "colors": [_color(wedge.get_facecolor()) for wedge in wedges],
        }
    ]


def _image_series(axes: Any) -> list[dict[str, Any]]:
    found = []
    for image in axes.images:
        values = image.get_array()
        found.append(_grid("image" if values.ndim == 3 else "heatmap", values, values.shape, _label(image)))
    for collection in axes.collections:
        if type(collection).__name__ == "QuadMesh":
            values = collection.get_array()
            found.append(_grid("heatmap", values, values.shape, _label(collection)))
    return found


def _grid(kind: str, values: Any, shape: tuple[int, ...], label: str) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": kind, "label": label, "shape": [int(size) for size in shape]}
    if values.ndim == 2 and values.size <= MAX_POINTS:
        found["values"] = [_values(row) for row in values]
    return found


def _box_series(axes: Any) -> list[dict[str, Any]]:
    """Box plots, from the five lines and the box that matplotlib makes of each."""
    from coderunner.guest.language.box_plots import read_boxes

    boxes, lines = read_boxes(axes)
    axes._coderunner_box_lines = lines
    return [
        {
            "kind": "box",
            "label": "",
            "orientation": orientation,
            "boxes": [{name: _value(number) for name, number in box.items()} for box in group],
            "names": _category_labels(axes.yaxis if orientation == "horizontal" else axes.xaxis),
        }
        for orientation, group in boxes
    ]


def _error_series(axes: Any) -> list[dict[str, Any]]:
    found = []
    for container in axes.containers:
        name = type(container).__name__
        if name == "StemContainer":
            x, y = container.markerline.get_data()
            found.append(_points("stem", _label(container), x, y, axes))
        elif name == "ErrorbarContainer" and container.lines[0] is not None:
            found.append(_error_bars(container, axes))
    return found


def _error_bars(container: Any, axes: Any) -> dict[str, Any]:
    line, _, bars = container.lines
    ranges: dict[str, Any] = {}
    for collection in bars:
        segments = collection.get_segments()
        upright = all(segment[0][0] == segment[1][0] for segment in segments if len(segment) > 1)
        axis = 1 if upright else 0
        ends = [
            [_value(segment[0][axis]), _value(segment[1][axis])]
            for segment in segments[:MAX_POINTS]
            if len(segment) > 1
        ]
        ranges["y_range" if upright else "x_range"] = ends
    return _points("errorbar", _label(container), _data(line, "x"), _data(line, "y"), axes, **ranges)


def _contour_series(axes: Any) -> list[dict[str, Any]]:
    return [
        {
            "kind": "contour",
            "label": "",
            "filled": bool(collection.filled),
            "levels": _values(collection.levels),
        }
        for collection in axes.collections
        if hasattr(collection, "levels") and hasattr(collection, "filled")
    ]


_READERS: Final[tuple[Callable[[Any], list[dict[str, Any]]], ...]] = (
    _pie_series,
    _bar_series,
    _box_series,
    _error_series,
    _line_series,
    _scatter_series,
    _area_series,
    _image_series,
    _contour_series,
)
