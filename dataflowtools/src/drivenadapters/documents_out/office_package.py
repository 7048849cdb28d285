"""Office packages on their way out: parts that nobody touched are copied as they are, byte by byte."""

import copy
import posixpath
import struct
import zipfile
from collections.abc import Mapping
from typing import BinaryIO

from lxml import etree

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.errors import CorruptFile

CONTENT_TYPES = "[Content_Types].xml"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_LOCAL_HEADER = struct.Struct("<4s2B4HL2L2H")
_DESCRIPTOR_FLAG = 0x08
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PIECE_BYTES = 1 << 20


class _RelationIndex:
    """The relationships of one part by what they say, so that thousands of links are found at once."""

    def __init__(self, root: Element) -> None:
        self.ids: dict[tuple[str, str, str | None], str] = {}
        self._taken: set[str] = set()
        self._next = 1
        for entry in root:
            self.learn(entry)

    def learn(self, entry: Element) -> None:
        """Take a relationship in."""
        said = (str(entry.get("Type")), str(entry.get("Target")), entry.get("TargetMode"))
        self.ids.setdefault(said, str(entry.get("Id")))
        self._taken.add(str(entry.get("Id")))

    def fresh(self) -> str:
        """Find an id that none has."""
        while f"rId{self._next}" in self._taken:
            self._next += 1
        return f"rId{self._next}"


class OutPackage:
    """Parts by name, out of a package that is changed or made from nothing."""

    def __init__(self, source: BinaryIO | None = None, parts: Mapping[str, bytes] | None = None) -> None:
        self._source = source
        self._zip = ZipPackage(source) if source is not None else None
        self._changed: dict[str, bytes] = dict(parts or {})
        self._trees: dict[str, Element] = {}
        self._removed: set[str] = set()
        self._relations: dict[str, _RelationIndex] = {}

    def afresh(self) -> "OutPackage":
        """Open the same source once more, without any change."""
        again = OutPackage()
        again._source, again._zip = self._source, self._zip
        return again

    def __contains__(self, name: str) -> bool:
        if name in self._removed:
            return False
        return name in self._trees or name in self._changed or (self._zip is not None and name in self._zip)

    def names(self) -> list[str]:
        """List the parts as they are now."""
        before = self._zip.names() if self._zip is not None else []
        return [name for name in dict.fromkeys([*before, *self._changed]) if name in self]

    def read(self, name: str) -> bytes:
        """Return a part as it is now."""
        if name in self._trees:
            return _written(self._trees[name])
        if name in self._changed:
            return self._changed[name]
        if self._zip is None or name in self._removed:
            raise CorruptFile(f"The package lacks its part {name[:100]}.")
        return self._zip.read(name)

    def look(self, name: str) -> Element:
        """Parse a part to look at it; changes to it are lost, unless it is being changed already."""
        if name in self._trees:
            return self._trees[name]
        return safe_xml.parse(self.read(name), f"The part {name[:100]}", keep_all=True)

    def change(self, name: str) -> Element:
        """Parse a part to change it in place."""
        self._relations.pop(name, None)
        return self._tree(name)

    def _tree(self, name: str) -> Element:
        if name not in self._trees:
            self._trees[name] = self.look(name)
            self._changed.setdefault(name, b"")
        return self._trees[name]

    def keep(self, name: str, root: Element) -> None:
        """Take a tree that `look` gave, and that was changed since, for the part."""
        self._trees[name] = root
        self._changed.setdefault(name, b"")

    def put(self, name: str, data: bytes) -> None:
        """Write a part anew."""
        self._relations.pop(name, None)
        self._removed.discard(name)
        self._trees.pop(name, None)
        self._changed[name] = data

    def remove(self, name: str) -> None:
        """Leave a part out, and what the list of types says of it."""
        self._relations.pop(name, None)
        self._removed.add(name)
        self._trees.pop(name, None)
        self._changed.pop(name, None)
        for entry in list(self.change(CONTENT_TYPES)):
            if entry.get("PartName") == f"/{name}":
                entry.getparent().remove(entry)
        listing = relations_of(name)
        if listing in self:
            self.remove(listing)

    def type_of(self, name: str) -> str:
        """Return the type that is told of one part alone; nothing when its ending tells."""
        listed = self.look(CONTENT_TYPES)
        found = (str(one.get("ContentType")) for one in listed if one.get("PartName") == f"/{name}")
        return next(found, "")

    def set_type(self, name: str, media_type: str) -> None:
        """Tell the type of one part."""
        root = self.change(CONTENT_TYPES)
        for entry in root:
            if entry.get("PartName") == f"/{name}":
                entry.set("ContentType", media_type)
                return
        etree.SubElement(root, f"{{{_TYPES}}}Override", PartName=f"/{name}", ContentType=media_type)

    def set_default_type(self, ending: str, media_type: str) -> None:
        """Tell the type of all parts with an ending, unless it is told already."""
        if any((entry.get("Extension") or "").lower() == ending for entry in self.look(CONTENT_TYPES)):
            return
        root = self.change(CONTENT_TYPES)
        root.insert(0, etree.Element(f"{{{_TYPES}}}Default", Extension=ending, ContentType=media_type))

    def relate(self, part: str, kind: str, target: str, *, external: bool = False) -> str:
        """Add a relationship of a part, or find the same one, and return its id.

        A kind is one of Office's own, or the whole name of another.
        """
        kind = kind if "://" in kind else f"{OFFICE}/{kind}"
        listing = relations_of(part)
        if listing not in self:
            self.put(listing, f'<Relationships xmlns="{_PACKAGE}"/>'.encode())
        if not external:
            target = posixpath.relpath(target, posixpath.dirname(part) or ".")
        key = (kind, target, "External" if external else None)
        if listing not in self._relations:
            self._relations[listing] = _RelationIndex(self.look(listing))
        index = self._relations[listing]
        if key in index.ids:
            return index.ids[key]
        entry = etree.SubElement(
            self._tree(listing), f"{{{_PACKAGE}}}Relationship", Id=index.fresh(), Type=kind, Target=target
        )
        if external:
            entry.set("TargetMode", "External")
        index.learn(entry)
        return str(entry.get("Id"))

    def drop_relation(self, part: str, identity: str) -> None:
        """Remove a relationship of a part; what it points to stays."""
        for entry in list(self.change(relations_of(part))):
            if entry.get("Id") == identity:
                entry.getparent().remove(entry)

    def targets(self, part: str, kind: str = "") -> dict[str, str]:
        """List the parts that a part points to, by the relationship's id."""
        listing = relations_of(part)
        if listing not in self:
            return {}
        found = {}
        for entry in self.look(listing):
            wanted = not kind or str(entry.get("Type")).endswith(f"/{kind}")
            if wanted and entry.get("TargetMode") != "External":
                found[str(entry.get("Id"))] = resolved(part, str(entry.get("Target")))
        return found

    def main_part(self) -> str:
        """Find the part that the document starts with."""
        for target in self.targets("", "officeDocument").values():
            if target in self:
                return target
        raise CorruptFile("The package names no main document.")

    def fresh_name(self, pattern: str, *, first: str = "1") -> str:
        """Find a name that no part has; the pattern holds one {}, where `first` is tried before 2, 3 …"""
        name, number = pattern.format(first), 1
        while name in self:
            number += 1
            name = pattern.format(number)
        return name

    def reachable(self) -> set[str]:
        """List the parts that the package's relationships lead to."""
        found: set[str] = set()
        waiting = [""]
        while waiting:
            for target in self.targets(waiting.pop()).values():
                if target in self and target not in found:
                    found.add(target)
                    waiting.append(target)
        return found

    def save(self, file: BinaryIO) -> None:
        """Write the package; it is the same for the same parts, whatever the time."""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
            for name in self.names():
                if name in self._changed:
                    out.writestr(_entry(name), self.read(name))
                elif self._source is not None and self._zip is not None:
                    _copy(out, self._source, self._zip.entry(name))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _copy(out: zipfile.ZipFile, source: BinaryIO, found: zipfile.ZipInfo) -> None:
    """Copy an entry with its compressed bytes; sizes that stood behind them move to where they belong."""
    entry = copy.copy(found)
    source.seek(entry.header_offset)
    header = _LOCAL_HEADER.unpack(source.read(_LOCAL_HEADER.size))
    source.seek(header[-2] + header[-1], 1)
    entry.flag_bits &= ~_DESCRIPTOR_FLAG
    file = out.fp
    assert file is not None  # noqa: S101  # it is open for writing
    file.seek(out.start_dir)
    entry.header_offset = file.tell()
    file.write(entry.FileHeader(zip64=False))
    left = entry.compress_size
    while left:
        piece = source.read(min(_PIECE_BYTES, left))
        if not piece:
            raise CorruptFile("The package ends too early.")
        file.write(piece)
        left -= len(piece)
    out.start_dir = file.tell()
    out.filelist.append(entry)
    out.NameToInfo[entry.filename] = entry


def relations_of(part: str) -> str:
    """Name the part that lists a part's relationships; nothing is the package itself."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def resolved(part: str, target: str) -> str:
    """Name the part that a relationship of a part points to."""
    joined = target.lstrip("/") if target.startswith("/") else posixpath.join(posixpath.dirname(part), target)
    return posixpath.normpath(joined)


def _written(root: Element) -> bytes:
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data
