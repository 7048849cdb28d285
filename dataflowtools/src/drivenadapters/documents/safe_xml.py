"""XML from strangers: no document type, no entities, no network, bounded depth."""

from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from dataflowtools.src.errors import CorruptFile, ForbiddenXml

Element = Any  # lxml has no types of its own
MAX_DEPTH = 250
_CHUNK_BYTES = 1 << 16
_FORBIDDEN = ("entit", "depth", "excessive", "amplification", "xmlsax2", "huge")


def _parser(*, keep_all: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=not keep_all,
        remove_pis=not keep_all,
        collect_ids=False,
    )


def parse(data: bytes, what: str = "The XML", *, keep_all: bool = False) -> Element:
    """Parse a document; ForbiddenXml for a document type or nesting beyond all use, CorruptFile if broken.

    Comments and processing instructions are dropped unless all is to be kept.
    """
    parser = _parser(keep_all=keep_all)
    try:
        for start in range(0, max(len(data), 1), _CHUNK_BYTES):
            parser.feed(data[start : start + _CHUNK_BYTES])
        root: Element = parser.close()
    except etree.XMLSyntaxError as exc:
        raise _translated(exc, what) from exc
    _refuse_doctype(root, what)
    return root


def _refuse_doctype(root: Element, what: str) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise ForbiddenXml(f"{what} declares a document type, which may hold entities.")


def _translated(exc: etree.XMLSyntaxError, what: str) -> Exception:
    said = str(exc)
    if any(word in said.lower() for word in _FORBIDDEN):
        return ForbiddenXml(f"{what} uses entities or nesting beyond what is read.")
    return CorruptFile(f"{what} is not well-formed: {said[:200]}")


def elements(chunks: Iterable[bytes], tag: str, what: str = "The XML") -> Iterator[Element]:
    """Yield each finished element of the tag while the document streams by; it is emptied afterwards."""
    parser = etree.XMLPullParser(
        events=("end",), tag=tag, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip
    checked = False
    try:
        for chunk in chunks:
            parser.feed(chunk)
            for _, element in parser.read_events():
                if not checked:
                    _refuse_doctype(element, what)
                    checked = True
                yield element
                element.clear(keep_tail=False)
                while element.getprevious() is not None and (parent := element.getparent()) is not None:
                    del parent[0]
        parser.close()
    except etree.XMLSyntaxError as exc:
        raise _translated(exc, what) from exc


def local(element: Element) -> str:
    """Return the name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def whole(text: str | None, default: int) -> int:
    """Read a count as XML writes one; anything else is the default."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else default  # noqa: PLR2004  # digits of a count
