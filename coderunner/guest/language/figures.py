"""Matplotlib figures as outputs: shown by `plt.show()` when it is called, and all that are open at the end."""

from __future__ import annotations

import base64
import io
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language.bundles import mark_framed
from coderunner.guest.language.caution import attempt, text_of

if TYPE_CHECKING:
    from coderunner.guest.language.outputs import OutputSink

CHART_MIME: Final = "application/vnd.coderunner.chart.v1+json"
BACKEND: Final = f"module://{__package__}.figure_backend"
CJK_FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
CHINESE_NAMES: Final = (
    "SimHei",
    "SimSun",
    "Microsoft YaHei",
    "PingFang SC",
    "Heiti SC",
    "Heiti TC",
    "STHeiti",
    "STSong",
    "KaiTi",
    "FangSong",
    "Arial Unicode MS",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "Hiragino Sans GB",
)
_MIMES: Final = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
}
_TEXT_FORMATS: Final = frozenset({"svg"})
_MAX_PIXELS: Final = 40_000_000
_MAX_OPEN: Final = 200

_configured: list[bool] = []
_current: dict[str, Any] = {"sink": None, "wishes": {}}


def configure() -> None:
    """Fonts that have Chinese behind every other font, no warning for many figures, and our way to show."""
    import matplotlib as mpl

    _configured.append(True)
    _add_chinese_font()
    mpl.rcParams["figure.max_open_warning"] = 0
    mpl.use(BACKEND)


def _add_chinese_font() -> None:
    """Let every font fall back on one with Chinese, and let the usual Chinese names find it.

    matplotlib falls back only along `font.family`, which styles and seaborn replace, so the manager's
    own search is extended instead.
    """
    from dataclasses import replace

    from matplotlib import font_manager

    manager = font_manager.fontManager
    by_name = {entry.name: entry for entry in manager.ttflist if entry.style == "normal"}
    chinese = next((by_name[family] for family in CJK_FAMILIES if family in by_name), None)
    if chinese is None or "_find_fonts_by_props" in vars(manager):
        return
    manager.ttflist.extend(replace(chinese, name=name) for name in CHINESE_NAMES if name not in by_name)
    search = manager._find_fonts_by_props

    def with_chinese(*args: Any, **kwargs: Any) -> list[Any]:
        found = search(*args, **kwargs)
        return found if chinese.fname in found else [*found, chinese.fname]

    vars(manager)["_find_fonts_by_props"] = with_chinese


def prepare(sink: OutputSink, wishes: dict[str, Any]) -> None:
    """Point `plt.show()` at this run's outputs."""
    _current["sink"], _current["wishes"] = sink, wishes
    if not _configured:
        configure()


def show_open(sink: OutputSink, wishes: dict[str, Any]) -> None:
    """Show every open figure and close it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    numbers = pyplot.get_fignums()
    for number in numbers[:_MAX_OPEN]:
        if sink.full:
            break
        _show(sink, wishes, pyplot.figure(number))
    if len(numbers) > _MAX_OPEN and not sink.full:
        sink.display(
            {"text/plain": f"[{len(numbers) - _MAX_OPEN} further figures were left out]"},
            {"truncated": {"reason": "the number of figures"}},
        )
    pyplot.close("all")


def show_now() -> None:
    """What `plt.show()` does."""
    if _current["sink"] is not None:
        show_open(_current["sink"], _current["wishes"])


def _show(sink: OutputSink, wishes: dict[str, Any], figure: Any) -> None:
    if not figure.axes and not figure.texts and not figure.images and not figure.lines and not figure.patches:
        return
    sink.display(*figure_bundle(figure, wishes))


def figure_bundle(figure: Any, wishes: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """A figure as pictures in the formats asked for, as chart data and as text."""
    wishes = _current["wishes"] if wishes is None else wishes
    size = wishes.get("size")
    if size:
        figure.set_size_inches(float(size[0]), float(size[1]))
    dpi = float(wishes.get("dpi") or figure.dpi)
    width, height = (float(edge) for edge in figure.get_size_inches())
    if width * height * dpi * dpi > _MAX_PIXELS:
        raise ValueError(
            f"the figure would have {width * dpi:.0f} × {height * dpi:.0f} pixels; at most {_MAX_PIXELS} are drawn"
        )
    data: dict[str, Any] = {"text/plain": text_of(figure)}
    metadata: dict[str, Any] = {}
    for name in dict.fromkeys(wishes.get("formats") or ["png"]):
        mime = _MIMES[name]
        data[mime] = _picture(figure, name, dpi, exact=bool(size))
        if mime == "image/png":
            metadata[mime] = _pixels(data[mime])
    from coderunner.guest.language.charts import chart_of

    chart = attempt(lambda: chart_of(figure), None)
    if chart:
        data[CHART_MIME] = chart
    return data, metadata | mark_framed(data)


def _picture(figure: Any, name: str, dpi: float, *, exact: bool) -> str:
    """One picture; without a size of its own a figure is cut to what is drawn, so that no label is lost."""
    with warnings.catch_warnings(record=True) as caught:
        try:
            content = _saved(
                figure, format=name, dpi=dpi, bbox_inches=None if exact else _drawn_part(figure, dpi)
            )
        except (TypeError, ValueError):
            if exact:
                raise
            content = _saved(figure, format=name, dpi=dpi)  # some artists draw but cannot be measured
    for text in dict.fromkeys(f"{one.category.__name__}: {one.message}" for one in caught):
        sys.stderr.write(f"{text}\n")
    return content.decode("utf-8") if name in _TEXT_FORMATS else base64.b64encode(content).decode("ascii")


def _drawn_part(figure: Any, dpi: float) -> Any:
    """What "tight" stands for, measured without the extra drawing that only layouts and odd axes need."""
    from matplotlib import rcParams
    from matplotlib.transforms import Bbox

    plain = all(type(axes).__name__ == "Axes" for axes in figure.axes)
    if not plain or dpi != figure.dpi or figure.get_layout_engine() is not None or figure.subfigs:
        return "tight"
    measured = figure.get_tightbbox(figure.canvas.get_renderer())
    return Bbox(measured).padded(rcParams["savefig.pad_inches"])


def _saved(figure: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, **options)
    return buffer.getvalue()


def _pixels(encoded: str) -> dict[str, int]:
    """Width and height from the PNG's header."""
    header = base64.b64decode(encoded[:48])
    return {"width": int.from_bytes(header[16:20], "big"), "height": int.from_bytes(header[20:24], "big")}
