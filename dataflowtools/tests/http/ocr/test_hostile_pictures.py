"""The bad inputs of pictures and the answers they must get (rows 46 to 55 of the list of bad inputs)."""

import io
import struct
import zlib

import cv2
import numpy as np
import pypdfium2 as pdfium
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from dataflowtools.tests.http.ocr import drawn_pages as drawn
from dataflowtools.tests.http.ocr.coded_pages import CODECS, huge_page, page_of
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = "INVOICE 20261121"


def latin(text: str = TEXT, size: int = 36) -> Image.Image:
    return drawn.page([text], size=size, path=drawn.LATIN_FONT)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes(width // 8 + 1) * 64, 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_47_a_pixel_bomb_is_refused_by_its_header(seeing):
    for path in ("extract", "barcode"):
        problem = assert_problem(await seeing.post(path, bomb(50_000, 50_000)), 422, "image_too_large")
        assert "50000 x 50000" in problem["detail"]


async def test_48_exif_is_applied_once(seeing):
    upright = latin()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = drawn.saved(upright.rotate(90, expand=True), "JPEG", exif=exif, quality=95)
    found = await seeing.extract(turned)
    assert (found["text"], found["pages"][0]["rotation"]) == (TEXT, 0)
    assert (found["pages"][0]["width"], found["pages"][0]["height"]) == upright.size


def on_clear(colour: tuple[int, int, int]) -> Image.Image:
    mask = Image.eval(latin(), lambda value: 255 - value)
    picture = Image.new("RGBA", mask.size, (*colour, 0))
    picture.putalpha(mask)
    return picture


def sixteen_bits() -> Image.Image:
    return Image.fromarray(np.array(latin()).astype(np.uint16) * 257)


PICTURES = {
    "cmyk": lambda: drawn.saved(latin().convert("CMYK"), "JPEG", quality=95),
    "16 bit": lambda: drawn.saved(sixteen_bits(), "PNG"),
    "palette": lambda: drawn.saved(latin().convert("RGB").quantize(8), "PNG"),
    "white on clear": lambda: drawn.saved(on_clear((255, 255, 255)), "PNG"),
    "black on clear": lambda: drawn.saved(on_clear((0, 0, 0)), "PNG"),
    "1 bit": lambda: drawn.saved(latin().convert("1"), "TIFF", compression="group4"),
    "webp": lambda: drawn.saved(latin().convert("RGB"), "WEBP", quality=90),
    "bmp": lambda: drawn.saved(latin(), "BMP"),
    "gif": lambda: drawn.saved(latin(), "GIF"),
    "heic": lambda: drawn.saved(latin().convert("RGB"), "HEIF", quality=90),
}


@pytest.mark.parametrize("kind", PICTURES)
async def test_49_every_colour_model_and_format_is_read(seeing, kind):
    import pillow_heif

    pillow_heif.register_heif_opener()
    found = await seeing.extract(PICTURES[kind](), orientation="0")
    assert found["text"] == TEXT


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP"])
async def test_50_every_frame_is_a_page(seeing, kind):
    texts = ["FRAME ONE", "FRAME TWO", "FRAME THREE"]
    first, *others = [latin(text, 40).resize((420, 120)).convert("RGB") for text in texts]
    found = await seeing.extract(
        drawn.saved(first, kind, save_all=True, append_images=others), orientation="0"
    )
    assert [page["text"] for page in found["pages"]] == texts
    chosen = await seeing.extract(
        drawn.saved(first, kind, save_all=True, append_images=others), pages="2", orientation="0"
    )
    assert [page["page"] for page in chosen["pages"]] == [2]


async def test_51_half_a_picture_is_read_with_a_warning(seeing):
    lines = ["FIRST LINE HERE", *[f"LINE NUMBER {number}" for number in range(14)]]
    whole = drawn.saved(drawn.page(lines, path=drawn.LATIN_FONT), "JPEG", quality=90)
    found = await seeing.extract(whole[: int(len(whole) * 0.6)], orientation="0")
    assert [warning["code"] for warning in found["warnings"]] == ["truncated"]
    assert "FIRST LINE HERE" in found["text"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty_file"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, 422, "corrupt_file"),
        (b"\xff\xd8\xff\xe0" + b"rubbish" * 20, 422, "corrupt_file"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", 422, "corrupt_file"),
        (b"%PDF-1.7\nnothing", 422, "corrupt_file"),
        (b"PK\x03\x04" + b"\x00" * 30, 415, "unsupported_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported_type"),
        (b"just text", 415, "unsupported_type"),
    ],
)
async def test_51_what_is_no_picture_is_told_so(seeing, content, status, code):
    for path in ("extract", "barcode"):
        assert_problem(await seeing.post(path, content), status, code)


@pytest.mark.parametrize("size", [(1, 1), (300, 200), (8, 20_000), (20_000, 8)])
async def test_52_blank_and_odd_shapes_are_empty_answers(seeing, size):
    picture = drawn.png(Image.new("L", size, 255))
    found = await seeing.extract(picture)
    assert (found["text"], [page["blocks"] for page in found["pages"]]) == ("", [[]])
    assert await seeing.barcodes(picture) == []


async def test_52_a_single_line_without_margin_is_read(seeing):
    line = latin().crop(latin().point(lambda value: 255 - value).getbbox())
    assert (await seeing.extract(drawn.png(line), orientation="0"))["text"].replace(" ", "") == TEXT.replace(
        " ", ""
    )


async def test_54_no_code_is_an_empty_list(seeing):
    assert await seeing.barcodes(drawn.png(latin())) == []


def qr(content: str | bytes, **options: object) -> bytes:
    code = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, **options)
    return cv2.imencode(".png", np.array(zxingcpp.write_barcode_to_image(code, scale=6)))[1].tobytes()


async def test_54_inverted_damaged_and_tiny_codes_are_read(seeing):
    picture = cv2.imdecode(np.frombuffer(qr("damaged but readable", ec_level="H"), np.uint8), 0)
    height, width = picture.shape
    hurt = picture.copy()
    hurt[height // 2 : height // 2 + 24, width // 2 : width // 2 + 30] = 128
    tiny = np.array(
        zxingcpp.write_barcode_to_image(
            zxingcpp.create_barcode("tiny", zxingcpp.BarcodeFormat.QRCode), scale=1
        )
    )
    for one, text in (
        (255 - picture, "damaged but readable"),
        (hurt, "damaged but readable"),
        (tiny, "tiny"),
    ):
        (code,) = await seeing.barcodes(cv2.imencode(".png", one)[1].tobytes())
        assert code["text"] == text
        assert len(code["polygon"]) == 4


async def test_55_bytes_that_are_no_utf8_keep_their_meaning_and_their_bytes(seeing):
    import base64

    raw = "中文测试数据".encode("gb18030")
    (code,) = await seeing.barcodes(qr(raw))
    assert (code["text"], code["encoding"], base64.b64decode(code["bytes"])) == (
        "中文测试数据",
        "gb18030",
        raw,
    )
    (code,) = await seeing.barcodes(qr(b"\x00\xff\x80\x01\xfe"))
    assert (code["binary"], base64.b64decode(code["bytes"])) == (True, b"\x00\xff\x80\x01\xfe")


@pytest.mark.parametrize("text", ["javascript:alert(document.cookie)", "'; DROP TABLE users; --"])
async def test_55_what_a_code_says_is_never_acted_upon(seeing, text):
    (code,) = await seeing.barcodes(qr(text))
    assert code["text"] == text
    assert code["payload"]["kind"] in {"uri", "text"}


async def test_55_gs1_comes_as_elements(seeing):
    code = zxingcpp.create_barcode(
        "(01)09501101530003(17)260704(10)AB-123", zxingcpp.BarcodeFormat.DataMatrix, gs1=True
    )
    picture = np.array(zxingcpp.write_barcode_to_image(code, scale=5))
    (found,) = await seeing.barcodes(cv2.imencode(".png", picture)[1].tobytes())
    assert found["content_type"] == "GS1"
    names = {element["name"]: element["value"] for element in found["payload"]["elements"]}
    assert names == {"gtin": "09501101530003", "expiration_date": "260704", "batch": "AB-123"}


def pdf_of(*pictures: Image.Image, rotations: tuple[int, ...] = (), points: float = 0.5) -> bytes:
    document = pdfium.PdfDocument.new()
    for index, picture in enumerate(pictures):
        width, height = picture.width * points, picture.height * points
        page = document.new_page(width, height)
        image = pdfium.PdfImage.new(document)
        bitmap = pdfium.PdfBitmap.from_pil(picture.convert("RGB"))
        image.set_bitmap(bitmap)
        image.set_matrix(pdfium.PdfMatrix().scale(width, height))
        page.insert_obj(image)
        page.gen_content()
        if index < len(rotations):
            page.set_rotation(rotations[index])
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


async def test_46_rotated_pdf_pages_are_drawn_as_viewers_draw_them(seeing):
    pages = pdf_of(latin("PAGE ONE 111"), latin("PAGE TWO 222").rotate(90, expand=True), rotations=(0, 90))
    found = await seeing.extract(pages, name="a.pdf", orientation="0")
    assert [page["text"] for page in found["pages"]] == ["PAGE ONE 111", "PAGE TWO 222"]
    assert [page["source"] for page in found["pages"]] == ["ocr", "ocr"]


async def test_41_a_huge_pdf_page_is_drawn_with_fewer_dots(seeing):
    found = await seeing.extract(pdf_of(latin(), points=20), name="a.pdf", orientation="0")
    assert [warning["code"] for warning in found["warnings"]] == ["low_resolution"]
    assert found["text"].replace(" ", "") == TEXT.replace(" ", "")


@pytest.mark.parametrize("codec", CODECS)
async def test_45_scans_in_every_coding_of_pdf_are_read(seeing, codec):
    found = await seeing.extract(page_of(latin(), codec), name="a.pdf", orientation="0")
    assert (found["text"], found["pages"][0]["source"]) == (TEXT, "ocr")


async def test_41_a_page_of_a_thousand_megapixels_costs_what_it_may_and_no_more(seeing):
    bomb = huge_page(35_000)
    assert len(bomb) < 10_000
    reply = await seeing.post("extract", bomb, name="a.pdf", orientation="0")
    assert reply.status in (200, 422), reply.body
    if reply.status == 200:
        assert "low_resolution" in [warning["code"] for warning in reply.json()["warnings"]]
    else:
        assert reply.json()["code"] in ("memory_limit", "image_too_large")
    assert await seeing.barcodes(bomb, name="a.pdf") == []
    assert (await seeing.extract(drawn.png(latin()), orientation="0"))["text"] == TEXT


async def test_codes_on_every_page_of_a_pdf(seeing):
    pictures = []
    for text in ("page one", "page two"):
        sheet = Image.new("L", (500, 400), 255)
        drawn_code = cv2.imdecode(np.frombuffer(qr(text), np.uint8), 0)
        sheet.paste(Image.fromarray(drawn_code), (100, 80))
        ImageDraw.Draw(sheet).text((20, 20), "scan me", fill=0)
        pictures.append(sheet)
    found = await seeing.barcodes(pdf_of(*pictures), name="a.pdf")
    assert [(code["page"], code["text"]) for code in found] == [(1, "page one"), (2, "page two")]


async def test_too_many_pages_are_refused_by_number(seeing):
    blank = Image.new("1", (60, 40), 1)
    many = drawn.saved(blank, "TIFF", save_all=True, append_images=[blank] * 120)
    found = await seeing.extract(many, pages="100")
    assert [warning["code"] for warning in found["warnings"]] == ["frame_limit"]
    assert_problem(
        await seeing.post("extract", pdf_of(*[blank] * 101), name="a.pdf"), 413, "document_too_large"
    )
