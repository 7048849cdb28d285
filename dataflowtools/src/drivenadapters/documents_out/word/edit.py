"""Word documents changed: the parts that an operation is about, and no other."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.core_properties import set_properties
from dataflowtools.src.drivenadapters.documents_out.from_json import blocks_of
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.paper import paper_of
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.texts import content_blocks
from dataflowtools.src.drivenadapters.documents_out.word.body import (
    USUAL_WIDTH,
    WordTarget,
    body_elements,
    word_target,
)
from dataflowtools.src.drivenadapters.documents_out.word.controls import fill_controls, names_of
from dataflowtools.src.drivenadapters.documents_out.word.edit_tables import append_rows, set_table_cell
from dataflowtools.src.drivenadapters.documents_out.word.markup import plain_paragraph, w
from dataflowtools.src.drivenadapters.documents_out.word.places import place_of
from dataflowtools.src.drivenadapters.documents_out.word.replace_text import pattern_of, replace_in
from dataflowtools.src.drivenadapters.documents_out.word.sections import (
    change_paper,
    drop_unused_margins,
    margin_part,
    section_properties,
    set_margin,
    shown_margins,
)
from dataflowtools.src.errors import CorruptFile, InvalidEdit

_TWIPS_A_POINT = 20
_TEXT_PARTS = ("header", "footer", "footnotes", "endnotes", "comments")
_NO_LIMIT = 10_000_000
Order = Mapping[str, Any]


class WordEditor:
    """One Word document under change."""

    def __init__(self, file: BinaryIO, pictures: Pictures, caveats: Caveats) -> None:
        self.package = OutPackage(file)
        self._main = self.package.main_part()
        self._caveats = caveats
        self._pictures = pictures
        self._target: WordTarget | None = None
        self.operations: dict[str, Callable[[Order], dict[str, Any]]] = {
            "append": self._append,
            "insert_at": self._insert_at,
            "replace_text": self._replace_text,
            "delete_blocks": self._delete_blocks,
            "fill_control": self._fill_control,
            "set_header": self._set_margin,
            "set_footer": self._set_margin,
            "set_page": self._set_page,
            "set_properties": lambda order: set_properties(self.package, order["properties"]),
            "set_table_cell": self._set_table_cell,
            "append_table_rows": self._append_table_rows,
        }

    def save(self, file: BinaryIO) -> None:
        """Write the document."""
        self.package.save(file)

    @property
    def target(self) -> WordTarget:
        """Where new blocks go; styles and lists are looked at when the first of them come."""
        if self._target is None:
            self._target = word_target(
                self.package, self._main, self._pictures, self._caveats, self._text_width()
            )
        return self._target

    def _body(self, *, change: bool = True) -> Element:
        root = self.package.change(self._main) if change else self.package.look(self._main)
        body = root.find(w("body"))
        if body is None:
            raise CorruptFile("The document has no body.")
        return body

    def _blocks(self, *, change: bool = True) -> list[Element]:
        return [one for one in self._body(change=change) if one.tag in {w("p"), w("tbl"), w("sdt")}]

    def _text_width(self) -> float:
        section = self._body(change=False).find(w("sectPr"))
        size = section.find(w("pgSz")) if section is not None else None
        margin = section.find(w("pgMar")) if section is not None else None
        if size is None or margin is None:
            return USUAL_WIDTH
        try:
            sides = int(margin.get(w("left"), 0)) + int(margin.get(w("right"), 0))
            return max((int(size.get(w("w"), 0)) - sides) / _TWIPS_A_POINT, 72.0)
        except ValueError:
            return USUAL_WIDTH

    def _elements(self, order: Order) -> list[Element]:
        content = order["content"]
        if "text" in content:
            return [plain_paragraph(line) for line in content["text"].split("\n")]
        return body_elements(content_blocks(content), self.target)

    def _append(self, order: Order) -> dict[str, Any]:
        elements = self._elements(order)
        body = self._body()
        last = body.find(w("sectPr"))
        place = len(body) if last is None else body.index(last)
        body[place:place] = elements
        return {"blocks": len(elements)}

    def _insert_at(self, order: Order) -> dict[str, Any]:
        blocks = self._blocks()
        elements = self._elements(order)
        number = place_of(order, blocks, self._is_heading)
        if number < len(blocks):
            body = self._body()
            place = body.index(blocks[number])
            body[place:place] = elements
        else:
            self._append(order)
        return {"blocks": len(elements), "at": number}

    def _is_heading(self, style: str) -> bool:
        return self.target.styles.is_heading(style)

    def _replace_text(self, order: Order) -> dict[str, Any]:
        pattern, left = pattern_of(order), order.get("most") or _NO_LIMIT
        done = 0
        related = [part for kind in _TEXT_PARTS for part in self.package.targets(self._main, kind).values()]
        for part in dict.fromkeys([self._main, *related]):
            if part not in self.package:
                continue
            root = self.package.look(part)
            count = replace_in(root, pattern, order["replace"], left - done)
            if count:
                self.package.keep(part, root)
            done += count
        return {"replaced": done}

    def _delete_blocks(self, order: Order) -> dict[str, Any]:
        blocks = self._blocks()
        chosen = blocks[order["at"] : order["at"] + order.get("count", 1)]
        if not chosen:
            raise InvalidEdit(f"The document has {len(blocks)} blocks; there is none at {order['at']}.")
        for block in chosen:
            if block.find(f"{w('pPr')}/{w('sectPr')}") is not None:
                raise InvalidEdit("A paragraph that ends a section cannot be removed.")
            block.getparent().remove(block)
        return {"deleted": len(chosen)}

    def _fill_control(self, order: Order) -> dict[str, Any]:
        done, known = 0, set()
        for part in [
            self._main,
            *(p for kind in _TEXT_PARTS for p in self.package.targets(self._main, kind).values()),
        ]:
            if part not in self.package:
                continue
            root = self.package.look(part)
            count = fill_controls(root, order["control"], order["value"], self._caveats)
            if count:
                self.package.keep(part, root)
            known |= {name for control in root.iter(w("sdt")) for name in names_of(control)}
            done += count
        if not done:
            shown = ", ".join(map(repr, sorted(known)[:30])) or "none"
            raise InvalidEdit(f"There is no content control {order['control'][:60]!r}; there are {shown}.")
        return {"filled": done}

    def _sections(self) -> list[Element]:
        body = self._body()
        found = list(body.iter(w("sectPr")))
        if body.find(w("sectPr")) is None:
            found.append(section_properties(paper_of({})))
            body.append(found[-1])
        return found

    def _set_margin(self, order: Order) -> dict[str, Any]:
        place = order["op"].removeprefix("set_")
        content = order["content"]
        blocks = content if isinstance(content, str) else blocks_of(content)
        sections = self._sections()
        before = shown_margins(self._body(), place)
        relation = margin_part(self.target, place, blocks)
        for section in sections:
            set_margin(section, place, relation, order.get("kind", "default"))
        drop_unused_margins(self.package, self._main, place, before)
        return {"sections": len(sections)}

    def _set_page(self, order: Order) -> dict[str, Any]:
        sections = self._sections()
        for section in sections:
            change_paper(section, order["page"])
        return {"sections": len(sections)}

    def _table(self, number: int) -> Element:
        tables = list(self._body().iter(w("tbl")))
        if number >= len(tables):
            raise InvalidEdit(f"The document has {len(tables)} tables; there is none at {number}.")
        return tables[number]

    def _set_table_cell(self, order: Order) -> dict[str, Any]:
        set_table_cell(self._table(order["table"]), order)
        return {}

    def _append_table_rows(self, order: Order) -> dict[str, Any]:
        append_rows(self._table(order["table"]), order["rows"])
        return {"rows": len(order["rows"])}
