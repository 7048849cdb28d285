"""PDF pages that are one picture, packed in each way that PDF knows."""

import io
import struct
import zlib

from PIL import Image, ImageOps

from dataflowtools.tests.http.ocr import drawn_pages as drawn
from dataflowtools.tests.unit.documents.making import assemble


def page_of(picture: Image.Image, codec: str, *, points: float = 0.5) -> bytes:
    """One page that shows the picture."""
    kind, data = CODECS[codec](picture)
    gray = f"/ColorSpace/DeviceGray/BitsPerComponent {1 if codec in BILEVEL else 8}"
    return _page(*picture.size, kind + ("" if codec == "jpx" else gray), data, points)


def huge_page(side: int) -> bytes:
    """A page of 200 by 200 inches with a white picture of so many pixels a side in a few kilobytes.

    In fax code a white row below a white row is one bit.
    """
    code = b"\xff" * (side // 8) + b"\x00\x10\x01"
    kind = "/Filter/JBIG2Decode/ColorSpace/DeviceGray/BitsPerComponent 1"
    return _page(side, side, kind, jbig2(side, side, code), 14_400 / side)


def _page(width: int, height: int, kind: str, data: bytes, points: float) -> bytes:
    across, down = width * points, height * points
    stream = f"q {across} 0 0 {down} 0 0 cm /Im Do Q".encode()
    return assemble(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {across} {down}]"
            "/Resources<</XObject<</Im 5 0 R>>>>/Contents 4 0 R>>",
            4: b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
            5: f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}{kind}/Length {len(data)}>>stream\n".encode()
            + data
            + b"\nendstream",
        }
    )


def group4(picture: Image.Image) -> bytes:
    """The picture as fax code (T.6), which both TIFF and JBIG2 can hold; what is 0 is coded as white."""
    held = io.BytesIO()
    picture.convert("1").save(held, "TIFF", compression="group4", tiffinfo={278: picture.height})
    with Image.open(io.BytesIO(held.getvalue())) as packed:
        (start,), (size,) = packed.tag_v2[273], packed.tag_v2[279]
    return held.getvalue()[start : start + size]


def jbig2(width: int, height: int, code: bytes) -> bytes:
    """A JBIG2 stream for PDF: what the page is, and one region in fax code (ITU-T T.88, 7.4)."""
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", width, height, 0, 0, 0) + b"\x01" + code
    return _segment(0, 48, page) + _segment(1, 38, region)


def _segment(number: int, kind: int, data: bytes) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data


def _jbig2(picture: Image.Image) -> tuple[str, bytes]:
    black_is_one = group4(ImageOps.invert(picture.convert("L")))
    return "/Filter/JBIG2Decode", jbig2(*picture.size, black_is_one)


def _fax(picture: Image.Image) -> tuple[str, bytes]:
    parameters = f"<</K -1/Columns {picture.width}/Rows {picture.height}/BlackIs1 true>>"
    return f"/Filter/CCITTFaxDecode/DecodeParms{parameters}", group4(picture)


CODECS = {
    "jbig2": _jbig2,
    "fax": _fax,
    "jpx": lambda picture: ("/Filter/JPXDecode", drawn.saved(picture.convert("L"), "JPEG2000")),
    "jpeg": lambda picture: ("/Filter/DCTDecode", drawn.saved(picture.convert("L"), "JPEG", quality=90)),
    "flate": lambda picture: ("/Filter/FlateDecode", zlib.compress(picture.convert("L").tobytes())),
}
BILEVEL = ("jbig2", "fax")
