"""Forms in PDF files, filled; every value is drawn with a font that has its characters."""

import io
from collections.abc import Mapping
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject
from reportlab.pdfgen.canvas import Canvas

from dataflowtools.src.drivenadapters.documents_out.pdf import fonts
from dataflowtools.src.errors import InvalidEdit

_LATIN = 0xFF
_MULTILINE = 1 << 12
_LEAST, _MOST = 4.0, 12.0
_PADDING = 2.0


def fill_form(writer: PdfWriter, values: Mapping[str, str | bool]) -> dict[str, Any]:
    """Fill fields by their full names; InvalidEdit names those that are not there."""
    fields = writer.get_fields() if hasattr(writer, "get_fields") else None
    known = _fields(writer) if fields is None else fields
    unknown = [name for name in values if name not in known]
    if unknown:
        shown = ", ".join(map(repr, list(known)[:30])) or "none"
        raise InvalidEdit(f"The form has no field {unknown[0][:60]!r}; it has {shown}.")
    texts = {name: _value(known[name], name, value) for name, value in values.items()}
    writer.update_page_form_field_values(None, texts, auto_regenerate=False)
    for page in writer.pages:
        for reference in page.get("/Annots", ArrayObject()).get_object():
            widget = reference.get_object()
            name = _full_name(widget)
            if name in texts and _type(widget) == "/Tx" and any(ord(one) > _LATIN for one in texts[name]):
                _draw(writer, widget, texts[name])
    return {"filled": len(texts)}


def _fields(writer: PdfWriter) -> dict[str, Any]:
    found = {}
    for page in writer.pages:
        for reference in page.get("/Annots", ArrayObject()).get_object():
            widget = reference.get_object()
            if widget.get("/Subtype") == "/Widget":
                found[_full_name(widget)] = widget
    return found


def _full_name(widget: Any) -> str:
    parts: list[str] = []
    node = widget
    while node is not None and len(parts) < 50:  # noqa: PLR2004  # a chain that long is a loop
        if "/T" in node:
            parts.append(str(node["/T"]))
        parent = node.get("/Parent")
        node = None if parent is None else parent.get_object()
    return ".".join(reversed(parts))


def _inherited(widget: Any, key: str) -> Any:
    node, steps = widget, 0
    while node is not None and steps < 50:  # noqa: PLR2004  # the same
        if key in node:
            return node[key]
        parent = node.get("/Parent")
        node, steps = (None if parent is None else parent.get_object()), steps + 1
    return None


def _type(widget: Any) -> str:
    return str(_inherited(widget, "/FT"))


def _value(field: Any, name: str, value: str | bool) -> str:
    kind = _type(field)
    if kind != "/Btn":
        if isinstance(value, bool):
            raise InvalidEdit(f"The field {name[:60]!r} takes a text.")
        return value
    states = _states(field)
    if isinstance(value, bool):
        on = next((state for state in states if state != "/Off"), "/Yes")
        return on if value else "/Off"
    wanted = value if value.startswith("/") else f"/{value}"
    if wanted not in states and wanted != "/Off":
        shown = ", ".join(state.lstrip("/") for state in states)
        raise InvalidEdit(f"The field {name[:60]!r} takes true, false or one of {shown}.")
    return wanted


def _states(field: Any) -> list[str]:
    widgets = [field, *(kid.get_object() for kid in field.get("/Kids", ()))]
    found: dict[str, None] = {}
    for widget in widgets:
        shown = widget.get("/AP", {}).get("/N", {}) if "/AP" in widget else {}
        found |= dict.fromkeys(map(str, shown.get_object() if hasattr(shown, "get_object") else shown))
    return list(found)


def _draw(writer: PdfWriter, widget: Any, text: str) -> None:
    """Give a text field an appearance with embedded fonts, for the usual form fonts know Latin only."""
    left, bottom, right, top = (float(one) for one in widget["/Rect"])
    width, height = abs(right - left), abs(top - bottom)
    several = bool(int(_inherited(widget, "/Ff") or 0) & _MULTILINE)
    page = PdfReader(io.BytesIO(_page(text, width, height, several=several))).pages[0]
    contents = page.get_contents()
    made = StreamObject()
    made.set_data(contents.get_data() if contents is not None else b"")
    made.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject(
                [FloatObject(0), FloatObject(0), FloatObject(width), FloatObject(height)]
            ),
            NameObject("/Resources"): page["/Resources"].clone(writer),
        }
    )
    widget[NameObject("/AP")] = DictionaryObject({NameObject("/N"): writer._add_object(made)})  # noqa: SLF001  # the library has no public way


def _page(text: str, width: float, height: float, *, several: bool) -> bytes:
    held = io.BytesIO()
    canvas = Canvas(held, pagesize=(max(width, 1), max(height, 1)), invariant=1)
    lines = text.split("\n") if several else [text.replace("\n", " ")]
    size = min(_MOST, max(_LEAST, (height - _PADDING) / max(len(lines), 1) / 1.25))
    widest = max(_width(canvas, line, size) for line in lines)
    if widest > width - 2 * _PADDING:
        size = max(_LEAST, size * (width - 2 * _PADDING) / widest)
    place = height - _PADDING - size if several else (height - size) / 2 + size * 0.15
    for line in lines:
        left = _PADDING
        for font, part in fonts.spans(line):
            canvas.setFont(font, size)
            canvas.drawString(left, place, part)
            left += canvas.stringWidth(part, font, size)
        place -= size * 1.25
    canvas.showPage()
    canvas.save()
    return held.getvalue()


def _width(canvas: Canvas, line: str, size: float) -> float:
    return sum(float(canvas.stringWidth(part, font, size)) for font, part in fonts.spans(line))
