"""Word documents changed: the parts that an operation is about, and no other."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.core_properties import set_properties
from dataflowtools.src.drivenadapters.documents_out.from_json import blocks_of
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.paper import paper_of
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.texts import content_blocks
from dataflowtools.src.drivenadapters.documents_out.word.body import WordTarget, body_elements
from dataflowtools.src.drivenadapters.documents_out.word.controls import fill_controls, names_of
from dataflowtools.src.drivenadapters.documents_out.word.markup import make, plain_paragraph, text_elements, w
from dataflowtools.src.drivenadapters.documents_out.word.numbering import Numbering
from dataflowtools.src.drivenadapters.documents_out.word.replace_text import pattern_of, replace_in, text_of
from dataflowtools.src.drivenadapters.documents_out.word.sections import section_properties, set_margin_text
from dataflowtools.src.drivenadapters.documents_out.word.styles import Styles
from dataflowtools.src.errors import CorruptFile, InvalidEdit

_TWIPS_A_POINT = 20
_USUAL_WIDTH = 451.0
_TEXT_PARTS = ("header", "footer", "footnotes", "endnotes")
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
            self._target = WordTarget(
                package=self.package, part=self._main, styles=Styles(self.package, self._main),
                numbering=Numbering(self.package, self._main), pictures=self._pictures, caveats=self._caveats,
                width=self._text_width(),
            )  # fmt: skip
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
            return _USUAL_WIDTH
        try:
            sides = int(margin.get(w("left"), 0)) + int(margin.get(w("right"), 0))
            return max((int(size.get(w("w"), 0)) - sides) / _TWIPS_A_POINT, 72.0)
        except ValueError:
            return _USUAL_WIDTH

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
        number = self._place(order, blocks)
        if number < len(blocks):
            body = self._body()
            place = body.index(blocks[number])
            body[place:place] = elements
        else:
            self._append(order)
        return {"blocks": len(elements), "at": number}

    def _place(self, order: Order, blocks: Sequence[Element]) -> int:
        if "at" in order:
            return min(int(order["at"]), len(blocks))
        wanted = order.get("before") or order.get("after") or ""
        for number, block in enumerate(blocks):
            if any(wanted in text_of(paragraph) for paragraph in block.iter(w("p"))):
                return number if "before" in order else number + 1
        raise InvalidEdit(f"No paragraph holds the text {wanted[:60]!r}.")

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
        for section in sections:
            set_margin_text(self.target, section, place, blocks, order.get("kind", "default"))
        return {"sections": len(sections)}

    def _set_page(self, order: Order) -> dict[str, Any]:
        fresh = section_properties(paper_of(order["page"]))
        sections = self._sections()
        for section in sections:
            for entry in fresh:
                old = section.find(entry.tag)
                new = copy.deepcopy(entry)
                if old is None:
                    references = section.findall(w("headerReference")) + section.findall(w("footerReference"))
                    section.insert(len(references), new)
                else:
                    section.replace(old, new)
        return {"sections": len(sections)}

    def _table(self, number: int) -> Element:
        tables = list(self._body().iter(w("tbl")))
        if number >= len(tables):
            raise InvalidEdit(f"The document has {len(tables)} tables; there is none at {number}.")
        return tables[number]

    def _set_table_cell(self, order: Order) -> dict[str, Any]:
        rows = self._table(order["table"]).findall(w("tr"))
        cells = rows[order["row"]].findall(w("tc")) if order["row"] < len(rows) else []
        if order["column"] >= len(cells):
            raise InvalidEdit(f"The table has no cell at row {order['row']}, column {order['column']}.")
        _set_cell(cells[order["column"]], order["text"])
        return {}

    def _append_table_rows(self, order: Order) -> dict[str, Any]:
        table = self._table(order["table"])
        rows = table.findall(w("tr"))
        if not rows:
            raise InvalidEdit("The table has no row to take the look from.")
        for texts in order["rows"]:
            row = copy.deepcopy(rows[-1])
            cells = row.findall(w("tc"))
            if len(texts) > len(cells):
                raise InvalidEdit(f"A row of the table has {len(cells)} cells; {len(texts)} were given.")
            for cell, text in zip(cells, [*texts, *[""] * (len(cells) - len(texts))], strict=True):
                merge = cell.find(f"{w('tcPr')}/{w('vMerge')}")
                if merge is not None:
                    merge.getparent().remove(merge)
                _set_cell(cell, text)
            table.append(row)
        return {"rows": len(order["rows"])}


def _set_cell(cell: Element, text: str) -> None:
    """Write a cell's text in the look that its first run has."""
    first = cell.find(w("p"))
    paragraph = first if first is not None else make("p")
    run = next(paragraph.iter(w("r")), None)
    look = None if run is None else run.find(w("rPr"))
    kept = [child for child in paragraph if child.tag == w("pPr")]
    paragraph[:] = [*kept, make("r", copy.deepcopy(look) if look is not None else None, *text_elements(text))]
    cell[:] = [*(child for child in cell if child.tag == w("tcPr")), paragraph]
