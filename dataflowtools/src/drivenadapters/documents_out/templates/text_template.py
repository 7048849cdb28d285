"""Templates that are texts: Markdown, HTML and others."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.text_handlers import read_text
from dataflowtools.src.drivenadapters.documents_out.templates.filled import TemplateFile
from dataflowtools.src.drivenadapters.documents_out.templates.missing import tracked
from dataflowtools.src.drivenadapters.documents_out.templates.sandbox import (
    Jail,
    compiled,
    rendered,
    told,
)
from dataflowtools.src.drivenadapters.documents_out.templates.slots import SlotFinder

_PART = "body"


class TextTemplate(TemplateFile):
    """One text; in HTML the data are escaped."""

    def __init__(self, file: BinaryIO, ending: str) -> None:
        self.ending = ending
        self._source = read_text(file, "")[0]
        self._jail = Jail(autoescape=ending == "html")
        self._template = compiled(self._jail, self._source, _PART)

    def find_slots(self, finder: SlotFinder) -> None:
        with told(_PART):
            finder.read(self._jail.parse(self._source), _PART)

    def fill(self, data: Mapping[str, Any], file: BinaryIO) -> list[str]:
        self._jail.missing.clear()
        file.write(rendered(self._template, tracked(data), _PART).encode("utf-8", "replace"))
        return list(self._jail.missing)
