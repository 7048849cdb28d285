"""Office packages: parts and the relationships between them, properties, and what in them points outside."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.model import Caveat

_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_PROPERTIES = {
    "title": "title", "creator": "author", "subject": "subject", "keywords": "keywords", "created": "created",
    "description": "description", "lastModifiedBy": "last_modified_by", "modified": "modified",
    "language": "language", "category": "category", "revision": "revision",
}  # fmt: skip
_APPLICATION = {"Application": "application", "Pages": "pages", "Company": "company", "Slides": "slides"}
_COUNTS = ("pages", "slides", "revision")
_TELLING = (
    "attachedTemplate",
    "oleObject",
    "image",
    "externalLink",
    "frame",
    "subDocument",
    "audio",
    "video",
)


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a part points: to another part, or outside."""

    kind: str
    target: str
    external: bool


class OfficePackage:
    """An OOXML file."""

    def __init__(self, file: BinaryIO) -> None:
        self.zip = ZipPackage(file)
        if "[Content_Types].xml" not in self.zip:
            raise CorruptFile("The package is no Office document: it lacks [Content_Types].xml.")
        self._relations: dict[str, dict[str, Relation]] = {}

    def relations(self, part: str) -> dict[str, Relation]:
        """Read a part's relationships; none when it has no list of them."""
        if part not in self._relations:
            folder, name = posixpath.split(part)
            self._relations[part] = dict(
                self._read_relations(posixpath.join(folder, "_rels", f"{name}.rels"), folder)
            )
        return self._relations[part]

    def _read_relations(self, listing: str, folder: str) -> Iterator[tuple[str, Relation]]:
        if listing not in self.zip:
            return
        for entry in safe_xml.parse(self.zip.read(listing), listing).iter(_RELATION):
            external = entry.get("TargetMode") == "External"
            target = entry.get("Target") or ""
            if not external:
                joined = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                target = posixpath.normpath(joined)
            kind = (entry.get("Type") or "").rpartition("/")[2]
            yield entry.get("Id") or "", Relation(kind, target, external)

    def main_part(self) -> str:
        """Find the part that the document starts with."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and relation.target in self.zip:
                return relation.target
        raise CorruptFile("The package names no main document.")

    def related(self, part: str, kind: str) -> str | None:
        """Find the part of a kind that a part points to."""
        for relation in self.relations(part).values():
            if relation.kind == kind and not relation.external and relation.target in self.zip:
                return relation.target
        return None

    def xml(self, part: str) -> safe_xml.Element:
        """Parse a part."""
        return safe_xml.parse(self.zip.read(part), f"The part {part[:100]}")

    def metadata(self) -> dict[str, Any]:
        """Read the properties that Office keeps, and whether there are macros."""
        found: dict[str, Any] = {}
        for kind, names in (("core-properties", _PROPERTIES), ("extended-properties", _APPLICATION)):
            part = self.related("", kind)
            if part is None:
                continue
            for entry in self.xml(part):
                name = names.get(safe_xml.local(entry))
                if name and entry.text and entry.text.strip():
                    text = entry.text.strip()[:2000]
                    found[name] = int(text) if name in _COUNTS and text.isdecimal() else text
        if any(name.rpartition("/")[2].lower() == "vbaproject.bin" for name in self.zip.names()):
            found["has_macros"] = True
        if any("/embeddings/" in name for name in self.zip.names()):
            found["embedded_objects"] = sum("/embeddings/" in name for name in self.zip.names())
        return found

    def caveats(self, parts: list[str]) -> list[Caveat]:
        """Warn of macros and of what the given parts would fetch from outside; nothing is run or fetched."""
        caveats = []
        if self.metadata().get("has_macros"):
            caveats.append(Caveat(code="has_macros", message="The document holds macros; they were not run."))
        for part in parts:
            for relation in self.relations(part).values():
                if relation.external and relation.kind in _TELLING:
                    message = f"The document points to an outside {relation.kind}; it was not fetched."
                    caveats.append(Caveat(code="external_reference", message=message, where=part))
        return caveats[:100]
