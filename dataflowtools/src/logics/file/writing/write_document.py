"""Make a document of what a request says, and store it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from dataflowtools.src.common.stored_file import IncomingFile, Owner, StoredFile
from dataflowtools.src.errors import InvalidContent, UnsupportedConversion
from dataflowtools.src.logics.file.clean_names import extension_of
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.upload_files import UploadFiles
from dataflowtools.src.logics.file.writing.convert_bytes import BY_WAY_OF, ConvertBytes
from dataflowtools.src.logics.file.writing.gather_files import gathered, picture_ids, require_files
from dataflowtools.src.logics.file.writing.ports.document_workshop import DocumentWorkshop, MadeFile

TARGETS = ("docx", "xlsx", "pdf", "md", "html", "txt", *BY_WAY_OF)
_SAME: Mapping[str, str] = {"markdown": "md", "htm": "html", "text": "txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A document at hand, and what a person should know of it."""

    file: MadeFile
    warnings: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A stored document, and what a person should know of it."""

    file: StoredFile
    warnings: Sequence[Mapping[str, Any]]


class WriteDocument:
    """Makes documents from blocks, Markdown, text or sheets."""

    def __init__(
        self,
        *,
        workshop: DocumentWorkshop,
        open_file: OpenFile,
        upload_files: UploadFiles,
        convert: ConvertBytes,
    ) -> None:
        self._workshop = workshop
        self._convert = convert
        self._open_file = open_file
        self._upload_files = upload_files

    async def __call__(
        self, owner: Owner, order: Mapping[str, Any], *, request_name: str | None = None
    ) -> Written:
        """Write `content` as `to` under `name`, with page, header, footer, properties and styles.

        Raises UnsupportedConversion, InvalidContent, FileNotFound for a picture, and what storing raises.
        """
        async with self.made(owner.tenant, order) as made:
            incoming = one_incoming(made.file.name, made.file)
            stored = await self._upload_files(owner, incoming, request_name=request_name)
            return Written(file=stored[0], warnings=made.warnings)

    @asynccontextmanager
    async def made(self, tenant: str, order: Mapping[str, Any]) -> AsyncIterator[WrittenFile]:
        """Write it and hold it; raises the same."""
        asked = check_order(order)
        target = BY_WAY_OF.get(asked, asked)
        name = named(order.get("name") or "document", asked)
        pictures = gathered(self._open_file, tenant, picture_ids(dict(order)))
        async with (
            self._workshop.work("write", pictures, {**order, "to": target}) as made,
            self._as_asked(tenant, made.files[0], target, asked) as file,
        ):
            yield WrittenFile(file=replace(file, name=name), warnings=made.facts["warnings"])

    async def try_out(self, tenant: str, look: Mapping[str, Any]) -> None:
        """Write a document with nothing in it but this look; raises what is wrong with that."""
        for margin in ("header", "footer"):
            named = picture_ids(look.get(margin))
            await require_files(self._open_file, tenant, named, field=f"/{margin}")
        asked = check_order(look)
        target = BY_WAY_OF.get(asked, asked)
        empty = {"sheets": [{"name": "1"}]} if target == "xlsx" else {"text": ""}
        async with self.made(tenant, {**look, "to": target, "content": empty}):
            pass

    @asynccontextmanager
    async def _as_asked(
        self, tenant: str, made: MadeFile, target: str, asked: str
    ) -> AsyncIterator[MadeFile]:
        if asked == target:
            yield made
            return
        async with self._convert(tenant, f"a.{target}", made.read(), asked) as converted:
            yield converted


def check_order(order: Mapping[str, Any]) -> str:
    """Return the format that is asked for; raises UnsupportedConversion or InvalidContent for what it cannot be."""
    asked = _target(order.get("to") or "", order.get("name") or "")
    _refuse_misfits(BY_WAY_OF.get(asked, asked), order)
    return asked


def _target(to: str, name: str) -> str:
    wanted = (to or extension_of(name)).lower().lstrip(".")
    target = _SAME.get(wanted, wanted)
    if target not in TARGETS:
        shown = repr(wanted[:40]) if wanted else "nothing"
        raise UnsupportedConversion(
            f"Documents are written as {', '.join(TARGETS)}, not {shown}.", field="/to"
        )
    return target


def _refuse_misfits(target: str, order: Mapping[str, Any]) -> None:
    if "sheets" in order.get("content", ()) and target != "xlsx":
        raise InvalidContent("Sheets are written to workbooks only.", field="/content/sheets")
    paged = [name for name in ("page", "header", "footer", "styles") if order.get(name)]
    if paged and target not in {"docx", "pdf"}:
        raise InvalidContent(f"{paged[0]} is for docx and pdf.", field=f"/{paged[0]}")


def named(name: str, ending: str) -> str:
    """Give a name the ending of its format, unless it has one that means the same."""
    has = extension_of(name)
    return name if _SAME.get(has, has) == ending else f"{name}.{ending}"


async def one_incoming(name: str, made: MadeFile) -> AsyncIterator[IncomingFile]:
    """Pass a file that was made on to the store."""
    yield IncomingFile(name=name, chunks=made.read())
