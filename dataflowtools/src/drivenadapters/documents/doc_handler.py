"""Old Word documents (doc) without LibreOffice: read by small separate programs, catdoc or antiword."""

import shutil
import subprocess
from collections.abc import Callable
from typing import BinaryIO, ClassVar

from dataflowtools.src.drivenadapters.documents import decrypt
from dataflowtools.src.errors import CorruptFile, EngineMissing
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Caveat,
    Cell,
    Document,
    Paragraph,
    Table,
    plain,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions

_PROGRAMS = (
    ("catdoc", ["catdoc", "-w", "-d", "utf-8", "-f", "ascii", "/dev/stdin"]),
    ("antiword", ["antiword", "-w", "0", "-m", "UTF-8.txt", "-"]),
)
_TIMEOUT_S = 30


class DocHandler(DocumentHandler):
    """Reads Word 6 to 2003."""

    formats: ClassVar[frozenset[str]] = frozenset({"doc"})
    engine: ClassVar[str] = "catdoc"

    def __init__(self, find: Callable[[str], str | None] = shutil.which) -> None:
        self._find = find

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read the text; structure beyond paragraphs and tabs is not told."""
        del options
        if decrypt.is_encrypted(source.file):
            with decrypt.decrypt(source.file, source.password, source.scratch) as opened:
                text = self._text(opened, source)
        else:
            text = self._text(source.file, source)
        caveats = [
            Caveat(code="layout_lost", message="Of old Word files only text and tables' tabs are read.")
        ]
        return Document(blocks=_blocks(text), warnings=caveats)

    def _text(self, file: BinaryIO, source: Source) -> str:
        installed = [argv for program, argv in _PROGRAMS if self._find(program)]
        if not installed:
            raise EngineMissing("Reading .doc files needs catdoc or antiword, which are not installed here.")
        path = source.scratch / "source.doc"
        file.seek(0)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        for argv in installed:
            with path.open("rb") as stdin:
                done = subprocess.run(argv, stdin=stdin, capture_output=True, timeout=_TIMEOUT_S, check=False)
            text = done.stdout.decode("utf-8", errors="replace")
            if done.returncode == 0 and text.strip():
                return text
        raise CorruptFile("No text can be read from this Word file.")


def _blocks(text: str) -> list[Block]:
    blocks: list[Block] = []
    rows: list[list[Cell | None]] = []
    for line in text.replace("\f", "\n").splitlines():
        cells = [cell.strip() for cell in line.strip("\t ").split("\t")]
        if len(cells) > 1:
            rows.append([Cell(cell) for cell in cells])
            continue
        _close(rows, blocks)
        if line.strip():
            blocks.append(Paragraph(runs=plain(line.strip())))
    _close(rows, blocks)
    return blocks


def _close(rows: list[list[Cell | None]], blocks: list[Block]) -> None:
    """Two lines of tabs or more make a table; one is a line with tabs."""
    if len(rows) > 1:
        blocks.append(Table(rows=list(rows)))
    elif rows:
        blocks.append(Paragraph(runs=plain("\t".join(cell.text for cell in rows[0] if cell is not None))))
    rows.clear()
