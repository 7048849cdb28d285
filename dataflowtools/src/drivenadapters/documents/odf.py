"""What OpenDocument files of all kinds share: names and properties."""

import re
from typing import Any

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TEXT, TABLE, STYLE = (f"{{{_NS}{name}:1.0}}" for name in ("office", "text", "table", "style"))
FO = f"{{{_NS}xsl-fo-compatible:1.0}}"
CALCEXT = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
DC = "{http://purl.org/dc/elements/1.1/}"
XLINK = "{http://www.w3.org/1999/xlink}"
_META = f"{{{_NS}meta:1.0}}"
_PROPERTIES = {
    "title": "title", "creator": "author", "initial-creator": "first_author", "subject": "subject",
    "date": "modified", "creation-date": "created", "description": "description", "language": "language",
    "generator": "application", "keyword": "keywords",
}  # fmt: skip


def odf_metadata(package: ZipPackage) -> dict[str, Any]:
    """Read the properties, the number of pages and whether there are macros."""
    found: dict[str, Any] = {}
    if "meta.xml" in package:
        for entry in safe_xml.parse(package.read("meta.xml"), "The part meta.xml").iter():
            name = _PROPERTIES.get(safe_xml.local(entry))
            if name and entry.text and entry.text.strip():
                found.setdefault(name, entry.text.strip()[:2000])
            elif safe_xml.local(entry) == "document-statistic":
                count = entry.get(_META + "page-count", "")
                found |= {"pages": int(count)} if re.fullmatch(r"\d{1,7}", count) else {}
    if "first_author" in found:
        found.setdefault("author", found["first_author"])
    if any(name.startswith(("Basic/", "Scripts/")) and not name.endswith("/") for name in package.names()):
        found["has_macros"] = True
    return found
