"""The fields of a known kind of document."""

from collections.abc import Sequence

from dataflowtools.src.logics.ocr.fields import idcard, invoice
from dataflowtools.src.logics.ocr.fields.reading import seen_lines
from dataflowtools.src.logics.ocr.model import DocumentFields, PageReading

_LIKELY = 0.6


def find_fields(pages: Sequence[PageReading], kind: str) -> DocumentFields | None:
    """Read the fields of the kind asked for, or of the one that the text looks like; None when it is none."""
    if kind == "none":
        return None
    lines = seen_lines(pages)
    if kind == "invoice" or (kind == "auto" and invoice.likeness(lines) >= _LIKELY):
        return invoice.read_invoice(lines)
    if kind == "idcard" or (kind == "auto" and idcard.likeness(lines) >= _LIKELY):
        return idcard.read_idcard(lines)
    return None
