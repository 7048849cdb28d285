"""What a PDF says beside its pages: properties, outline, form fields, attachments, scripts."""

import ctypes
import re
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from dataflowtools.src.logics.file.documents.model import Caveat

_NAMES = {
    "Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords",
    "Creator": "application", "Producer": "producer", "CreationDate": "created", "ModDate": "modified",
}  # fmt: skip
_DATE = re.compile(
    r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)?(\d\d)?)?)?)?(?:([Z+-])(?:(\d\d)'?(?:(\d\d)'?)?)?)?"
)
_MAX_ENTRIES = 2000
_MAX_ATTACHMENTS = 1000
_PERMISSIONS = {3: "print", 4: "modify", 5: "copy", 6: "annotate"}
_FORM_KINDS = {1: "button", 2: "checkbox", 3: "radio", 4: "choice", 5: "list", 6: "text", 7: "signature"}
_XFA_ONLY = (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND)


def metadata(document: Any) -> dict[str, Any]:
    """Read properties, version and encryption."""
    found: dict[str, Any] = {}
    for key, value in document.get_metadata_dict(skip_empty=True).items():
        if key in _NAMES:
            found[_NAMES[key]] = _moment(value) if key.endswith("Date") else value[:2000]
    version = document.get_version()
    if version:
        found["pdf_version"] = f"{version // 10}.{version % 10}"
    if pdfium.FPDF_GetSecurityHandlerRevision(document.raw) >= 0:
        found["encrypted"] = True
        bits = pdfium.FPDF_GetDocUserPermissions(document.raw) & 0xFFFFFFFF
        found["permissions"] = [name for bit, name in _PERMISSIONS.items() if bits >> (bit - 1) & 1]
    return found


def _moment(text: str) -> str:
    """Write a date like D:20240131120000+01'00' as ISO 8601; anything else stays what it is."""
    match = _DATE.match(text)
    if match is None:
        return text[:100]
    year, month, day, hour, minute, second, zone, ahead, past = match.groups()
    date = "-".join(filter(None, (year, month, day)))
    if hour is None:
        return date
    offset = "" if zone is None else "Z" if zone == "Z" else f"{zone}{ahead or '00'}:{past or '00'}"
    return f"{date}T{hour}:{minute or '00'}:{second or '00'}{offset}"


def outline(document: Any) -> list[dict[str, Any]]:
    """List bookmarks with their depth and page."""
    found = []
    for entry in document.get_toc(max_depth=15):
        destination = entry.get_dest()
        page = None if destination is None else destination.get_index()
        item = {"title": entry.get_title()[:1000], "level": entry.level + 1}
        found.append(item if page is None else item | {"page": page + 1})
        if len(found) >= _MAX_ENTRIES:
            break
    return found


def attachments(document: Any) -> list[dict[str, Any]]:
    """List embedded files; they are not opened."""
    count = min(document.count_attachments(), _MAX_ATTACHMENTS)
    found = []
    for index in range(count):
        try:
            entry = document.get_attachment(index)
            size = ctypes.c_ulong()
            pdfium.FPDFAttachment_GetFile(entry.raw, None, 0, size)
            found.append({"name": entry.get_name()[:1000], "size": size.value})
        except pypdfium2.PdfiumError:
            found.append({"name": "", "size": 0})
    return found


def form_fields(document: Any) -> list[dict[str, Any]]:
    """Read the names and values of form fields; the form's scripts are not loaded."""
    if document.get_formtype() == pdfium.FORMTYPE_NONE:
        return []
    document.init_forms()
    environment = document.formenv
    if environment is None:
        return []
    found: dict[str, dict[str, Any]] = {}
    for number in range(min(len(document), _MAX_ENTRIES)):
        page = document[number]
        try:
            for index in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
                annotation = pdfium.FPDFPage_GetAnnot(page.raw, index)
                _field(environment.raw, annotation, number + 1, found)
                pdfium.FPDFPage_CloseAnnot(annotation)
        finally:
            page.close()
        if len(found) >= _MAX_ENTRIES:
            break
    return list(found.values())


def _field(form: Any, annotation: Any, page: int, found: dict[str, dict[str, Any]]) -> None:
    if pdfium.FPDFAnnot_GetSubtype(annotation) != pdfium.FPDF_ANNOT_WIDGET:
        return
    name = _text(pdfium.FPDFAnnot_GetFormFieldName, form, annotation)
    kind = _FORM_KINDS.get(pdfium.FPDFAnnot_GetFormFieldType(form, annotation), "unknown")
    field: dict[str, Any] = {
        "name": name,
        "type": kind,
        "value": _text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation),
    }
    if kind in ("checkbox", "radio"):
        field["checked"] = bool(pdfium.FPDFAnnot_IsChecked(form, annotation))
    key = name if kind != "radio" else f"{name}\0{len(found)}"
    found.setdefault(key, field | {"page": page})


def _text(function: Any, form: Any, annotation: Any) -> str:
    length = function(form, annotation, None, 0)
    if length <= 2:  # noqa: PLR2004  # nothing but the closing zero
        return ""
    buffer = (ctypes.c_ushort * (length // 2))()
    function(form, annotation, buffer, length)
    return bytes(buffer).decode("utf-16-le", errors="replace").rstrip("\0")


def warnings(document: Any) -> list[Caveat]:
    """Tell of scripts, XFA forms and attachments."""
    found = []
    if pdfium.FPDFDoc_GetJavaScriptActionCount(document.raw) > 0:
        found.append(Caveat(code="has_javascript", message="The PDF holds scripts; they were not run."))
    if document.get_formtype() in _XFA_ONLY:
        message = "The PDF's form is XFA, which is not read; its pages may show a placeholder only."
        found.append(Caveat(code="xfa_form", message=message))
    count = document.count_attachments()
    if count > 0:
        found.append(Caveat(code="attachments", message=f"{count} files are attached; they were not opened."))
    return found
