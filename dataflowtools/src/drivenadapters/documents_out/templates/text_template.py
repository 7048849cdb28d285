"""Templates that are texts: Markdown, HTML and others."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.text_handlers import read_text
from dataflowtools.src.drivenadapters.documents_out.templates.filled import TemplateFile
from dataflowtools.src.drivenadapters.documents_out.templates.missing import tracked
from dataflowtools.src.drivenadapters.documents_out.templates.sandbox import (
    Jail,
    compiled,
)
from dataflowtools.src.drivenadapters.documents_out.templates.slots import SlotFinder

_PART = "body"


class TextTemplate(TemplateFile):
    """One text; in HTML the data are escaped."""

    def __init__(self, file: BinaryIO, ending: str) -> None:
        self.ending = ending
        self._jail = Jail(autoescape=ending == "html")
        self._program = compiled(self._jail, read_text(file, "")[0], _PART)

    def find_slots(self, finder: SlotFinder) -> None:
        finder.read(self._program.tree, _PART)

    def fill(self, data: Mapping[str, Any], file: BinaryIO) -> list[str]:
        self._jail.missing.clear()
        file.write(self._program.render(tracked(data)).encode("utf-8", "replace"))
        return list(self._jail.missing)
