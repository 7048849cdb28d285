"""From bytes to a syntax tree, or to entries that say what is wrong and where."""

from __future__ import annotations

import ast
import io
import tokenize
import unicodedata
from dataclasses import dataclass, field
from typing import Any

Entry = dict[str, Any]
MAX_SHOWN_CHARACTERS = 500


@dataclass(slots=True)
class Source:
    """A program's text with its lines at hand."""

    text: str
    name: str
    tree: ast.Module | None = None
    faults: list[Entry] = field(default_factory=list)
    _lines: list[bytes] | None = None

    def segment(self, node: ast.AST) -> str:
        """The text of a node, decorators left out; columns of a tree count UTF-8 bytes."""
        if self._lines is None:
            self._lines = self.text.encode("utf-8", "surrogatepass").split(b"\n")
        first, last = getattr(node, "lineno", 1) - 1, (getattr(node, "end_lineno", None) or 1) - 1
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None)
        rows = self._lines[first : last + 1]
        if not rows:
            return ""
        rows[-1] = rows[-1][:end]
        rows[0] = rows[0][start:]
        return b"\n".join(rows).decode("utf-8", "replace")

    def line(self, number: int) -> str:
        """One line as it stands."""
        if self._lines is None:
            self._lines = self.text.encode("utf-8", "surrogatepass").split(b"\n")
        return self._lines[number - 1].decode("utf-8", "replace") if 0 < number <= len(self._lines) else ""


def read_source(raw: bytes, name: str) -> Source:
    """Decode and parse; whatever is wrong with the text becomes an entry."""
    try:
        source = Source(_decoded(raw), name)
    except (SyntaxError, UnicodeError, LookupError) as error:
        return Source("", name, faults=[entry("encoding", f"the text cannot be decoded: {error}")])
    try:
        source.tree = ast.parse(source.text, name)
    except SyntaxError as error:
        source.faults.append(_syntax_entry(error, source))
    except RecursionError:
        source.faults.append(entry("too_deep", "the program is nested too deeply to be parsed"))
    except MemoryError:
        source.faults.append(
            entry("too_deep", "the program is nested too deeply, or is too large, to be parsed")
        )
    except ValueError as error:
        source.faults.append(entry("syntax", str(error)))
    return source


def _decoded(raw: bytes) -> str:
    """As Python reads a file: a byte order mark, then a coding line, then UTF-8; line ends become newlines."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    text = raw.decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def entry(code: str, message: str, *, severity: str = "error", **place: Any) -> Entry:
    """One line of the list that a validation gives."""
    found: Entry = {
        "code": code, "severity": severity, "message": message, "line": None, "column": None,
        "end_line": None, "end_column": None, "source": "", "caret": "", "suggestion": "",
    }  # fmt: skip
    found.update(place)
    return found


def _syntax_entry(error: SyntaxError, source: Source) -> Entry:
    line, column = error.lineno or 1, max(error.offset or 1, 1)
    shown = source.line(line)[:MAX_SHOWN_CHARACTERS]
    end = error.end_offset if error.end_lineno == line and (error.end_offset or 0) > column else column + 1
    return entry(
        "syntax",
        error.msg or "this is not Python",
        line=line,
        column=column,
        end_line=error.end_lineno or line,
        end_column=error.end_offset if (error.end_offset or 0) > 0 else column,
        source=shown,
        caret=caret_line(shown, column, end or column + 1),
    )


def caret_line(shown: str, column: int, end: int) -> str:
    """Blanks and carets under the marked part; wide characters take two cells, tabs stay tabs."""
    lead = "".join("\t" if char == "\t" else " " * _cells(char) for char in shown[: column - 1])
    lead += " " * max(0, column - 1 - len(shown))
    return lead + "^" * max(1, sum(map(_cells, shown[column - 1 : end - 1])))


def _cells(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def span(node: ast.AST) -> dict[str, int]:
    """Where a node stands: lines from 1, columns in UTF-8 bytes from 0, as the tree counts them."""
    return {
        "line": getattr(node, "lineno", 0),
        "column": getattr(node, "col_offset", 0),
        "end_line": getattr(node, "end_lineno", None) or 0,
        "end_column": getattr(node, "end_col_offset", None) or 0,
    }
