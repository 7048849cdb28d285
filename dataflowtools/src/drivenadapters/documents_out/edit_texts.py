"""Texts changed line by line, in the encoding and with the line ends that they have."""

import re
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.text_handlers import read_text
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.texts import written_text
from dataflowtools.src.drivenadapters.documents_out.word.replace_text import pattern_of
from dataflowtools.src.errors import InvalidEdit

_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)(?:\s+#+)?")
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
Order = Mapping[str, Any]


class TextEditor:
    """One text under change; what nothing touches keeps its bytes."""

    def __init__(self, file: BinaryIO, target: str, pictures: Pictures, caveats: Caveats) -> None:
        self._target, self._pictures, self._caveats = target, pictures, caveats
        file.seek(0)
        data = file.read()
        self._bom = next((mark for mark in _BOMS if data.startswith(mark)), b"")
        self._encoding = _BOMS.get(self._bom) or _encoding(file)
        try:
            self._text = data[len(self._bom) :].decode(self._encoding)
        except (UnicodeDecodeError, LookupError) as exc:
            raise InvalidEdit("The text is broken in its encoding, so it cannot be changed safely.") from exc
        self._end = "\r\n" if "\r\n" in self._text else "\n"
        self.operations: dict[str, Callable[[Order], dict[str, Any]]] = {
            "append": self._append,
            "insert_at": self._insert_at,
            "replace_text": self._replace_text,
            "delete_blocks": self._delete_lines,
        }

    def save(self, file: BinaryIO) -> None:
        """Write the text; InvalidEdit when its encoding lacks a character."""
        try:
            file.write(self._bom + self._text.encode(self._encoding))
        except UnicodeEncodeError as exc:
            lacking = self._text[exc.start : exc.start + 1]
            raise InvalidEdit(f"The file is in {self._encoding}, which has no {lacking!r}.") from exc

    def _written(self, order: Order) -> str:
        data = written_text(order["content"], self._target, "", self._pictures, self._caveats)
        return data.decode().replace("\r\n", "\n").replace("\n", self._end)

    def _append(self, order: Order) -> dict[str, Any]:
        added = self._written(order)
        gap = self._gap(self._text, order)
        self._text += gap + added
        return {"characters": len(gap + added)}

    def _gap(self, before: str, order: Order) -> str:
        """Say what parts content from the text before it; blocks of Markdown stand apart, or they would be joined."""
        if not before:
            return ""
        gap = "" if before.endswith("\n") else self._end
        apart = self._target != "md" or "blocks" not in order["content"]
        return gap if apart or before.endswith(self._end * 2) else gap + self._end

    def _insert_at(self, order: Order) -> dict[str, Any]:
        lines = self._text.splitlines(keepends=True)
        number = self._line(order, lines)
        added = self._written(order)
        if not added.endswith("\n"):
            added += self._end
        before, after = "".join(lines[:number]), "".join(lines[number:])
        behind = self._gap(added, order) if after.strip() and not after.startswith(self._end) else ""
        lines.insert(number, self._gap(before, order) + added + behind)
        self._text = "".join(lines)
        return {"at": number}

    def _line(self, order: Order, lines: list[str]) -> int:
        if "at" in order:
            return min(int(order["at"]), len(lines))
        if "bookmark" in order:
            raise InvalidEdit("A text has no bookmarks; give at, before, after or under.")
        if "under" in order:
            return self._under(order["under"], lines)
        wanted = order.get("before") or order.get("after") or ""
        for number, line in enumerate(lines):
            if wanted in line:
                return number if "before" in order else number + 1
        raise InvalidEdit(f"No line holds the text {wanted[:60]!r}.")

    def _under(self, title: str, lines: list[str]) -> int:
        if self._target != "md":
            raise InvalidEdit("A plain text has no headings; give at, before or after.")
        fenced = False
        for number, line in enumerate(lines):
            fenced ^= line.lstrip().startswith(("```", "~~~"))
            found = None if fenced else _HEADING.fullmatch(line.rstrip())
            if found is not None and found[1].strip() == title.strip():
                return number + 1
        raise InvalidEdit(f"There is no heading {title[:60]!r}.")

    def _replace_text(self, order: Order) -> dict[str, Any]:
        new = order["replace"]
        self._text, done = pattern_of(order).subn(lambda _: new, self._text, order.get("most", 0))
        return {"replaced": done}

    def _delete_lines(self, order: Order) -> dict[str, Any]:
        lines = self._text.splitlines(keepends=True)
        gone = lines[order["at"] : order["at"] + order.get("count", 1)]
        if not gone:
            raise InvalidEdit(f"The text has {len(lines)} lines; there is none at {order['at']}.")
        del lines[order["at"] : order["at"] + len(gone)]
        self._text = "".join(lines)
        return {"deleted": len(gone)}


def _encoding(file: BinaryIO) -> str:
    _, facts, _ = read_text(file, "")
    return str(facts["encoding"])
