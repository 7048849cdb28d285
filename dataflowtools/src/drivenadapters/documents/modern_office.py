"""Old Office documents as LibreOffice writes them anew, for readers that know the new formats only."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from dataflowtools.src.drivenadapters.converting.installed import Installed
from dataflowtools.src.drivenadapters.converting.worker_converters import WorkerSteps
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument


class _Way(NamedTuple):
    part: str
    target: str
    filter_name: str


_WAYS: Mapping[str, _Way] = {
    "doc": _Way("writer", "docx", "MS Word 2007 XML"),
    "ppt": _Way("impress", "pptx", "Impress MS PowerPoint 2007 XML"),
    "odp": _Way("impress", "pptx", "Impress MS PowerPoint 2007 XML"),
    "xls": _Way("calc", "xlsx", "Calc MS Excel 2007 XML"),
}


class ModernOffice:
    """Rewrites doc, ppt, odp and xls where the part of LibreOffice for them is here."""

    def __init__(self, steps: WorkerSteps, installed: Installed) -> None:
        self._steps = steps
        self._installed = installed

    def missing(self, found: str) -> str:
        """Name what to install for a format, or nothing when it is there."""
        return self._installed.missing_part(_WAYS[found].part)

    @asynccontextmanager
    async def rewritten(
        self, document: TakenDocument, name: str, found: str, password: str | None
    ) -> AsyncIterator[tuple[TakenDocument, str]]:
        """Hold the new document, with a name of its format; raises the errors of documents and workers."""
        way = _WAYS[found]
        arguments = {"source": found, "target": way.target, "filter": way.filter_name, "options": ""}
        looking = {"name": name, "password": password}
        async with AsyncExitStack() as held:
            facts, opened = await held.enter_async_context(
                self._steps.run("documents.inspect", document, looking)
            )
            plain = opened if facts["opened"] else document
            _, made = await held.enter_async_context(self._steps.run("libreoffice.convert", plain, arguments))
            yield made, f"document.{way.target}"
