"""What can be asked of the reading of pictures, and the form of the answer."""

import base64
import io
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium
import pytest
from lxml import etree
from PIL import Image, ImageDraw

from dataflowtools.tests.http.documents.parsing import parse
from dataflowtools.tests.http.ocr import drawn_pages as drawn
from dataflowtools.tests.http.ocr.test_hostile_pictures import pdf_of
from dataflowtools.tests.http_service import running, stored
from servicekit.testing import assert_problem

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("needs_chinese_font")]
LINES = ["联系人 张三 13800138000", "邮箱 zhang.san@example.com", "订单号 A-2026-118"]
SAMPLES = Path(__file__).resolve().parents[5] / "shared" / "data" / "ocr"


@pytest.fixture(scope="module")
def picture() -> bytes:
    return drawn.png(drawn.page(LINES))


async def test_the_reply_has_the_shape_that_programs_rely_on(seeing, picture):
    found = await seeing.extract(picture)
    assert {"text", "pages", "warnings"} <= found.keys()
    page = found["pages"][0]
    assert {"text", "rotation", "source", "blocks"} <= page.keys()
    line = page["blocks"][0]["lines"][0]
    assert {"text", "confidence", "box"} <= line.keys()
    assert (page["source"], page["rotation"]) == ("ocr", 0)
    assert 0.9 < line["confidence"] <= 1
    (left, top), (right, _), (_, bottom), _ = line["box"]
    assert 30 < left < 70
    assert top < bottom < page["height"]
    assert right < page["width"]
    words = [word["text"] for word in line["words"]]
    assert "".join(words).replace(" ", "") == line["text"].replace(" ", "")


async def test_a_stored_file_is_read_by_its_id(seeing, picture):
    file = await stored(seeing.client, "scan.png", picture)
    reply = await seeing.client.request(
        "POST", "/api/ocr/extract", json={"file_id": file["file_id"]}, timeout_s=120
    )
    assert reply.status == 200, reply.body
    assert drawn.accuracy(reply.json()["text"], "".join(LINES)) > 0.97
    missing = await seeing.client.request("POST", "/api/ocr/extract", json={"file_id": "0" * 32})
    assert_problem(missing, 404, "file_not_found")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"engine": "magic"}, "/engine"),
        ({"colour": "red"}, "/colour"),
        ({"regions": [{"left": 5, "top": 0, "right": 5, "bottom": 9}]}, "/regions/0"),
        ({"dpi": "9000"}, "/dpi"),
        ({"languages": "../../etc"}, "/languages/0"),
    ],
)
async def test_fields_that_make_no_sense_are_named(seeing, picture, fields, pointer):
    problem = assert_problem(await seeing.post("extract", picture, **fields), 422, "validation_failed")
    assert problem["errors"][0]["pointer"] == pointer


async def test_a_form_without_a_file_is_refused(seeing):
    reply = await seeing.client.request("POST", "/api/ocr/extract", json={})
    assert_problem(reply, 422, "validation_failed")


async def test_a_language_without_an_engine_is_named(seeing, picture):
    problem = assert_problem(
        await seeing.post("extract", picture, languages="zu"), 422, "language_unavailable"
    )
    assert "zu" in problem["detail"]


async def test_only_regions_are_read(seeing, picture):
    whole = await seeing.extract(picture, orientation="0")
    box = next(
        line for block in whole["pages"][0]["blocks"] for line in block["lines"] if "订单号" in line["text"]
    )["box"]
    (left, top), _, (right, bottom), _ = box
    region = {"left": left - 9, "top": top - 9, "right": right + 9, "bottom": bottom + 9}
    found = await seeing.extract(picture, regions=[region], orientation="0")
    assert drawn.accuracy(found["text"], LINES[2]) > 0.9
    part = {"left": 0, "top": 0, "right": 1, "bottom": 0.45, "unit": "fraction"}
    upper = await seeing.extract(picture, regions=[part], orientation="0")
    assert "订单号" not in upper["text"]
    assert "张三" in upper["text"]


async def test_what_matches_is_blackened_in_text_and_picture(seeing, picture):
    found = await seeing.extract(picture, redact=["phone", "email", "A-\\d{4}"], orientation="0")
    everything = json.dumps(found, ensure_ascii=False)
    assert "13800138000" not in everything
    assert "example.com" not in everything
    assert "█" in found["text"]
    (page,) = found["redacted"]
    again = await seeing.extract(base64.b64decode(page["data"]), orientation="0")
    assert not re.search(r"1380013|example|2026", again["text"])
    assert "张三" in again["text"]


@pytest.mark.parametrize("pattern", ["(", "(a+)+$"])
async def test_patterns_that_are_wrong_or_endless_are_refused(seeing, pattern):
    text = drawn.png(drawn.page(["a" * 34 + "b"], path=drawn.LATIN_FONT))
    reply = await seeing.post("extract", text, redact=[pattern], orientation="0")
    assert_problem(reply, 422, "invalid_pattern")


async def test_text_markdown_and_hocr(seeing):
    rows = [["品名", "数量"], ["螺丝", "120"], ["钢板", "8"]]
    picture = drawn.png(drawn.ruled_table(rows))
    text = await seeing.post("extract", picture, output="text", orientation="0")
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text.body.decode().splitlines()[1].split("\t") == ["螺丝", "120"]
    markdown = (await seeing.post("extract", picture, output="markdown", orientation="0")).body.decode()
    assert "| 螺丝 | 120 |" in markdown
    hocr = await seeing.post("extract", picture, output="hocr", orientation="0")
    tree = etree.fromstring(hocr.body, etree.XMLParser(no_network=True, resolve_entities=False))
    lines = tree.findall(".//{*}span[@class='ocr_line']")
    assert "螺丝" in ["".join(line.itertext()).strip() for line in lines]
    assert all(re.match(r"bbox \d+ \d+ \d+ \d+", line.get("title")) for line in lines)


async def test_a_searchable_pdf_looks_the_same_and_holds_the_text(seeing, picture):
    reply = await seeing.post("extract", picture, output="pdf")
    assert reply.headers["Content-Type"] == "application/pdf"
    document = pdfium.PdfDocument(reply.body)
    page = document[0]
    text = page.get_textpage().get_text_bounded()
    assert drawn.accuracy(text, "".join(LINES)) > 0.97
    shown = np.array(page.render(scale=150 / 72).to_pil().convert("L"))
    given = cv2.resize(cv2.imdecode(np.frombuffer(picture, np.uint8), 0), shown.shape[::-1])
    assert np.abs(shown.astype(int) - given.astype(int)).mean() < 6
    found = page.get_textpage().search("13800138000").get_next()
    assert found is not None


async def test_a_turned_page_gives_an_upright_pdf(seeing):
    turned = drawn.page(drawn.EN, path=drawn.LATIN_FONT).rotate(90, expand=True)
    reply = await seeing.post("extract", drawn.png(turned), output="pdf", orientation="90")
    page = pdfium.PdfDocument(reply.body)[0]
    width, height = page.get_size()
    assert width > height
    assert drawn.accuracy(page.get_textpage().get_text_bounded(), "".join(drawn.EN)) > 0.97


def pdf_with_text(text: str) -> bytes:
    out = io.BytesIO()
    document = pdfium.PdfDocument.new()
    page = document.new_page(400, 200)
    import ctypes

    raw = pdfium.raw
    font = raw.FPDFText_LoadStandardFont(document.raw, b"Helvetica")
    drawn_text = raw.FPDFPageObj_CreateTextObj(document.raw, font, ctypes.c_float(18))
    encoded = (text + "\0").encode("utf-16-le")
    raw.FPDFText_SetText(
        drawn_text, ctypes.cast(ctypes.create_string_buffer(encoded), ctypes.POINTER(ctypes.c_ushort))
    )
    raw.FPDFPageObj_Transform(drawn_text, 1, 0, 0, 1, 40, 120)
    raw.FPDFPage_InsertObject(page.raw, drawn_text)
    page.gen_content()
    document.save(out)
    return out.getvalue()


async def test_a_pdf_page_with_text_is_not_recognised_again(seeing):
    pdf = pdf_with_text("The page has this text of its own.")
    found = await seeing.extract(pdf, name="a.pdf")
    assert found["pages"][0]["source"] == "text"
    assert found["text"] == "The page has this text of its own."
    asked = await seeing.extract(pdf, name="a.pdf", source="ocr", orientation="0")
    assert asked["pages"][0]["source"] == "ocr"
    assert drawn.accuracy(asked["text"], found["text"]) > 0.95


async def test_progress_is_told_page_by_page(seeing):
    pages = [drawn.page([f"PAGE {number}"], path=drawn.LATIN_FONT) for number in (1, 2)]
    reply = await seeing.post("extract", pdf_of(*pages), accept="text/event-stream", orientation="0")
    assert reply.headers["Content-Type"].startswith("text/event-stream")
    events = re.findall(r"event: (\w+)\ndata: (.*)", reply.body.decode())
    assert [json.loads(data)["page"] for name, data in events if name == "progress"] == [0, 1, 2]
    assert events[-1][0] == "result"
    assert [page["text"] for page in json.loads(events[-1][1])["pages"]] == ["PAGE 1", "PAGE 2"]


async def test_an_identity_card_as_a_picture(seeing):
    card = Image.new("L", (860, 540), 245)
    pen = ImageDraw.Draw(card)
    number = "11010519491231002X"
    for text, at in [
        ("姓名  张三丰", (60, 60)), ("性别  女", (60, 130)), ("民族  汉", (300, 130)), ("出生  1949年12月31日", (60, 200)),
        ("住址  北京市朝阳区建国路88号", (60, 270)), ("公民身份号码", (60, 460)), (number, (330, 460)),
    ]:  # fmt: skip
        pen.text(at, text, font=drawn.font(34), fill=20)
    found = (await seeing.extract(drawn.png(card), kind="auto", orientation="0"))["document"]
    values = {name: field["value"] for name, field in found["fields"].items()}
    assert found["kind"] == "idcard"
    assert values["name"] == "张三丰"
    assert values["id_number"] == number
    assert values["date_of_birth"] == "1949-12-31"
    assert found["checks"] == {
        "id_number_check_digit": True,
        "date_of_birth_agrees": True,
        "gender_agrees": True,
    }


async def test_documents_read_their_scanned_pages(seeing):
    reply = await parse(seeing.client, pdf_of(drawn.page(LINES)), "scan.pdf", timeout_s=120)
    assert reply.status == 200, reply.body
    assert "张三" in reply.body.decode()
    assert '"source":"ocr"' in reply.body.decode().replace(" ", "")


async def test_what_is_odd_about_scanned_pages_is_told_and_their_number_is_bounded(tmp_path):
    async with running(tmp_path, ocr_max_pages=1) as client:
        texts = ("FIRST PAGE", "SECOND PAGE")
        pages = pdf_of(*(drawn.page([text], path=drawn.LATIN_FONT) for text in texts), points=20)
        reply = await parse(client, pages, "scan.pdf", timeout_s=240)
        assert reply.status == 200, reply.body
        found = reply.json()
    assert [page.get("needs_ocr", False) for page in found["content"]["pages"]] == [False, True]
    codes = [(warning["code"], warning.get("where")) for warning in found["warnings"]]
    assert codes == [("needs_ocr", "page 2"), ("ocr_pages_truncated", None), ("low_resolution", "page 1")]
    assert "FIRST" in reply.body.decode()
    assert "SECOND" not in reply.body.decode()


@pytest.mark.parametrize("kind", ["png", "heic"])
async def test_pictures_are_documents_too(seeing, kind):
    import pillow_heif

    pillow_heif.register_heif_opener()
    held = drawn.saved(drawn.page(LINES).convert("RGB"), "HEIF" if kind == "heic" else "PNG")
    reply = await parse(seeing.client, held, f"scan.{kind}", timeout_s=120, format="json")
    assert reply.status == 200, reply.body
    found = reply.json()
    assert found["content"]["pages"][0]["source"] == "ocr"
    assert "needs_ocr" not in found["content"]["pages"][0]
    text = "".join(block["text"] for block in found["content"]["blocks"] if block["type"] == "paragraph")
    assert drawn.accuracy(text, "".join(LINES)) > 0.97
    assert found["metadata"]["ocr_engine"] == "rapidocr"
    assert found["warnings"] == []


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside the repository")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("text_cls.jpg", ["怪我咯"]),
        ("img_exif_orientation.jpg", ["我是中国人"]),
        ("white_font_color_transparent.png", ["我是中国人"]),
        (
            "ch_en_num.jpg",
            ["正品促销", "大桶装更划算", "强力去污符合国标", "惊喜福利不容错过", "极速发货", "假一赔十"],
        ),
    ],
)
async def test_real_pictures(seeing, name, wanted):
    found = await seeing.extract((SAMPLES / name).read_bytes())
    assert [text for text in wanted if text not in found["text"]] == []


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside the repository")
@pytest.mark.parametrize("name", ["phototest.tif", "phototest-rotated-R.png"])
async def test_real_pages(seeing, name):
    found = await seeing.extract((SAMPLES / name).read_bytes())
    assert drawn.accuracy(found["text"], (SAMPLES / "phototest.txt").read_text()) >= 0.99


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside the repository")
async def test_a_real_scan_in_columns_is_in_order(seeing):
    import difflib

    found = await seeing.extract((SAMPLES / "8071_093.3B.tif").read_bytes())
    words = re.findall(r"\w+", found["text"])
    truth = re.findall(r"\w+", (SAMPLES / "8071_093.3B.txt").read_text())
    assert difflib.SequenceMatcher(None, truth, words, autojunk=False).ratio() >= 0.93
