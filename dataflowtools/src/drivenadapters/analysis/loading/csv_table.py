"""Tables in text files: the fast reader where the file is plain, a careful one where it is not."""

import codecs
import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import polars as pl

from dataflowtools.src.drivenadapters.analysis.loading import csv_structure, infer_types
from dataflowtools.src.drivenadapters.analysis.loading.csv_start import find_start
from dataflowtools.src.drivenadapters.analysis.loading.names import name_warnings, unique_names
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable, check_columns, check_size
from dataflowtools.src.drivenadapters.analysis.loading.titles import above_header_warnings
from dataflowtools.src.drivenadapters.documents import encodings
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.reading import ReadTable

_SAMPLE_BYTES = 256 * 1024
_SAMPLE_ROWS = 5_000
_COPY_BYTES = 1 << 20
_UTF8 = ("utf-8", "utf-8-sig", "ascii")


def load_csv(file: BinaryIO, options: ReadTable, limits: AnalysisLimits, scratch: Path) -> LoadedTable:
    """Read a table of text; raises CorruptFile, TableTooLarge or InvalidSelection."""
    csv.field_size_limit(limits.line_bytes)
    reading = _Reading(file, options, limits, scratch)
    try:
        table = reading.table()
        if table.frame is None:
            table.open_files.extend(reading.opened)
            reading.opened.clear()
        return table
    finally:
        for opened in reading.opened:
            opened.close()


@dataclass(slots=True)
class _Layout:
    names: list[str]
    delimiter: str
    skip_rows: int
    quote: str | None


class _Reading:
    def __init__(self, file: BinaryIO, options: ReadTable, limits: AnalysisLimits, scratch: Path) -> None:
        self._file = file
        self._options = options
        self._limits = limits
        self._scratch = scratch
        self._warnings: list[dict[str, Any]] = []
        self.opened: list[IO[Any]] = []

    def table(self) -> LoadedTable:
        found = encodings.detect(self._file, self._options.encoding)
        encoding, certain = found.name, found.certain
        if encoding not in _UTF8:
            self._transcode(encoding)
        sample = self._sample()
        start = find_start(sample, self._options)
        check_columns(len(start.header), self._limits)
        names, changed = unique_names(start.header)
        self._warnings += above_header_warnings(start.above)
        if self._options.header:
            self._warnings += name_warnings(changed)
        layout = _Layout(names, start.delimiter, start.lines, self._options.quote or None)
        table = self._read(layout)
        table.source = {"encoding": encoding, "encoding_certain": certain, "delimiter": start.delimiter}
        table.warnings = self._warnings
        return table

    def _sample(self) -> str:
        self._file.seek(0)
        raw = self._file.read(_SAMPLE_BYTES)
        text = codecs.getincrementaldecoder("utf-8-sig")("replace").decode(raw)
        if len(raw) == _SAMPLE_BYTES:
            text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
        return text.replace("\0", "")

    def _transcode(self, encoding: str) -> None:
        """Write the text again as UTF-8; what cannot be decoded is replaced and counted."""
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        replaced = 0
        target = (self._scratch / f"decoded{len(self.opened)}").open("w+b")
        self.opened.append(target)
        self._file.seek(0)
        while True:
            chunk = self._file.read(_COPY_BYTES)
            text = decoder.decode(chunk, final=not chunk)
            replaced += text.count("\ufffd")
            target.write(text.encode("utf-8", "replace"))
            if not chunk:
                break
        target.flush()
        self._file = target
        if replaced:
            self._warnings.append(
                {
                    "code": "undecodable_characters",
                    "message": f"Bytes that are no {encoding} were replaced by U+FFFD.",
                    "count": replaced,
                }
            )

    def _read(self, layout: _Layout) -> LoadedTable:
        if not layout.names:
            return LoadedTable.held(pl.DataFrame())
        look = csv_structure.look_over(self._file, self._options.quote, self._limits.line_bytes)
        if not look.has_quote:
            layout.quote = None
        if look.has_nul or look.odd_quotes or look.lone_returns or not layout.delimiter.isascii():
            return self._carefully(layout, odd=look.odd_quotes)
        try:
            return self._fast(layout)
        except pl.exceptions.PolarsError as error:
            if "utf-8" in str(error):
                self._transcode(self._second_look())
            return self._carefully(layout, odd=False)

    def _second_look(self) -> str:
        """Find the encoding by the first place that is no UTF-8, far behind the sample."""
        self._file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        while chunk := self._file.read(_COPY_BYTES):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                found = encodings.detect_bytes(chunk, complete=False)
                return "utf-8-sig" if found.name == "cp1252" else found.name
        return "utf-8-sig"

    def _fast(self, layout: _Layout) -> LoadedTable:
        sample = self._scan(layout, None).head(_SAMPLE_ROWS).collect()
        kinds = self._types(sample, layout.delimiter)
        if os.fstat(self._file.fileno()).st_size > self._limits.stream_bytes:
            return self._streamed(layout, kinds)
        native = {name: kind.native for name, kind in kinds.items() if kind.native is not None}
        try:
            frame = self._scan(layout, native).collect()
        except pl.exceptions.ComputeError as error:
            if "could not parse" not in str(error):
                raise
            frame = self._scan(layout, None).collect()
            kinds = self._types(frame, layout.delimiter)
            native = {}
        if self._may_be_ragged(layout, frame):
            return self._carefully(layout, odd=False)
        check_size(frame, self._limits)
        return LoadedTable.held(self._typed(frame, kinds, native))

    def _typed(
        self, frame: pl.DataFrame, kinds: dict[str, infer_types.TextType], native: dict[str, Any]
    ) -> pl.DataFrame:
        """Cast what the reader did not; a column whose guess does not hold to its end stays text."""
        rest = {name: kind for name, kind in kinds.items() if name not in native}
        held = infer_types.find_types_streaming(frame.lazy(), rest)
        schema = frame.schema
        finite = [
            pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name)
            for name in native
            if schema[name] == pl.Float64
        ]
        return frame.with_columns(finite + infer_types.cast_types(held))

    def _types(self, sample: pl.DataFrame, delimiter: str) -> dict[str, infer_types.TextType]:
        if not self._options.infer_types:
            return {}
        among = infer_types.types_of_texts(self._options.decimal, delimiter)
        return infer_types.find_types(sample, but=self._options.text_columns, among=among)

    def _streamed(self, layout: _Layout, guessed: dict[str, infer_types.TextType]) -> LoadedTable:
        lazy = self._scan(layout, None)
        kinds = infer_types.find_types_streaming(lazy, guessed)
        return LoadedTable(lazy=lazy.with_columns(infer_types.cast_types(kinds)))

    def _scan(self, layout: _Layout, native: dict[str, Any] | None) -> pl.LazyFrame:
        self._file.seek(0)
        return pl.scan_csv(
            self._file,
            has_header=False,
            skip_lines=layout.skip_rows,
            new_columns=layout.names,
            schema_overrides=dict.fromkeys(layout.names, pl.String) | (native or {}),
            separator=layout.delimiter,
            quote_char=layout.quote,
            null_values=self._options.missing,
            infer_schema=False,
            raise_if_empty=False,
            low_memory=False,
        ).pipe(_exactly, layout.names)

    def _may_be_ragged(self, layout: _Layout, frame: pl.DataFrame) -> bool:
        """Tell short rows and blank lines, which the reader pads in silence, by their empty last field."""
        if frame.height == 0 or not frame.to_series(frame.width - 1).has_nulls():
            return False
        if layout.quote is not None:
            return True
        self._file.seek(0)
        lines = pl.scan_csv(
            self._file, has_header=False, skip_lines=layout.skip_rows, separator="\x1f", quote_char=None,
            new_columns=["line"], infer_schema=False, raise_if_empty=False,
        )  # fmt: skip
        if lines.collect_schema().len() != 1:
            return True
        fields = pl.col("line").str.count_matches(layout.delimiter, literal=True).fill_null(0)
        blank = pl.col("line").is_null() if frame.width == 1 else pl.lit(value=False)
        wrong = lines.select(((fields != frame.width - 1) | blank).any()).collect(engine="streaming")
        return bool(wrong.item())

    def _carefully(self, layout: _Layout, *, odd: bool) -> LoadedTable:
        self._file.seek(0)
        text = io.TextIOWrapper(
            io.BufferedReader(_Kept(self._file)), encoding="utf-8-sig", errors="replace", newline=""
        )
        target = (self._scratch / "repaired").open("w+", encoding="utf-8", newline="")
        self.opened.append(target)
        repair = csv_structure.rewrite(
            text, target, delimiter=layout.delimiter, width=len(layout.names), options=self._options,
            skip_lines=layout.skip_rows, odd=odd,
        )  # fmt: skip
        target.flush()
        self._file = target.buffer  # type: ignore[assignment]  # a buffered file of bytes
        self._warnings += repair.warnings(len(layout.names), self._options.bad_rows)
        plain = _Layout(layout.names, ",", 0, '"')
        if os.fstat(self._file.fileno()).st_size == 0:
            return LoadedTable.held(pl.DataFrame(schema=dict.fromkeys(layout.names, pl.String)))
        try:
            frame = self._scan(plain, None).collect()
        except pl.exceptions.PolarsError as error:
            raise CorruptFile(f"The table cannot be read: {str(error).splitlines()[0][:200]}") from error
        check_size(frame, self._limits)
        kinds = self._types(frame, layout.delimiter)
        return LoadedTable.held(self._typed(frame, kinds, {}))


def _exactly(lazy: pl.LazyFrame, names: list[str]) -> pl.LazyFrame:
    """Hold the reader to the header's columns; another number of them means ragged rows."""
    found = lazy.collect_schema().names()
    if found == names:
        return lazy
    if found and len(found) != len(names):
        raise pl.exceptions.ComputeError("the first row is not as wide as the header")
    return pl.LazyFrame(schema=dict.fromkeys(names, pl.String))  # the file ends with its header


class _Kept(io.RawIOBase):
    """A view of a file whose end does not close the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._inner = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
