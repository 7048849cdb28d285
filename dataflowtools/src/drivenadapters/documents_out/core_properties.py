"""What an Office document says of itself: title, author, subject, keywords."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.word.markup import legal
from dataflowtools.src.errors import InvalidEdit

_CP = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_DC = "http://purl.org/dc/elements/1.1/"
_NAMES = {
    "title": (_DC, "title"),
    "author": (_DC, "creator"),
    "subject": (_DC, "subject"),
    "keywords": (_CP, "keywords"),
}


def set_properties(package: OutPackage, properties: Mapping[str, str]) -> dict[str, Any]:
    """Set what is given; InvalidEdit when the document has no such part."""
    part = next(iter(package.targets("", "core-properties").values()), "")
    if part not in package:
        raise InvalidEdit("The document has no properties part.")
    root = package.change(part)
    for name, value in properties.items():
        namespace, tag = _NAMES[name]
        entry = root.find(f"{{{namespace}}}{tag}")
        if entry is None:
            entry = etree.SubElement(root, f"{{{namespace}}}{tag}")
        entry.text = legal(value)
    return {"set": sorted(properties)}
