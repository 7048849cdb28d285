"""New PDF documents."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Spacer
from reportlab.platypus.doctemplate import LayoutError

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.paper import Paper, paper_of
from dataflowtools.src.drivenadapters.documents_out.pdf.flow import Flow
from dataflowtools.src.drivenadapters.documents_out.pdf.texts import draw_line
from dataflowtools.src.drivenadapters.documents_out.pdf.thick_text import ThickText
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.errors import InvalidContent
from dataflowtools.src.logics.file.documents import model
from dataflowtools.src.logics.file.documents.render_text import block_text

_EDGE = 30.0  # points between the paper's edge and headers and footers
_MARGINS = (model.RegionKind.HEADER, model.RegionKind.FOOTER)


def write_pdf(
    blocks: Sequence[model.Block],
    order: Mapping[str, Any],
    pictures: Pictures,
    caveats: Caveats,
    file: BinaryIO,
) -> None:
    """Lay blocks out on pages, with bookmarks of the headings."""
    paper = paper_of(order.get("page", {}))
    margins = {str(kind): _margin_text(order, blocks, kind) for kind in _MARGINS}
    running = [block for block in blocks if not (isinstance(block, model.Region) and block.kind in _MARGINS)]

    def laid_out(*, cuts_spans: bool) -> bytes:
        flow = Flow(paper.text_width, paper.text_height, order.get("styles", {}), pictures, caveats)
        flow.cuts_spans = cuts_spans
        held = io.BytesIO()
        document = _Document(held, paper, order.get("properties", {}))
        # the pages' own line breaks need at least one thing to lay out
        content = [*flow.of(running), Spacer(1, 1)]
        with _too_large(flow):
            document.build(content, canvasmaker=partial(_Pages, margins=margins, paper=paper))
        return held.getvalue()

    try:
        file.write(laid_out(cuts_spans=False))
    except _TallCells:
        caveats.add(
            "spans_cut", "Cells that reach over more rows than a page holds end with their first row."
        )
        file.write(laid_out(cuts_spans=True))


class _TallCells(Exception):
    """Cells reach down over more rows than a page holds: reason to begin again, no fault."""


@contextmanager
def _too_large(flow: Flow) -> Iterator[None]:
    """Tell why something does not fit a page."""
    try:
        yield
    except LayoutError as exc:
        if flow.has_spans:
            raise _TallCells from exc
        raise InvalidContent("A picture, a cell or a line is larger than the page.") from exc


def _margin_text(order: Mapping[str, Any], blocks: Sequence[model.Block], kind: model.RegionKind) -> str:
    said = order.get(str(kind), "")
    if isinstance(said, str) and said:
        return said
    if said:
        raise InvalidContent(f"The {kind} of a PDF is a text.", field=f"/{kind}")
    regions = (block for block in blocks if isinstance(block, model.Region) and block.kind == kind)
    return " ".join(block_text(one).strip() for region in regions for one in region.blocks)[:300]


class _Document(BaseDocTemplate):  # type: ignore[misc]  # the library has no types
    """One kind of page; headings become bookmarks."""

    def __init__(self, file: BinaryIO, paper: Paper, about: Mapping[str, str]) -> None:
        super().__init__(
            file, pagesize=(paper.width, paper.height), title=about.get("title", ""), author=about.get("author", ""),
            subject=about.get("subject", ""), keywords=about.get("keywords", ""), creator="dataflowtools",
            invariant=1, lang="zh-CN",
        )  # fmt: skip
        frame = Frame(
            paper.left, paper.bottom, paper.text_width, paper.text_height,
            leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
        )  # fmt: skip
        self.addPageTemplates(PageTemplate(frames=[frame]))
        self._deepest = -1
        self._marks = 0

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802  # the library's name
        """Bookmark a heading; a level is never skipped, or readers show none at all."""
        outline = getattr(flowable, "outline", None)
        if outline is None or not outline[1].strip():
            return
        self._deepest = min(outline[0], self._deepest + 1)
        self._marks += 1
        name = f"h{self._marks}"
        self.canv.bookmarkPage(name)
        self.canv.addOutlineEntry(outline[1], name, self._deepest, closed=False)


class _Pages(Canvas):  # type: ignore[misc]  # the library has no types
    """Keeps all pages until their number is known, for headers and footers."""

    def __init__(self, *arguments: Any, margins: Mapping[str, str], paper: Paper, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._margins, self._paper = margins, paper
        self._kept: list[dict[str, Any]] = []

    def beginText(self, x: float = 0, y: float = 0, direction: Any = None) -> ThickText:  # noqa: N802  # the library's name
        """Begin a text whose fonts may be thickened."""
        return ThickText(self, x, y, direction=direction)

    def showPage(self) -> None:  # noqa: N802  # the library's name
        """Keep the page."""
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Draw what stands around the text, then write."""
        count = len(self._kept)
        for page in self._kept:
            self.__dict__.update(page)
            self._draw_margins(count)
            super().showPage()
        super().save()

    def _draw_margins(self, count: int) -> None:
        heights = {"header": self._paper.height - _EDGE, "footer": _EDGE}
        for place, text in self._margins.items():
            if text:
                shown = text.replace("{pages}", str(count)).replace("{page}", str(self._pageNumber))
                draw_line(self, shown, self._paper.width / 2, heights[place])
