"""Forms in PDF files, filled and made part of the page."""

from collections.abc import Mapping
from typing import Any

from pypdf import PdfWriter

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.pdf import fonts
from dataflowtools.src.drivenadapters.documents_out.pdf.appearances import Shown, draw
from dataflowtools.src.drivenadapters.documents_out.pdf.fields import fields_of, set_value
from dataflowtools.src.drivenadapters.documents_out.pdf.stamping import stamp
from dataflowtools.src.errors import InvalidEdit

_SHOWN_NAMES = 30


def fill_form(writer: PdfWriter, values: Mapping[str, str | bool], caveats: Caveats) -> dict[str, Any]:
    """Fill fields by their full names; InvalidEdit names those that are not there."""
    known = fields_of(writer)
    unknown = [name for name in values if name not in known]
    if unknown:
        shown = ", ".join(map(repr, list(known)[:_SHOWN_NAMES])) or "none"
        raise InvalidEdit(f"The form has no field {unknown[0][:60]!r}; it has {shown}.")
    wanted = []
    for name, value in values.items():
        one = known[name]
        text = set_value(one, value)
        if one.kind == "/Btn":
            continue
        if fonts.lacks(text):
            caveats.add("font_missing", "Some characters are in none of the fonts installed here.")
        wanted += [Shown(one, widget, text) for widget in one.widgets]
    draw(writer, wanted)
    _drop_xfa(writer, caveats)
    return {"filled": len(values)}


def _drop_xfa(writer: PdfWriter, caveats: Caveats) -> None:
    """Remove the second description of a form, which some readers would show with its old values."""
    form = writer.root_object.get("/AcroForm")
    if form is not None and form.get_object().pop("/XFA", None) is not None:
        caveats.add(
            "xfa_removed", "The form's second description (XFA) was removed, for it holds other values."
        )


def flatten_form(writer: PdfWriter) -> dict[str, Any]:
    """Make what the fields show a part of the pages, and remove the form."""
    if "/AcroForm" not in writer.root_object:
        raise InvalidEdit("The PDF has no form.")
    done = sum(stamp(writer, page) for page in writer.pages)
    del writer.root_object["/AcroForm"]
    return {"fields": done}
