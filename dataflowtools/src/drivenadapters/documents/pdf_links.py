"""The areas of a PDF page that lead to addresses outside."""

import ctypes
from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

_MAX_LINKS = 2000
_MAX_ADDRESS_BYTES = 4096


class LinkArea(NamedTuple):
    """A rectangle in the page's own coordinates, and where it leads."""

    left: float
    bottom: float
    right: float
    top: float
    address: str


def link_areas(page: Any, document: Any) -> Iterator[LinkArea]:
    """List the links of a page; nothing is followed."""
    if document is None:
        return
    place, link, rect = ctypes.c_int(0), pdfium.FPDF_LINK(), pdfium.FS_RECTF()
    for _ in range(_MAX_LINKS):
        if not pdfium.FPDFLink_Enumerate(page, place, link):
            return
        action = pdfium.FPDFLink_GetAction(link)
        if not action or pdfium.FPDFAction_GetType(action) != pdfium.PDFACTION_URI:
            continue
        address = _address(document, action)
        if address and pdfium.FPDFLink_GetAnnotRect(link, rect):
            yield LinkArea(rect.left, rect.bottom, rect.right, rect.top, address)


def _address(document: Any, action: Any) -> str:
    length = pdfium.FPDFAction_GetURIPath(document, action, None, 0)
    if not 1 < length <= _MAX_ADDRESS_BYTES:
        return ""
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFAction_GetURIPath(document, action, buffer, length)
    return buffer.value.decode("utf-8", errors="replace")
