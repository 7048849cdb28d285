"""New Word documents."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, BinaryIO

from lxml import etree

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.from_json import blocks_of
from dataflowtools.src.drivenadapters.documents_out.office_package import CONTENT_TYPES, OFFICE, OutPackage
from dataflowtools.src.drivenadapters.documents_out.paper import paper_of
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.word.base_styles import base_styles
from dataflowtools.src.drivenadapters.documents_out.word.body import body_elements, word_target
from dataflowtools.src.drivenadapters.documents_out.word.markup import legal, make
from dataflowtools.src.drivenadapters.documents_out.word.sections import (
    Margin,
    margin_part,
    section_properties,
    set_margin,
)
from dataflowtools.src.logics.file.documents import model

_MAIN = "word/document.xml"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_CORE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = (
    f'{_HEAD}<Types xmlns="{_CORE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/{_MAIN}" ContentType="{_WORD}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/>'
    '<Override PartName="/docProps/core.xml" '
    'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
)
_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_CORE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="{_MAIN}"/>'
    f'<Relationship Id="rId2" Type="{_CORE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
    "</Relationships>"
)
_STYLES = (
    f'{_HEAD}<Relationships xmlns="{_CORE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
_DUBLIN = {"title": "dc:title", "subject": "dc:subject", "author": "dc:creator", "keywords": "cp:keywords"}


def write_word(
    blocks: Sequence[model.Block],
    order: Mapping[str, Any],
    pictures: Pictures,
    caveats: Caveats,
    file: BinaryIO,
) -> None:
    """Write blocks with page set-up, headers, styles and properties."""
    package = OutPackage(parts=_first_parts(order.get("properties", {})))
    paper = paper_of(order.get("page", {}))
    target = word_target(package, _MAIN, pictures, caveats, paper.text_width)
    target.styles.restyle(order.get("styles", {}))
    regions = {block.kind: block for block in blocks if isinstance(block, model.Region)}
    running = [block for block in blocks if not _is_margin(block)]
    body = make("body", *body_elements(running, target))
    section = section_properties(paper)
    for place in ("footer", "header"):
        region = regions.get(model.RegionKind(place))
        content = margin_of(order, place, region)
        if content:
            set_margin(section, place, margin_part(target, place, content))
    body.append(section)
    package.put(_MAIN, _HEAD.encode() + etree.tostring(make("document", body), encoding="UTF-8"))
    package.save(file)


def margin_of(order: Mapping[str, Any], place: str, region: model.Region | None) -> Margin:
    """Find what stands above or below the text: what the request says, or what was read as such."""
    said = order.get(place, "")
    if isinstance(said, str):
        return said or (region.blocks if region is not None else "")
    return blocks_of(said)


def _is_margin(block: model.Block) -> bool:
    kinds = {model.RegionKind.HEADER, model.RegionKind.FOOTER}
    return isinstance(block, model.Region) and block.kind in kinds


def _first_parts(properties: Mapping[str, str]) -> dict[str, bytes]:
    texts = {
        CONTENT_TYPES: _TYPES,
        "_rels/.rels": _RELATIONS,
        _MAIN: "<none/>",
        "word/_rels/document.xml.rels": _STYLES,
        "docProps/core.xml": _core(properties),
    }
    styles = _HEAD.encode() + etree.tostring(base_styles(), encoding="UTF-8")
    return {name: text.encode() for name, text in texts.items()} | {"word/styles.xml": styles}


def _core(properties: Mapping[str, str]) -> str:
    entries = "".join(
        f"<{tag}>{escape(legal(properties[name]), quote=False)}</{tag}>"
        for name, tag in _DUBLIN.items()
        if properties.get(name)
    )
    return (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_CORE}/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/">{entries}</cp:coreProperties>'
    )
