"""PDF files changed: what only adds is appended to the old bytes, what takes away is written anew."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from pypdf import PdfReader, PdfWriter
from pypdf.errors import FileNotDecryptedError, LimitReachedError, PyPdfError
from pypdf.generic import ArrayObject, NameObject

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.locks import PdfLock
from dataflowtools.src.drivenadapters.documents_out.pdf.forms import fill_form, flatten_form
from dataflowtools.src.errors import CorruptFile, InvalidEdit, PasswordRequired
from dataflowtools.src.logics.file.documents.options import chosen_pages

_BROKEN = (
    PyPdfError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)
_SWEEPS = 3  # what only a removed object held becomes free in the next one
_CONTENT = frozenset({"/Contents", "/Annots", "/Resources", "/Thumb", "/B", "/AA", "/Metadata"})
_ADDING = frozenset({"rotate", "fill_form"})
Order = Mapping[str, Any]


@contextmanager
def read_errors() -> Iterator[None]:
    """Tell what the library makes of a broken file as the service's errors."""
    try:
        yield
    except FileNotDecryptedError as exc:
        raise PasswordRequired("The PDF is encrypted; give its password.", field="password") from exc
    except LimitReachedError as exc:
        raise CorruptFile("The PDF holds more than is read.") from exc
    except _BROKEN as exc:
        raise CorruptFile("The PDF is broken.") from exc


class PdfEditor:
    """One PDF under change."""

    def __init__(
        self, file: BinaryIO, others: Mapping[str, BinaryIO], request: Order, caveats: Caveats
    ) -> None:
        self._file, self._others, self._caveats = file, others, caveats
        with read_errors():
            reader = PdfReader(file)
            self._lock = PdfLock(reader, request.get("password"))
            adding = not self._lock and all(order["op"] in _ADDING for order in request["operations"])
            self.writer = PdfWriter(reader, incremental=True) if adding else PdfWriter(clone_from=reader)
            signed = _is_signed(self.writer)
        if signed:
            caveats.add(
                "signature_broken", "The PDF was signed; a signature does not cover what was changed."
            )
        self.operations: dict[str, Callable[[Order], dict[str, Any]]] = {
            "merge": self._merge,
            "rotate": self._rotate,
            "delete_pages": self._delete_pages,
            "keep_pages": self._keep_pages,
            "reorder_pages": self._reorder_pages,
            "fill_form": self._fill_form,
            "flatten_form": self._flatten_form,
        }

    def save(self, file: BinaryIO) -> None:
        """Write the PDF; pages that were taken out are in it no more."""
        if not self.writer.incremental:
            for _ in range(_SWEEPS):
                self.writer.compress_identical_objects(remove_duplicates=False, remove_unreferenced=True)
        with read_errors():
            self._lock.put_on(self.writer)
            self.writer.write(file)

    def _chosen(self, pages: str) -> list[int]:
        return chosen_pages(pages, len(self.writer.pages))

    def _merge(self, order: Order) -> dict[str, Any]:
        before = len(self.writer.pages)
        place = min(order.get("at", before), before)
        for file_id in order["file_ids"]:
            with read_errors():
                reader = PdfReader(self._others[file_id])
                if reader.is_encrypted:
                    raise PasswordRequired("A PDF to be merged is encrypted.", field="/operations")
                self.writer.merge(place, reader)
                place += len(reader.pages)
        return {"pages": len(self.writer.pages), "added": len(self.writer.pages) - before}

    def _rotate(self, order: Order) -> dict[str, Any]:
        chosen = self._chosen(order.get("pages", ""))
        for number in chosen:
            self.writer.pages[number - 1].rotate(order["angle"])
        return {"pages": len(chosen)}

    def _delete_pages(self, order: Order) -> dict[str, Any]:
        return self._remove(set(self._chosen(order["pages"])))

    def _keep_pages(self, order: Order) -> dict[str, Any]:
        return self._remove(set(range(1, len(self.writer.pages) + 1)) - set(self._chosen(order["pages"])))

    def _remove(self, gone: set[int]) -> dict[str, Any]:
        if len(gone) == len(self.writer.pages):
            raise InvalidEdit("A PDF keeps at least one page.")
        for number in sorted(gone, reverse=True):
            with read_errors():
                page = self.writer.pages[number - 1]
                for key in _CONTENT.intersection(
                    page
                ):  # bookmarks may still point at the page, but at nothing in it
                    del page[key]
                self.writer.remove_page(number - 1)
        return {"deleted": len(gone), "pages": len(self.writer.pages)}

    def _fill_form(self, order: Order) -> dict[str, Any]:
        with read_errors():
            return fill_form(self.writer, order["fields"], self._caveats)

    def _flatten_form(self, _: Order) -> dict[str, Any]:
        with read_errors():
            return flatten_form(self.writer)

    def _reorder_pages(self, order: Order) -> dict[str, Any]:
        """Put the pages that are named first, in that order; the others follow in theirs."""
        pages = self.writer.flattened_pages or []
        named = [page for part in order["pages"].split(",") for page in chosen_pages(part, len(pages))]
        if len(named) != len(set(named)):
            raise InvalidEdit("A page is named twice; it can stand in one place only.")
        rest = [page for page in range(1, len(pages) + 1) if page not in set(named)]
        with read_errors():
            pages[:] = [pages[number - 1] for number in (*named, *rest)]
            tree: Any = self.writer.root_object["/Pages"].get_object()
            tree[NameObject("/Kids")] = ArrayObject([page.indirect_reference for page in pages])
        return {"pages": len(pages)}


def split(file: BinaryIO, order: Order, request: Order, out: BinaryIO) -> list[dict[str, Any]]:
    """Write parts of a PDF one after another and tell where each begins."""
    listed, name = [], str(request["name"])
    with read_errors():
        reader = PdfReader(file)
        lock = PdfLock(reader, request.get("password"))
        parts = _parts(order, len(reader.pages))
        stem = name.rpartition(".")[0] or name
        for number, pages in enumerate(parts, start=1):
            writer = PdfWriter()
            writer.append(reader, pages=[page - 1 for page in pages])
            held = io.BytesIO()
            lock.put_on(writer)
            writer.write(held)
            start = out.tell()
            out.write(held.getbuffer())
            title = f"{stem}-{number:0{len(str(len(parts)))}d}.pdf"
            listed.append({"name": title, "start": start, "length": out.tell() - start})
    return listed


def _parts(order: Order, count: int) -> list[list[int]]:
    if "parts" in order:
        return [chosen_pages(pages, count) for pages in order["parts"]]
    return [
        list(range(first, min(first + order["every"], count + 1)))
        for first in range(1, count + 1, order["every"])
    ]


def _is_signed(writer: PdfWriter) -> bool:
    form = writer.root_object.get("/AcroForm")
    return form is not None and bool(int(form.get_object().get("/SigFlags", 0)) & 1)
