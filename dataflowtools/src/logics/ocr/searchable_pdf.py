"""Pages as a PDF that looks like the scan and can be searched: pictures with invisible text above them."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataflowtools.src.logics.ocr.model import Line, PageReading, Point, Quad
from dataflowtools.src.logics.ocr.ports.page_editor import PackedPage

_POINTS_PER_INCH = 72.0
_USUAL_DPI = 150.0
_MAX_SIDE_POINTS = 14_400.0
_CMAP_PART = 100
_GLYPH_EM = 0.5


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page's picture and what is written on it."""

    picture: PackedPage
    reading: PageReading


class _Objects:
    """The numbered objects of a PDF under way."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    def reserve(self) -> int:
        """Take the next number."""
        self._bodies.append(b"")
        return len(self._bodies)

    def put(self, number: int, body: str | bytes) -> None:
        """Write an object."""
        self._bodies[number - 1] = body.encode("ascii") if isinstance(body, str) else body

    def stream(self, number: int, entries: str, data: bytes) -> None:
        """Write an object with data."""
        head = f"<<{entries}/Length {len(data)}>>\nstream\n".encode("ascii")
        self.put(number, head + data + b"\nendstream")

    def document(self, root: int) -> bytes:
        """Put the file together with its table of places."""
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        places = []
        for number, body in enumerate(self._bodies, start=1):
            places.append(len(out))
            out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start = len(out)
        out += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
        out += f"trailer\n<</Size {len(places) + 1}/Root {root} 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
        return bytes(out)


def searchable_pdf(pages: Sequence[PdfPage]) -> bytes:
    """Write the pages."""
    objects = _Objects()
    root, tree, font = objects.reserve(), objects.reserve(), objects.reserve()
    glyphs: dict[str, int] = {}
    kids = [_page(objects, page, tree, font, glyphs) for page in pages]
    objects.put(root, f"<</Type/Catalog/Pages {tree} 0 R>>")
    refs = " ".join(f"{kid} 0 R" for kid in kids)
    objects.put(tree, f"<</Type/Pages/Count {len(kids)}/Kids[{refs}]>>")
    _font(objects, font, glyphs)
    return objects.document(root)


def _page(objects: _Objects, page: PdfPage, tree: int, font: int, glyphs: dict[str, int]) -> int:
    number, image, content = objects.reserve(), objects.reserve(), objects.reserve()
    picture, reading = page.picture, page.reading
    points = _POINTS_PER_INCH / (reading.dpi or _USUAL_DPI)
    points = min(points, _MAX_SIDE_POINTS / max(reading.width, reading.height))
    across, down = max(reading.width * points, 1), max(reading.height * points, 1)
    width, height = (down, across) if reading.rotation in {90, 270} else (across, down)
    placed = {
        0: f"{across:.2f} 0 0 {down:.2f} 0 0",
        90: f"0 {-across:.2f} {down:.2f} 0 0 {across:.2f}",
        180: f"{-across:.2f} 0 0 {-down:.2f} {across:.2f} {down:.2f}",
        270: f"0 {across:.2f} {-down:.2f} 0 {down:.2f} 0",
    }[reading.rotation]
    colours = "/DeviceGray" if picture.grey else "/DeviceRGB"
    size = f"/Width {picture.width}/Height {picture.height}"
    entries = f"/Type/XObject/Subtype/Image{size}/ColorSpace{colours}/BitsPerComponent 8/Filter/DCTDecode"
    objects.stream(image, entries, picture.jpeg)
    drawn = [f"q {placed} cm /P Do Q", "BT 3 Tr"]
    lines = [replace(line, quad=_turned(line.quad, reading)) for line in reading.lines if line.text]
    drawn += [_shown(line, points, height, glyphs) for line in lines]
    data = zlib.compress("\n".join([*drawn, "ET"]).encode("ascii"))
    objects.stream(content, "/Filter/FlateDecode", data)
    objects.put(
        number,
        f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 {width:.2f} {height:.2f}]"
        f"/Resources<</XObject<</P {image} 0 R>>/Font<</F {font} 0 R>>>>/Contents {content} 0 R>>",
    )
    return number


def _turned(quad: Quad, reading: PageReading) -> Quad:
    """Where a shape stands on the page once that is upright."""

    def point(place: Point) -> Point:
        x, y = place
        width, height = reading.width, reading.height
        turns = {0: (x, y), 90: (height - y, x), 180: (width - x, height - y), 270: (y, width - x)}
        return turns[reading.rotation]

    first, second, third, fourth = quad
    return point(first), point(second), point(third), point(fourth)


def _shown(line: Line, points: float, height: float, glyphs: dict[str, int]) -> str:
    """Set a line along its box: every glyph is half an em wide and stretched to fit."""
    start, end, foot = line.quad[3], line.quad[2], line.quad[0]
    if line.is_tall:
        start, end, foot = line.quad[0], line.quad[3], line.quad[1]
    length = max(math.dist(start, end) * points, 0.1)
    size = max(math.dist(start, foot) * points * 0.85, 0.5)
    angle = math.atan2(-(end[1] - start[1]), end[0] - start[0])
    text = line.text.replace("\n", " ") + " "
    codes = "".join(f"{glyphs.setdefault(letter, len(glyphs) + 1):04X}" for letter in text)
    stretch = min(100 * length / (len(text) * size * _GLYPH_EM), 10_000)
    cosine, sine = math.cos(angle), math.sin(angle)
    x, y = start[0] * points, height - start[1] * points
    matrix = f"{cosine:.4f} {sine:.4f} {-sine:.4f} {cosine:.4f} {x:.2f} {y:.2f} Tm"
    return f"/F {size:.2f} Tf {stretch:.1f} Tz {matrix} <{codes}> Tj"


def _font(objects: _Objects, number: int, glyphs: dict[str, int]) -> None:
    """A font without outlines: it is never drawn, but tells which letter every glyph is."""
    descendant, descriptor, cmap = objects.reserve(), objects.reserve(), objects.reserve()
    name = "/BaseFont/Invisible"
    objects.put(
        number,
        f"<</Type/Font/Subtype/Type0{name}/Encoding/Identity-H"
        f"/DescendantFonts[{descendant} 0 R]/ToUnicode {cmap} 0 R>>",
    )
    objects.put(
        descendant,
        f"<</Type/Font/Subtype/CIDFontType2{name}/CIDSystemInfo"
        "<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/FontDescriptor {descriptor} 0 R/DW 500/CIDToGIDMap/Identity>>",
    )
    objects.put(
        descriptor,
        "<</Type/FontDescriptor/FontName/Invisible/Flags 4/FontBBox[0 -200 500 900]/ItalicAngle 0"
        "/Ascent 900/Descent -200/CapHeight 700/StemV 80>>",
    )
    objects.stream(cmap, "/Filter/FlateDecode", zlib.compress(_to_unicode(glyphs).encode("ascii")))


def _to_unicode(glyphs: dict[str, int]) -> str:
    pairs = [f"<{code:04X}> <{letter.encode('utf-16-be').hex()}>" for letter, code in glyphs.items()]
    parts = [pairs[start : start + _CMAP_PART] for start in range(0, len(pairs), _CMAP_PART)]
    body = "\n".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar" for part in parts)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    )
