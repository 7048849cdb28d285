"""Tables written to files of every format; a text stays a text, whatever it begins with."""

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import polars as pl

from dataflowtools.src.drivenadapters.analysis.output.records import json_bytes, plain
from dataflowtools.src.errors import WorkerResultTooLarge
from dataflowtools.src.logics.data_analysis.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_MAX_MARKUP_ROWS = 100_000
_BOM = b"\xef\xbb\xbf"
_MARKS = str.maketrans({"\\": "\\\\", "|": "\\|", "\n": "<br>", "\r": "", "<": "&lt;"})


def write_table(table: pl.LazyFrame, output: Output, file: BinaryIO, scratch: Path) -> list[dict[str, Any]]:
    """Write the table and return what was odd."""
    if output.format in {"csv", "tsv"}:
        _write_csv(table, output, file)
        return []
    if output.format == "parquet":
        table.sink_parquet(file)
        return []
    if output.format == "ndjson":
        frame = table.collect(engine="streaming")
        file.write(plain(frame).write_ndjson().encode() if frame.width else b"")
        return []
    frame = table.collect(engine="streaming")
    if output.format == "xlsx":
        from dataflowtools.src.drivenadapters.analysis.output.workbook import write_workbook

        return write_workbook(frame, file, scratch)
    writers: dict[str, Callable[[pl.DataFrame], bytes]] = {
        "arrow": _arrow, "json": json_bytes, "markdown": _markdown, "html": _html,
    }  # fmt: skip
    file.write(writers[output.format](frame))
    return []


def _write_csv(table: pl.LazyFrame, output: Output, file: BinaryIO) -> None:
    schema = table.collect_schema()
    columns, names = [], {}
    for name, dtype in schema.items():
        expr = _flat(pl.col(name), dtype)
        if output.escape_formulas and (dtype == pl.String or dtype.is_nested()):
            expr = _escaped(expr)
        names[name] = "'" + name if output.escape_formulas and name[:1] in "=+-@\t\r" and name else name
        columns.append(expr.alias(name))
    if output.bom:
        file.write(_BOM)
        file.flush()
    separator = "\t" if output.format == "tsv" else ","
    table.select(columns).rename(names).sink_csv(
        file, separator=separator, datetime_format="%Y-%m-%dT%H:%M:%S%.f", date_format="%Y-%m-%d"
    )


def _escaped(text: pl.Expr) -> pl.Expr:
    dangerous = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(dangerous).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)


def _flat(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Lists and objects become JSON texts, for formats of plain cells."""
    if isinstance(dtype, (pl.List, pl.Array, pl.Struct)):
        return column.map_elements(_json, return_dtype=pl.String)
    if isinstance(dtype, pl.Duration):
        return column.dt.total_microseconds() / 1_000_000
    return column


def _json(value: Any) -> str:
    found = value.to_list() if isinstance(value, pl.Series) else value
    return json.dumps(found, ensure_ascii=False, default=str)


def flat_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring every cell to a plain value."""
    return frame.with_columns(
        [_flat(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items()]
    )


def _arrow(frame: pl.DataFrame) -> bytes:
    buffer = frame.write_ipc(None, compression="uncompressed")
    return buffer.getvalue()


def _rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    if frame.height > _MAX_MARKUP_ROWS:
        raise WorkerResultTooLarge(
            f"{_MAX_MARKUP_ROWS} rows are written as markup; the result has {frame.height}."
        )
    return plain(flat_frame(frame)).rows()


def _markdown(frame: pl.DataFrame) -> bytes:
    lines = [_line(frame.columns), "|" + " --- |" * frame.width, *map(_line, _rows(frame))]
    return ("\n".join(lines) + "\n").encode()


def _line(cells: Any) -> str:
    texts = ("" if cell is None else str(cell) for cell in cells)
    return "| " + " | ".join(text.translate(_MARKS) for text in texts) + " |"


def _html(frame: pl.DataFrame) -> bytes:
    def row(cells: Any, tag: str) -> str:
        texts = (html.escape("" if cell is None else str(cell)) for cell in cells)
        return "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"

    body = "\n".join(row(cells, "td") for cells in _rows(frame))
    head = row(frame.columns, "th")
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n".encode()
