"""What an Office document says of itself: title, author, subject, keywords."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.word.markup import legal

_CP = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_DC = "http://purl.org/dc/elements/1.1/"
_TYPE = "application/vnd.openxmlformats-package.core-properties+xml"
_RELATION = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
_NAMES = {
    "title": (_DC, "title"),
    "author": (_DC, "creator"),
    "subject": (_DC, "subject"),
    "keywords": (_CP, "keywords"),
}


def set_properties(package: OutPackage, properties: Mapping[str, str]) -> dict[str, Any]:
    """Set what is given."""
    part = next(iter(package.targets("", "core-properties").values()), "")
    root = package.change(part if part in package else _made(package))
    for name, value in properties.items():
        namespace, tag = _NAMES[name]
        entry = root.find(f"{{{namespace}}}{tag}")
        if entry is None:
            entry = etree.SubElement(root, f"{{{namespace}}}{tag}")
        entry.text = legal(value)
    return {"set": sorted(properties)}


def _made(package: OutPackage) -> str:
    """Add the part to a document that has none."""
    part = package.fresh_name("docProps/core{}.xml", first="")
    package.put(part, f'<cp:coreProperties xmlns:cp="{_CP}" xmlns:dc="{_DC}"/>'.encode())
    package.set_type(part, _TYPE)
    package.relate("", _RELATION, part)
    return part
