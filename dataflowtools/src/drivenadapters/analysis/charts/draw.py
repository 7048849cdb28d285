"""Charts drawn as PNG or SVG, in workers that do nothing else; labels in Chinese need a font that has them."""

import base64
import io
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dataflowtools.src.drivenadapters.workers.job import Job

_DPI = 100
_MAX_TICKS = 40
_LEVEL_LABELS = 6
_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Source Han Sans SC",
    "Microsoft YaHei", "SimHei", "PingFang SC", "Droid Sans Fallback", "DejaVu Sans",
)  # fmt: skip


def warm_up() -> None:
    """Find the fonts once."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import font_manager
    from matplotlib import pyplot as plt

    known = {font.name for font in font_manager.fontManager.ttflist}
    plt.rcParams["font.family"] = [name for name in _FONTS if name in known] or ["sans-serif"]
    plt.rcParams["axes.unicode_minus"] = False
    plt.rcParams["svg.hashsalt"] = "dataflowtools"
    plt.rcParams["text.parse_math"] = False


def draw(job: Job, chart: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a chart's specification; the picture is the blob."""
    from matplotlib import pyplot as plt

    spec = chart["spec"]
    figure, axes = plt.subplots(figsize=(spec["width"] / _DPI, spec["height"] / _DPI), dpi=_DPI)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        _DRAW.get(chart["type"], _bars)(axes, spec["data"]["values"], chart)
        axes.set_title(spec.get("title", ""))
        picture = io.BytesIO()
        figure.tight_layout()
        figure.savefig(
            picture, format=chart["format"], metadata={"Date": None} if chart["format"] == "svg" else None
        )
    plt.close(figure)
    job.blobs.append(base64.b64encode(picture.getvalue()))
    glyphs = any("missing from" in str(one.message) for one in said)
    message = "No installed font has some of the characters."
    return {"warnings": [{"code": "glyphs_missing", "message": message}] if glyphs else []}


def _label(value: Any) -> str:
    text = "missing" if value is None else str(value)
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004  # what fits at an axis


def _axis_values(values: list[Any]) -> list[Any]:
    """Read dates as dates; everything else stays."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, str) for value in known):
        try:
            return [None if value is None else datetime.fromisoformat(value) for value in values]
        except ValueError:
            return [_label(value) for value in values]
    return [
        value if isinstance(value, (int, float)) and not isinstance(value, bool) else _label(value)
        for value in values
    ]


def _groups(rows: list[dict[str, Any]], color: str | None) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(None if color is None else _label(row[color]), []).append(row)
    return found


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _finish(axes: Any, chart: Mapping[str, Any], *, legend: bool) -> None:
    axes.set_xlabel(chart["x"])
    axes.set_ylabel(chart["y"])
    if legend:
        axes.legend(title=chart["color"])


def _bars(axes: Any, rows: list[dict[str, Any]], chart: Mapping[str, Any]) -> None:
    x, y = chart["x"], chart["y"]
    labels = list(dict.fromkeys(_label(row[x]) for row in rows))
    groups = _groups(rows, chart["color"])
    width = 0.8 / max(len(groups), 1)
    for number, (name, members) in enumerate(groups.items()):
        places = [labels.index(_label(row[x])) + (number - (len(groups) - 1) / 2) * width for row in members]
        axes.bar(places, [_number(row[y]) for row in members], width, label=name)
    every = max(1, len(labels) // _MAX_TICKS)
    crowded = len(labels) > _LEVEL_LABELS
    turn = {"rotation": 45, "ha": "right"} if crowded else {}
    axes.set_xticks(range(0, len(labels), every), labels[::every], **turn)
    _finish(axes, chart, legend=chart["color"] is not None)


def _lines(axes: Any, rows: list[dict[str, Any]], chart: Mapping[str, Any]) -> None:
    for name, members in _groups(rows, chart["color"]).items():
        known = [row for row in members if row[chart["x"]] is not None]
        xs = _axis_values([row[chart["x"]] for row in known])
        ys = [_number(row[chart["y"]]) for row in known]
        if chart["type"] == "scatter":
            axes.scatter(xs, ys, s=12, label=name)
        elif chart["type"] == "area":
            axes.fill_between(xs, ys, alpha=0.6, label=name)
        else:
            axes.plot(xs, ys, label=name)
    axes.tick_params(axis="x", rotation=30)
    _finish(axes, chart, legend=chart["color"] is not None)


def _pie(axes: Any, rows: list[dict[str, Any]], chart: Mapping[str, Any]) -> None:
    sizes = [max(_number(row[chart["y"]]), 0) if row[chart["y"]] is not None else 0 for row in rows]
    if sum(sizes) > 0:
        axes.pie(sizes, labels=[_label(row[chart["x"]]) for row in rows], autopct="%1.1f%%")


def _histogram(axes: Any, rows: list[dict[str, Any]], chart: Mapping[str, Any]) -> None:
    widths = [max(row["to"] - row["from"], 1e-12) for row in rows]
    axes.bar(
        [row["from"] for row in rows], [row["count"] for row in rows], widths, align="edge", edgecolor="white"
    )
    _finish(axes, chart, legend=False)


def _heatmap(axes: Any, rows: list[dict[str, Any]], chart: Mapping[str, Any]) -> None:
    xs = list(dict.fromkeys(_label(row[chart["x"]]) for row in rows))
    ys = list(dict.fromkeys(_label(row[chart["y"]]) for row in rows))
    cells = [[float("nan")] * len(xs) for _ in ys]
    for row in rows:
        cells[ys.index(_label(row[chart["y"]]))][xs.index(_label(row[chart["x"]]))] = _number(
            row[chart["color"]]
        )
    picture = axes.imshow(cells, aspect="auto", cmap="RdBu")
    axes.set_xticks(range(len(xs)), xs, rotation=45, ha="right")
    axes.set_yticks(range(len(ys)), ys)
    axes.figure.colorbar(picture, ax=axes, label=chart["color"])


def _boxes(axes: Any, rows: list[dict[str, Any]], chart: Mapping[str, Any]) -> None:
    groups = _groups(rows, chart["x"])
    values = [
        [float(row[chart["y"]]) for row in members if row[chart["y"]] is not None]
        for members in groups.values()
    ]
    axes.boxplot(values, tick_labels=list(groups))
    _finish(axes, chart, legend=False)


_DRAW: dict[str, Callable[[Any, list[dict[str, Any]], Mapping[str, Any]], None]] = {
    "bar": _bars, "line": _lines, "area": _lines, "scatter": _lines, "pie": _pie, "histogram": _histogram,
    "heatmap": _heatmap, "box": _boxes,
}  # fmt: skip
