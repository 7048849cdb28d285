"""Codes over HTTP: read, and drawn so that they can be read."""

import base64
import io

import numpy as np
import pytest
import zxingcpp
from lxml import etree
from PIL import Image

from dataflowtools.tests.http_service import stored
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def generate(seeing, **order):
    return await seeing.client.request("POST", "/api/ocr/barcode/generate", json=order)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("QRCode", "二维码 https://example.com"), ("DataMatrix", "lot 42"), ("Aztec", "ticket"), ("PDF417", "pdf"),
        ("EAN-13", "4006381333931"), ("Code128", "ABC-123"), ("Code39", "ABC123"), ("ITF", "12345678"),
        ("UPC-A", "012345678905"), ("UPC-E", "01234565"), ("MaxiCode", "maxi"), ("Codabar", "A12345B"),
    ],
)  # fmt: skip
async def test_what_is_drawn_is_read_back(seeing, name, text):
    drawn = await generate(seeing, format=name, text=text, scale=4)
    assert drawn.status == 200, drawn.body
    assert drawn.headers["Content-Type"] == "image/png"
    (code,) = await seeing.barcodes(drawn.body)
    # UPC-A is EAN-13 with a leading zero, and UPC-E is UPC-A with some zeros left out
    wanted = {"UPC-A": "0" + text, "UPC-E": "0012345000065"}.get(name, text)
    assert code["text"] == wanted
    assert base64.b64decode(code["bytes"])
    assert {"text", "format", "bytes", "polygon", "page"} <= code.keys()


async def test_svg_has_no_document_type_and_no_script(seeing):
    drawn = await generate(seeing, format="QRCode", text="</svg><script>alert(1)</script>", output="svg")
    assert drawn.headers["Content-Type"] == "image/svg+xml"
    assert b"<!DOCTYPE" not in drawn.body
    tree = etree.fromstring(drawn.body)
    assert {etree.QName(one).localname for one in tree.iter() if isinstance(one.tag, str)} <= {
        "svg",
        "desc",
        "g",
        "rect",
        "path",
        "polygon",
        "circle",
        "text",
    }
    assert "sandbox" in drawn.headers["Content-Security-Policy"]


async def test_bytes_gs1_levels_and_scale(seeing):
    raw = b"\x00\x01\xfe\xff"
    drawn = await generate(
        seeing, format="QRCode", bytes=base64.b64encode(raw).decode(), error_correction="H"
    )
    (code,) = await seeing.barcodes(drawn.body)
    assert (base64.b64decode(code["bytes"]), code["error_correction"]) == (raw, "H")
    drawn = await generate(seeing, format="DataMatrix", text="(01)09501101530003(10)A1", gs1=True)
    (code,) = await seeing.barcodes(drawn.body)
    assert [element["ai"] for element in code["payload"]["elements"]] == ["01", "10"]
    small, large = [await generate(seeing, format="Aztec", text="x", scale=scale) for scale in (1, 7)]
    assert Image.open(io.BytesIO(large.body)).width == 7 * Image.open(io.BytesIO(small.body)).width


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"format": "EAN13", "text": "12x"}, "invalid_code"),
        ({"format": "Nonsense", "text": "1"}, "invalid_code"),
        ({"format": "QRCode", "text": "x" * 7999, "error_correction": "H"}, "invalid_code"),
        ({"format": "QRCode"}, "validation_failed"),
        ({"format": "QRCode", "text": "a", "bytes": "YQ=="}, "validation_failed"),
        ({"format": "QRCode", "bytes": "not base64!"}, "validation_failed"),
        ({"format": "QRCode", "bytes": "\u00bbS\U000c06ac"}, "validation_failed"),
        ({"format": "QRCode", "text": "x" * 2000, "scale": 41}, "validation_failed"),
    ],
)
async def test_what_cannot_be_drawn_is_told(seeing, order, code):
    assert_problem(await generate(seeing, **order), 422, code)


async def test_a_stored_file_and_chosen_formats(seeing):
    barcode = zxingcpp.create_barcode("stored", zxingcpp.BarcodeFormat.QRCode)
    out = io.BytesIO()
    Image.fromarray(np.array(zxingcpp.write_barcode_to_image(barcode, scale=5))).save(out, "PNG")
    file = await stored(seeing.client, "code.png", out.getvalue())
    reply = await seeing.client.request("POST", "/api/ocr/barcode", json={"file_id": file["file_id"]})
    assert [code["text"] for code in reply.json()["barcodes"]] == ["stored"]
    assert await seeing.barcodes(out.getvalue(), formats="EAN13,Code128") == []
    assert len(await seeing.barcodes(out.getvalue(), formats="QR Code", try_harder="false")) == 1


@pytest.mark.parametrize(
    ("order", "pointer"),
    [
        ({"format": "Nonsense", "text": "1"}, "/format"),
        ({"format": "QRCode", "text": "1", "error_correction": "Z"}, "/error_correction"),
        ({"format": "EAN13", "text": "4006381333932"}, "/text"),
        ({"format": "Code39", "text": "abc"}, "/text"),
        ({"format": "Code128", "text": "(01)09501101530004(10)A1", "gs1": True}, "/text"),
    ],
)
async def test_what_cannot_be_drawn_is_pointed_at(seeing, order, pointer):
    problem = assert_problem(await generate(seeing, **order), 422, "invalid_code")
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]


async def test_a_format_that_is_not_read_is_refused_and_any_spelling_of_one_taken(seeing):
    drawn = (await generate(seeing, format="upc-a", text="036000291452")).body
    problem = assert_problem(
        await seeing.post("barcode", drawn, formats="Nonsense"), 422, "invalid_selection"
    )
    assert problem["errors"][0]["pointer"] == "/formats"
    assert "QRCode" in problem["detail"]
    for spelling in ("UPC-A", "upca", "ean_13", "EANUPC"):
        assert [code["text"] for code in await seeing.barcodes(drawn, formats=spelling)] == ["0036000291452"]
    assert await seeing.barcodes(drawn, formats="qr code") == []


async def test_a_fault_of_a_field_is_told_as_a_pointer(seeing):
    drawn = (await generate(seeing, format="QRCode", text="1")).body
    problem = assert_problem(await seeing.post("extract", drawn, pages="9"), 422, "invalid_selection")
    assert problem["errors"][0]["pointer"] == "/pages"
