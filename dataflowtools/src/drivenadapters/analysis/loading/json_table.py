"""Tables in JSON: a list of records, an object of columns, or one record a line."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

import polars as pl

from dataflowtools.src.drivenadapters.analysis.loading import infer_types
from dataflowtools.src.drivenadapters.analysis.loading.names import name_warnings, unique_names
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable, check_columns, check_size
from dataflowtools.src.drivenadapters.documents import encodings
from dataflowtools.src.drivenadapters.documents.text_handlers import parse_json_text
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.reading import ReadTable

_INTEGERS = range(-(1 << 63), 1 << 63)
_HOLDERS = ("data", "records", "rows", "items", "results")
_SCALARS: dict[frozenset[type], pl.DataType] = {
    frozenset({bool}): pl.Boolean(),
    frozenset({int}): pl.Int64(),
    frozenset({float}): pl.Float64(),
    frozenset({int, float}): pl.Float64(),
    frozenset({str}): pl.String(),
}


def load_json(file: BinaryIO, options: ReadTable, limits: AnalysisLimits, *, lines: bool) -> LoadedTable:
    """Read a JSON document, or one value a line; raises CorruptFile, which names the line, or TableTooLarge."""
    found = encodings.detect(file, options.encoding)
    file.seek(0)
    reader = _Reader()
    value = reader.read(file.read(), found.name, lines=lines)
    table = from_records(_records(value), options, limits, reader.warnings())
    if found.name != "utf-8":
        table.source = {"encoding": found.name, "encoding_certain": found.certain}
    return table


class _Reader:
    """Parses strictly but for the constants that are no JSON, which it counts."""

    def __init__(self) -> None:
        self._constants = 0

    def read(self, raw: bytes, encoding: str, *, lines: bool) -> Any:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as exc:
            raise CorruptFile(f"The JSON is not {encoding.upper()} throughout.") from exc
        try:
            return parse_json_text(text, lines=lines, parse_constant=self._constant, parse_float=self._number)
        except (ValueError, RecursionError) as exc:
            raise CorruptFile("The JSON is nested too deeply, or holds a number that is too long.") from exc

    def _constant(self, _: str) -> None:
        self._constants += 1

    def _number(self, text: str) -> float | None:
        value = float(text)
        if value in (float("inf"), float("-inf")):
            self._constants += 1
            return None
        return value

    def warnings(self) -> list[dict[str, Any]]:
        if not self._constants:
            return []
        message = "NaN, Infinity and numbers beyond what fits are read as missing."
        return [{"code": "not_finite", "message": message, "count": self._constants}]


def _records(value: Any) -> Sequence[Mapping[str, Any]]:
    if isinstance(value, dict):
        held = next((value[name] for name in _HOLDERS if isinstance(value.get(name), list)), None)
        if held is not None:
            return _records(held)
        lists = [one for one in value.values() if isinstance(one, list)]
        if lists and len(lists) == len(value) and len({len(one) for one in lists}) == 1:
            return [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]
        return [value]
    if not isinstance(value, list):
        raise CorruptFile("The JSON holds no table: a list of records is wanted.")
    return [one if isinstance(one, dict) else {"value": one} for one in value]


def from_records(
    records: Sequence[Mapping[str, Any]],
    options: ReadTable,
    limits: AnalysisLimits,
    warnings: Sequence[dict[str, Any]] = (),
) -> LoadedTable:
    """Make a table of records; a column of mixed kinds becomes text."""
    given = list(dict.fromkeys(name for record in records for name in record))
    check_columns(len(given), limits)
    names, changed = unique_names(given)
    frame = pl.DataFrame(
        [
            _column(name, [record.get(key) for record in records])
            for name, key in zip(names, given, strict=True)
        ]
    )
    check_size(frame, limits)
    if options.infer_types:
        kinds = infer_types.find_types(frame, but=options.text_columns, among=infer_types.MOMENTS)
        frame = frame.with_columns(infer_types.cast_types(kinds))
    found = LoadedTable.held(frame, records=records)
    found.warnings = [*warnings, *name_warnings(changed)]
    return found


def _column(name: str, values: list[Any]) -> pl.Series:
    kinds = frozenset(type(value) for value in values if value is not None)
    dtype = _SCALARS.get(kinds)
    if dtype == pl.Int64() and not all(value is None or value in _INTEGERS for value in values):
        return _texts(name, values, str)
    if kinds == {str}:
        return _texts(name, values, lambda value: value)
    if dtype is not None:
        return pl.Series(name, values, dtype=dtype, strict=False)
    if not kinds:
        return pl.Series(name, values, dtype=pl.String)
    if kinds == {list} and (series := _lists(name, values)) is not None:
        return series
    return _texts(name, values, _written)


def _lists(name: str, values: list[Any]) -> pl.Series | None:
    """Lists of one kind of plain values stay lists."""
    kinds = frozenset(
        type(item) for value in values if value is not None for item in value if item is not None
    )
    inner = _SCALARS.get(kinds, pl.String() if not kinds else None)
    if inner is None or (inner == pl.Int64() and not _fits(values)):
        return None
    if inner == pl.String():
        values = [
            value if value is None else [None if one is None else _clean(one) for one in value]
            for value in values
        ]
    return pl.Series(name, values, dtype=pl.List(inner), strict=False)


def _fits(values: list[Any]) -> bool:
    return all(item is None or item in _INTEGERS for value in values if value is not None for item in value)


def _texts(name: str, values: list[Any], write: Callable[[Any], str]) -> pl.Series:
    return pl.Series(
        name, [None if value is None else _clean(write(value)) for value in values], dtype=pl.String
    )


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
