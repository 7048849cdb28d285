"""Appearances of a form's fields, put into the content of their pages."""

from typing import Any

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject

from dataflowtools.src.drivenadapters.documents_out.pdf.fields import widgets_of

_HIDDEN = 1 << 1 | 1 << 5  # hidden, or not to be seen
_PLAIN = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def stamp(writer: PdfWriter, page: Any) -> int:
    """Draw every field's appearance on the page, take the fields away, and return how many there were."""
    widgets = list(widgets_of(page))
    if not widgets:
        return 0
    known = _own_resources(page)
    drawn = [_placed(writer, widget, known) for widget in widgets]
    old = page.get("/Contents", ArrayObject()).get_object()
    before = list(old) if isinstance(old, ArrayObject) else [page.raw_get("/Contents")] if old else []
    around = (_stream(writer, b"q\n"), _stream(writer, b"\nQ\n" + b"".join(drawn)))
    page[NameObject("/Contents")] = ArrayObject([around[0], *before, around[1]])
    annotations = page["/Annots"].get_object()
    rest = [one for one in annotations if one.get_object().get("/Subtype") != "/Widget"]
    page[NameObject("/Annots")] = ArrayObject(rest)
    return len(widgets)


def _own_resources(page: Any) -> Any:
    """Give the page a list of forms of its own; several pages may share theirs."""
    resources = DictionaryObject(page.get("/Resources", DictionaryObject()).get_object())
    forms = DictionaryObject(resources.get("/XObject", DictionaryObject()).get_object())
    resources[NameObject("/XObject")] = forms
    page[NameObject("/Resources")] = resources
    return forms


def _placed(writer: PdfWriter, widget: Any, known: Any) -> bytes:
    found = _appearance(widget)
    if found is None or int(widget.get("/F", 0)) & _HIDDEN:
        return b""
    form, reference = found
    name = next(fresh for number in range(len(known) + 1) if (fresh := f"/Field{number}") not in known)
    known[NameObject(name)] = reference if reference is not None else writer._add_object(form)  # noqa: SLF001  # the library has no public way
    form[NameObject("/Subtype")] = NameObject("/Form")
    matrix = " ".join(f"{one:.4f}" for one in _matrix(form, widget))
    return f"q {matrix} cm {name} Do Q\n".encode()


def _appearance(widget: Any) -> tuple[Any, Any] | None:
    """Find the stream that shows a widget as it is now."""
    shown = widget.get("/AP", DictionaryObject()).get_object()
    if "/N" not in shown:
        return None
    normal, key = shown["/N"].get_object(), "/N"
    if not isinstance(normal, StreamObject):
        key = str(widget.get("/AS", "/Off"))
        if key not in normal:
            return None
        shown, normal = normal, normal[key].get_object()
    raw = shown.raw_get(key)
    return normal, raw if hasattr(raw, "idnum") else None


def _matrix(form: Any, widget: Any) -> tuple[float, ...]:
    """Say how the appearance's box comes to lie in the widget's rectangle."""
    a, b, c, d, e, f = (float(one) for one in form.get("/Matrix", _PLAIN))
    left, bottom, right, top = (float(one) for one in form.get("/BBox", (0, 0, 1, 1)))
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    low = [min(values) for values in zip(*corners, strict=True)]
    high = [max(values) for values in zip(*corners, strict=True)]
    box = [float(one) for one in widget["/Rect"]]
    place = (min(box[0], box[2]), min(box[1], box[3]))
    room = (abs(box[2] - box[0]), abs(box[3] - box[1]))
    scale = [room[n] / (high[n] - low[n]) if high[n] > low[n] else 1.0 for n in (0, 1)]
    return scale[0], 0.0, 0.0, scale[1], place[0] - low[0] * scale[0], place[1] - low[1] * scale[1]


def _stream(writer: PdfWriter, data: bytes) -> Any:
    made = StreamObject()
    made.set_data(data)
    return writer._add_object(made)  # noqa: SLF001  # the same
