"""PDF: text in order, tables, facts; rows 37, 38 and 40-46."""

import io
import zlib
from pathlib import Path

import pytest
from reportlab.lib import colors
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph as Flowing
from reportlab.platypus import SimpleDocTemplate
from reportlab.platypus import Table as Ruled

from dataflowtools.src import errors
from dataflowtools.tests.unit.documents.making import assemble, pdf, read, show

SAMPLES = Path(__file__).parent / "samples"
ROWS = [
    ["Product", "Units", "Price"],
    ["Apples", "120", "662.90"],
    ["Pears", "85", "1,204.50"],
    ["Plums", "-3", "0.10"],
]


def drawn(draw, **settings):
    held = io.BytesIO()
    page = canvas.Canvas(held, **settings)
    draw(page)
    page.save()
    return held.getvalue()


def test_pages_are_chosen_and_counted():
    data = pdf([show(f"page number {n}") for n in range(1, 8)])
    answer = read(data, "a.pdf", pages="2,5-6")
    assert [page["page"] for page in answer.content["pages"]] == [2, 5, 6]
    assert answer.metadata["pages"] == 7
    assert "number 5" in str(answer.blocks)
    with pytest.raises(errors.InvalidSelection):
        read(data, "a.pdf", pages="8-")
    with pytest.raises(errors.InvalidSelection):
        read(data, "a.pdf", pages="x")


@pytest.mark.parametrize("ruled", [True, False])
def test_tables_are_found_with_and_without_lines(ruled):
    style = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)] if ruled else []
    held = io.BytesIO()
    from reportlab.lib.styles import getSampleStyleSheet

    text = Flowing("Words before the table that are no part of it. " * 4, getSampleStyleSheet()["Normal"])
    SimpleDocTemplate(held).build([text, Ruled(ROWS, colWidths=110, style=style), text])
    answer = read(held.getvalue(), "a.pdf")
    assert answer.grid() == ROWS
    assert answer.tables[0]["page"] == 1
    assert [block["type"] for block in answer.blocks] == ["paragraph", "table", "paragraph"]
    assert answer.tables[0]["rows"][1][2]["box"][0] > answer.tables[0]["rows"][1][0]["box"][2]


def test_text_alone_is_read_without_looking_for_layout():
    data = pdf([show("first page"), show("second page")])
    answer = read(data, "a.pdf", format="text", tables=False)
    assert answer.content.split() == ["first", "page", "second", "page"]
    assert read(scanned(), "a.pdf", format="text", tables=False).unrecognised == [1]


def test_links_are_told_with_the_words_that_carry_them():
    link = "<</Type/Annot/Subtype/Link/Rect[70 690 110 715]/A<</S/URI/URI(https://a.example/x)>>>>"
    answer = read(
        pdf([show("linked") + show("other", 130)], page="/Annots[100 0 R]", objects={100: link}), "a.pdf"
    )
    assert answer.blocks[0]["runs"] == [{"text": "linked", "link": "https://a.example/x"}, {"text": " other"}]


def test_cells_that_span_are_told():
    held = io.BytesIO()
    rows = [["Wide", "", "C"], ["1", "2", "3"], ["4", "5", "6"]]
    style = [("GRID", (0, 0), (-1, -1), 1, colors.black), ("SPAN", (0, 0), (1, 0))]
    SimpleDocTemplate(held).build([Ruled(rows, colWidths=90, style=style)])
    first = read(held.getvalue(), "a.pdf").tables[0]["rows"][0]
    assert [(cell["text"], cell["col_span"]) for cell in first] == [("Wide", 2), ("C", 1)]


def test_two_columns_are_read_one_after_the_other_below_a_wide_heading():
    left = [f"left words in line {n} of many" for n in range(12)]
    right = [f"right words in line {n} of many" for n in range(12)]
    content = show("A heading over both of the columns of text here", y=740, size=20)
    for n in range(12):
        content += show(left[n], 60, 680 - 14 * n) + show(right[n], 330, 680 - 14 * n)
    text = read(pdf([content]), "a.pdf", format="text").content
    assert text.index("heading") < text.index("left words in line 0") < text.index("left words in line 11")
    assert text.index("left words in line 11") < text.index("right words in line 0")


def test_headings_paragraphs_and_lists_are_told_apart():
    content = show("Large Title", y=740, size=24)
    for n in range(6):
        content += show("Body text that fills a line and is not special in any way", y=690 - 14 * n)
    content += show("\\225 first point", y=580) + show("\\225 second point", y=560)
    answer = read(pdf([content]), "a.pdf")
    assert [block["type"] for block in answer.blocks] == ["heading", "paragraph", "list"]
    assert len(answer.blocks[2]["items"]) == 2


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_turned_and_cropped_pages_are_read_upright(rotate):
    words = show("first", 100, 700) + show("second", 100, 500)
    answer = read(pdf([words], page=f"/Rotate {rotate}/CropBox[50 50 562 742]"), "a.pdf")
    page = answer.content["pages"][0]
    assert (page["width"], page["height"], page["rotation"]) == (512, 692, rotate)
    boxes = {block["text"]: block["box"] for block in answer.blocks}
    assert list(boxes) == ["first", "second"]
    for left, top, right, bottom in boxes.values():
        assert 0 <= left < right <= page["width"]
        assert 0 <= top < bottom <= page["height"]


TURNS = {90: "0 1 -1 0", 180: "-1 0 0 -1", 270: "0 -1 1 0"}


@pytest.mark.parametrize("turn", TURNS)
def test_text_that_is_drawn_turned_reads_upright_and_the_rest_beside_it(turn):
    across = {90: ("300 300", "320 300"), 180: ("300 300", "300 320"), 270: ("300 300", "280 300")}[turn]
    content = "".join(
        f"BT /F1 12 Tf {TURNS[turn]} {place} Tm ({word} words) Tj ET\n"
        for place, word in zip(across, ("first", "second"), strict=True)
    )
    text = read(pdf([content + show("beside")], page=f"/Rotate {turn}"), "a.pdf", format="text").content
    assert text.split() == ["first", "words", "second", "words", "beside"]


def test_passwords():
    data = drawn(
        lambda page: page.drawString(72, 700, "inside"),
        encrypt=StandardEncryption("user", "owner", strength=128),
    )
    with pytest.raises(errors.PasswordRequired):
        read(data, "a.pdf")
    with pytest.raises(errors.PasswordIncorrect):
        read(data, "a.pdf", password="wrong")
    assert "inside" in read(data, "a.pdf", password="user", format="text").content


def test_what_the_owner_forbids_is_told():
    locked = StandardEncryption("", "owner", canPrint=0, canCopy=0, strength=128)
    answer = read(drawn(lambda page: page.drawString(72, 700, "seen"), encrypt=locked), "a.pdf")
    assert answer.metadata["encrypted"] is True
    assert "copy" not in answer.metadata["permissions"]
    assert "print" not in answer.metadata["permissions"]


def test_page_trees_that_loop_or_lie_end():
    loop = assemble({1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 100000>>"})
    with pytest.raises(errors.CorruptFile):
        read(loop, "a.pdf", pages="1-50")
    lie = pdf([show("only")]).replace(b"/Count 1>", b"/Count 9>")
    answer = read(lie, "a.pdf")
    assert "only" in str(answer.blocks)
    assert "broken_page" in answer.codes


def test_a_pdf_of_very_many_pages_is_shown_in_part_and_any_part_can_be_asked_for():
    data = pdf([show(f"page {number}") for number in range(1, 3_101)])
    answer = read(data, "a.pdf", format="text", tables=False)
    assert (answer.metadata["pages"], answer.codes) == (3_100, ["pages_truncated"])
    assert "page 3000" in answer.content
    assert "page 3001" not in answer.content
    assert "page 3100" in read(data, "a.pdf", pages="3099-", format="text").content


def test_a_huge_page_costs_nothing_until_it_is_drawn():
    answer = read(
        pdf([show("small words")], page="/MediaBox[0 0 14400 14400]/UserUnit 10"), "a.pdf", format="text"
    )
    assert "small words" in answer.content


def test_forms_that_draw_themselves_end():
    form = "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 100 0 R>>>>/Length 4>>stream\n/X Do\nendstream"
    page = "/Resources<</Font<</F1 3 0 R>>/XObject<</X 100 0 R>>>>"
    answer = read(pdf(["/X Do\n" + show("beside")], page=page, objects={100: form}), "a.pdf", format="text")
    assert "beside" in answer.content


def test_scripts_attachments_outline_and_fields_are_listed_and_not_run():
    objects = {
        100: "<</S/JavaScript/JS(app.alert(1))>>",
        101: "<</Names[(doc) 100 0 R]>>",
        102: "<</Names[(a.txt) 103 0 R]>>",
        103: "<</Type/Filespec/F(a.txt)/UF(a.txt)/EF<</F 104 0 R>>>>",
        104: "<</Type/EmbeddedFile/Length 5>>stream\nhello\nendstream",
        105: "<</Type/Outlines/First 106 0 R/Last 106 0 R/Count 1>>",
        106: "<</Title(Chapter One)/Parent 105 0 R/Dest[10 0 R/Fit]>>",
        107: "<</Fields[108 0 R]>>",
        108: "<</Type/Annot/Subtype/Widget/FT/Tx/T(city)/V(Bonn)/Rect[10 10 90 30]/P 10 0 R>>",
    }
    catalog = "/Names<</JavaScript 101 0 R/EmbeddedFiles 102 0 R>>/Outlines 105 0 R/AcroForm 107 0 R"
    answer = read(pdf([show("text")], page="/Annots[108 0 R]", objects=objects, catalog=catalog), "a.pdf")
    assert set(answer.codes) == {"has_javascript", "attachments"}
    assert answer.metadata["attachments"] == [{"name": "a.txt", "size": 5}]
    assert answer.metadata["outline"] == [{"title": "Chapter One", "level": 1, "page": 1}]
    assert answer.metadata["form_fields"] == [{"name": "city", "type": "text", "value": "Bonn", "page": 1}]


def scanned():
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    picture = Image.new("RGB", (600, 800), "white")

    def draw(page):
        page.drawImage(ImageReader(picture), 0, 0, 595, 842)
        page.showPage()
        page.drawString(72, 700, "a page with text enough to be read as text")

    return drawn(draw)


def test_a_scanned_page_says_that_it_needs_recognition():
    answer = read(scanned(), "a.pdf")
    assert [(page["source"], page.get("needs_ocr", False)) for page in answer.content["pages"]] == [
        ("text", True),
        ("text", False),
    ]
    assert answer.unrecognised == [1]
    assert {
        "code": "needs_ocr",
        "message": "The page is a picture without text.",
        "where": "page 1",
    } in answer.warnings


def test_what_was_recognised_takes_the_picture_page_s_place():
    found = {
        "1": [["seen words", [0.1, 0.1, 0.5, 0.2], []], ["", [0.1, 0.5, 0.9, 0.9], [["a", "b"], ["1", "2"]]]]
    }
    answer = read(scanned(), "a.pdf", recognised=found)
    assert answer.content["pages"][0]["source"] == "ocr"
    assert answer.unrecognised == []
    assert answer.blocks[0]["text"] == "seen words"
    assert answer.grid() == [["a", "b"], ["1", "2"]]


def test_fonts_that_do_not_tell_their_characters_need_recognition():
    objects = {
        100: "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[101 0 R]>>",
        101: "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
    }
    content = f"BT /F9 12 Tf 72 700 Td <{'0102030405060708' * 10}> Tj ET"
    page = "/Resources<</Font<</F1 3 0 R/F9 100 0 R>>>>"
    answer = read(pdf([content], page=page, objects=objects), "a.pdf")
    assert answer.codes == ["garbled_text"]
    assert answer.unrecognised == [1]


def test_repeated_margins_become_headers_and_footers():
    pages = [
        show("Annual Report", y=770)
        + show(f"words of page {n} in the middle", y=500)
        + show(f"Page {n}", 300, 30)
        for n in range(1, 6)
    ]
    kinds = [block["type"] for block in read(pdf(pages), "a.pdf").blocks]
    assert kinds == ["header", "paragraph", "footer"] * 5


def test_a_chain_of_packed_streams_is_bounded():
    data = zlib.compress(zlib.compress(b"0 0 m " * 10_000_000, 9), 9)
    content = b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n" % len(data) + data + b"\nendstream"
    answer = read(
        assemble(
            {
                1: "<</Type/Catalog/Pages 2 0 R>>",
                2: "<</Type/Pages/Kids[10 0 R]/Count 1>>",
                10: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 11 0 R>>",
                11: content,
            }
        ),
        "a.pdf",
    )
    assert answer.metadata["pages"] == 1


def test_headings_are_told_by_the_size_of_their_type_and_not_by_the_height_of_their_letters():
    answer = read((SAMPLES / "pandoc_libreoffice.pdf").read_bytes(), "a.pdf")
    headings = [(block["level"], block["text"]) for block in answer.blocks if block["type"] == "heading"]
    assert headings == [(1, "Front"), (2, "H1 中文"), (2, "Setext")]


def test_a_bullet_larger_than_its_text_makes_no_heading():
    def draw(page):
        page.setFont("Helvetica", 10)
        page.drawString(60, 700, "A line of body text that says what the list is about, at some length.")
        for y, text in ((670, "one"), (640, "two")):
            page.setFont("Helvetica", 14)
            page.drawString(60, y, "\u2022")
            page.drawString(75, y, text)

    assert [block["type"] for block in read(drawn(draw), "a.pdf").blocks] == ["paragraph", "list"]
