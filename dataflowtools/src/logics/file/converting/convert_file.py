"""A file in another format: by the best route through the converters that are here."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from dataflowtools.src.common.stored_file import IncomingFile, Owner, StoredFile
from dataflowtools.src.errors import EngineMissing, InvalidSelection, UnsupportedConversion
from dataflowtools.src.logics.file.clean_names import stem_of
from dataflowtools.src.logics.file.converting.formats import FORMATS, TABLELESS, target_named
from dataflowtools.src.logics.file.converting.graph import ConversionGraph, Hop, Route
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.converting.ports.converter import Converted, Converter, DocumentInspector
from dataflowtools.src.logics.file.documents.options import page_ranges
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.upload_files import UploadFiles

Warnings = Sequence[Mapping[str, str]]
_CHOICES = {
    "pages": "No pages can be chosen",
    "sheet": "No sheet can be chosen",
    "pdf_a": "No archival PDF is written",
    "one_page_sheets": "No sheets are put on pages",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A document in its new format, held for as long as it is read."""

    document: TakenDocument
    name: str
    route: Route
    warnings: Warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedFile:
    """The stored result and how it came about."""

    file: StoredFile
    route: Route
    warnings: Warnings


class ConvertFile:
    """Finds a way and walks it; nothing is stored when a step fails."""

    def __init__(
        self,
        *,
        converters: Sequence[Converter],
        inspector: DocumentInspector,
        take: Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[TakenDocument]],
        open_file: OpenFile,
        upload_files: UploadFiles,
        read: Callable[[TakenDocument], AsyncIterator[bytes]],
    ) -> None:
        self._by_hop = {_key(hop): converter for converter in converters for hop in converter.hops()}
        hops = [hop for converter in converters for hop in converter.hops()]
        self.graph = ConversionGraph(hops, tableless=TABLELESS)
        self._inspector = inspector
        self.take = take
        self._open_file = open_file
        self._upload_files = upload_files
        self._read = read

    async def stored(
        self, owner: Owner, file_id: str, to: str, options: ConvertOptions, *, result_id: str | None = None
    ) -> ConvertedFile:
        """Convert a stored file of the tenant; raises FileNotFound and what converting raises.

        With a `result_id` the result has that id; one that is there already is returned as it is.
        """
        async with self.opened(owner, file_id, to, options) as made:
            return await self._keep(owner, made, result_id)

    async def given(
        self, owner: Owner, document: TakenDocument, name: str, to: str, options: ConvertOptions
    ) -> ConvertedFile:
        """Convert a document that the caller holds."""
        async with self.converted(owner.tenant, document, name, to, options) as made:
            return await self._keep(owner, made, None)

    @asynccontextmanager
    async def opened(
        self, owner: Owner, file_id: str, to: str, options: ConvertOptions
    ) -> AsyncIterator[Conversion]:
        """Convert a stored file and hold the result."""
        target = target_named(to)
        async with (
            self._open_file(owner.tenant, file_id) as file,
            self.take(file.reader.chunks()) as document,
            self.converted(owner.tenant, document, file.file.name, target, options) as made,
        ):
            yield made

    @asynccontextmanager
    async def converted(
        self, tenant: str, document: TakenDocument, name: str, to: str, options: ConvertOptions
    ) -> AsyncIterator[Conversion]:
        """Convert and hold the result; raises UnsupportedConversion, EngineMissing and what the steps raise."""
        target = target_named(to)
        page_ranges(options.pages)
        async with AsyncExitStack() as held:
            now = await held.enter_async_context(self._inspector.inspect(document, name, options.password))
            route = self.route(now.format, target)
            warnings = list(now.warnings)
            _refuse_unknown(options, route, now.format, target)
            for hop in route.hops:
                step = self._by_hop[_key(hop)].convert(tenant, hop, now.document, options)
                now = await held.enter_async_context(step)
                warnings += now.warnings
                if "pages" in hop.knows:  # chosen once, on the first step that knows pages
                    options = replace(options, pages="")
            yield Conversion(
                document=now.document, name=_name(name, now), route=route, warnings=_each_once(warnings)
            )

    def route(self, source: str, target: str) -> Route:
        """Find the way; the error tells what is possible, or what is missing here."""
        routes = self.graph.routes(source)
        if target in routes:
            return routes[target]
        possible = self.graph.routes(source, working=False).get(target)
        if possible is not None:
            needed = " and ".join(possible.missing)
            raise EngineMissing(f"Converting {source} to {target} needs {needed}, not installed here.")
        ways = f"it becomes {', '.join(sorted(routes))}" if routes else "nothing is made of it"
        raise UnsupportedConversion(f"A {source} file is not converted to {target}; {ways}.", field="/to")

    async def _keep(self, owner: Owner, made: Conversion, result_id: str | None) -> ConvertedFile:
        incoming = IncomingFile(name=made.name, chunks=self._read(made.document))
        stored = await self._upload_files(owner, _one(incoming), file_id=result_id)
        return ConvertedFile(file=stored[0], route=made.route, warnings=made.warnings)


async def _one(incoming: IncomingFile) -> AsyncIterator[IncomingFile]:
    yield incoming


def _refuse_unknown(options: ConvertOptions, route: Route, source: str, target: str) -> None:
    """Refuse a choice that would silently make no difference."""
    for name, what in _CHOICES.items():
        if getattr(options, name) and not route.knows(name):
            raise InvalidSelection(f"{what} from {source} to {target}.", field=f"/{name}")


def _key(hop: Hop) -> tuple[str, str, str]:
    return hop.source, hop.target, hop.converter


def _name(name: str, made: Converted) -> str:
    return f"{stem_of(name)}.{FORMATS[made.format].ending}"


def _each_once(warnings: Sequence[Mapping[str, str]]) -> Warnings:
    return list({(one.get("code"), one.get("message"), one.get("where")): one for one in warnings}.values())
