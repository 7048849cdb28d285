"""One page, from pixels to blocks in reading order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.logics.ocr.find_blocks import find_blocks
from dataflowtools.src.logics.ocr.find_orientation import FindOrientation, Orientation
from dataflowtools.src.logics.ocr.model import Caveat, Line, PageReading, Rect
from dataflowtools.src.logics.ocr.options import ExtractOptions
from dataflowtools.src.logics.ocr.place_back import place_back
from dataflowtools.src.logics.ocr.ports.page_editor import PageEditor
from dataflowtools.src.logics.ocr.ports.page_source import HeldFile, PagePicture, PageSource
from dataflowtools.src.logics.ocr.route_engines import PageToRead, RouteEngines

_MAX_BAD_SHARE = 0.1
_FEW_LETTERS = 40
_PICTURE_SHARE = 0.5
_REPLACED = "\ufffd"
_MESSAGES = {
    "truncated": "The picture's data ends early; what was there is read.",
    "low_resolution": "The page is so large that it was drawn with fewer dots an inch.",
}


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A page, what to know about it, and its picture."""

    reading: PageReading
    caveats: Sequence[Caveat]
    picture: PagePicture


class ReadPage:
    """Reads a page from the text it has, or from its picture."""

    def __init__(
        self, *, source: PageSource, editor: PageEditor, orientation: FindOrientation, engines: RouteEngines
    ) -> None:
        self._source = source
        self._editor = editor
        self._orientation = orientation
        self._engines = engines

    async def __call__(self, file: HeldFile, number: int, options: ExtractOptions) -> ReadResult:
        """Read the page; raises what the ports raise."""
        wants_text = options.source == "auto"
        picture = await self._source.read(
            file, number, dpi=options.dpi, password=options.password, texts=wants_text
        )
        caveats = [Caveat(code=code, message=_MESSAGES[code], page=number) for code in picture.warnings]
        regions = [
            region.on(picture.width, picture.height)
            for region in options.regions
            if region.page in {None, number}
        ]
        if picture.texts and wants_text:
            if has_good_text(picture):
                return ReadResult(_own_text(number, picture, regions, options), caveats, picture)
            caveats.append(
                Caveat(
                    code="text_unusable", message="The page's own text is unusable; it was read by OCR.",
                    page=number,
                )
            )  # fmt: skip
        if picture.blank or (options.regions and not regions):
            return ReadResult(_page(number, picture), caveats, picture)
        reading, more = await self._by_eye(number, picture, regions, options)
        return ReadResult(reading, [*caveats, *more], picture)

    async def _by_eye(
        self, number: int, picture: PagePicture, regions: Sequence[Rect], options: ExtractOptions
    ) -> tuple[PageReading, list[Caveat]]:
        self._engines.prepare(options.languages, options.engine)
        png = picture.png
        if regions:
            scaled = [Rect(*(side / picture.factor for side in rect)) for rect in regions]
            png = await self._editor.mask(png, scaled)
        way = await self._way_up(png, options)
        upright = await self._editor.make_upright(
            png, turn=way.degrees, deskew=options.deskew, tables=options.tables
        )
        asked = PageToRead(
            png=upright.png, languages=options.languages, engine=options.engine,
            flips=not way.certain, dpi=picture.dpi,
        )  # fmt: skip
        found = await self._engines(asked)
        kept = [line for line in found.lines if line.confidence >= options.min_confidence]
        blocks = find_blocks(kept, upright.grids, tables=options.tables)
        reading = _page(
            number, picture, rotation=way.degrees, skew=upright.skew, engine=found.engine,
            blocks=place_back(blocks, upright.back, picture.factor),
        )  # fmt: skip
        caveats = [Caveat(code=one.code, message=one.message, page=number) for one in found.caveats]
        return reading, caveats

    async def _way_up(self, png: bytes, options: ExtractOptions) -> Orientation:
        if options.orientation != "auto":
            return Orientation(int(options.orientation), certain=True)
        return await self._orientation(png)


def has_good_text(picture: PagePicture) -> bool:
    """Whether a page's own text is there and legible, and not a page number on a scan."""
    text = "".join(str(piece["text"]) for piece in picture.texts)
    letters = [letter for letter in text if not letter.isspace()]
    if not letters:
        return False
    if len(letters) < _FEW_LETTERS and picture.image_share > _PICTURE_SHARE:
        return False
    bad = sum(
        letter == _REPLACED or "\ue000" <= letter <= "\uf8ff" or not letter.isprintable()
        for letter in letters
    )
    return bad + 5 * text.count("(cid:") <= _MAX_BAD_SHARE * len(letters)


def _own_text(
    number: int, picture: PagePicture, regions: Sequence[Rect], options: ExtractOptions
) -> PageReading:
    lines = [_line(piece) for piece in picture.texts]
    if options.regions:
        lines = [line for line in lines if any(rect.holds(line.rect.centre) for rect in regions)]
    return _page(number, picture, source="text", blocks=find_blocks(lines, tables=options.tables))


def _line(piece: Mapping[str, Any]) -> Line:
    return Line(str(piece["text"]), 1.0, Rect(*piece["box"]).quad)


def _page(number: int, picture: PagePicture, **facts: Any) -> PageReading:
    return PageReading(number=number, width=picture.width, height=picture.height, dpi=picture.dpi, **facts)
