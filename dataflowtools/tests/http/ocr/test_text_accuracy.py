"""Rendered text with known truth, spoiled and turned: floors, not smoke."""

import pytest
from PIL import Image

from dataflowtools.tests.http.ocr import drawn_pages as drawn

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("needs_chinese_font")]
TEXTS = {"zh": drawn.ZH, "en": drawn.EN, "mixed": drawn.MIXED}
WAYS = {
    "clean": drawn.page,
    "small": lambda lines: drawn.page(lines, size=15),
    "noisy": lambda lines: drawn.noisy(drawn.blurred(drawn.page(lines), 0.8)),
    "faint": lambda lines: drawn.page(lines, colour=150, ground=205),
    "light on dark": lambda lines: drawn.page(lines, colour=235, ground=25),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", TEXTS)
async def test_rendered_text_is_read_to_99_percent(seeing, text, way):
    found = await seeing.extract(drawn.png(WAYS[way](TEXTS[text])))
    assert drawn.accuracy(found["text"], "".join(TEXTS[text])) >= 0.99, found["text"]


@pytest.mark.usefixtures("needs_tesseract")
@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("text", TEXTS)
async def test_a_turned_page_is_set_upright_and_read(seeing, text, degrees):
    upright = drawn.page(TEXTS[text])
    turned = upright.rotate(degrees, expand=True)
    found = await seeing.extract(drawn.png(turned))
    page = found["pages"][0]
    assert page["rotation"] == degrees
    assert drawn.accuracy(found["text"], "".join(TEXTS[text])) >= 0.99, found["text"]
    box = page["blocks"][0]["lines"][0]["box"]
    assert all(0 <= x <= turned.width and 0 <= y <= turned.height for x, y in box), (
        "boxes are the given picture's"
    )


@pytest.mark.parametrize("degrees", [-7.5, 3.0])
async def test_skew_is_found_and_corrected(seeing, degrees):
    skewed = drawn.page(drawn.MIXED).rotate(
        degrees, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC
    )
    found = await seeing.extract(drawn.png(skewed))
    assert found["pages"][0]["skew"] == pytest.approx(-degrees, abs=0.5)
    assert drawn.accuracy(found["text"], "".join(drawn.MIXED)) >= 0.97, found["text"]


async def test_columns_are_read_one_after_the_other(seeing):
    left = [line[:14] for line in (*drawn.ZH, *drawn.MIXED)]
    right = [line[-13:] for line in (*drawn.ZH, *drawn.MIXED)]
    found = await seeing.extract(drawn.png(drawn.columns(left, right)))
    assert drawn.accuracy(found["text"], "".join([*left, *right])) >= 0.97, found["text"]


@pytest.mark.parametrize("degrees", [0, 180])
async def test_vertical_chinese_is_read_from_right_to_left(seeing, degrees):
    found = await seeing.extract(drawn.png(drawn.vertical(drawn.VERTICAL).rotate(degrees, expand=True)))
    assert found["pages"][0]["blocks"][0]["vertical"]
    assert drawn.accuracy(found["text"], "".join(drawn.VERTICAL)) >= 0.97, found["text"]


async def test_a_ruled_table_comes_as_cells(seeing):
    rows = [
        ["品名", "数量", "单价"],
        ["螺丝", "120", "0.35"],
        ["钢板", "8", "266.00"],
        ["合计", "128", "266.35"],
    ]
    found = await seeing.extract(drawn.png(drawn.ruled_table(rows)))
    (table,) = [block for block in found["pages"][0]["blocks"] if block["type"] == "table"]
    grid = [[""] * 3 for _ in rows]
    for cell in table["cells"]:
        grid[cell["row"]][cell["column"]] = cell["text"]
    assert grid == rows
    assert [line.split("\t") for line in table["text"].splitlines()] == rows


@pytest.mark.usefixtures("needs_tesseract")
async def test_clean_english_is_tesseracts(seeing):
    picture = drawn.png(drawn.page(drawn.EN, path=drawn.LATIN_FONT))
    found = await seeing.extract(picture, languages="en")
    assert found["pages"][0]["engine"] == "tesseract"
    assert drawn.accuracy(found["text"], "".join(drawn.EN)) >= 0.99
    asked = await seeing.extract(picture, languages="en", engine="rapidocr")
    assert asked["pages"][0]["engine"] == "rapidocr"
