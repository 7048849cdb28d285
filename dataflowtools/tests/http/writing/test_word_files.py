"""Word documents made and changed over a real socket, and read back by another program."""

import base64
import io
import re

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from PIL import Image

from dataflowtools.tests.http.documents.parsing import parse
from dataflowtools.tests.http.writing.calls import call, stored, written
from dataflowtools.tests.http.writing.test_edit import changed, edited, text_of, unpacked
from dataflowtools.tests.unit.documents.making import zipped
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")
EMU = 12_700


def opened(data: bytes):
    return docx.Document(io.BytesIO(data))


def saved(document) -> bytes:
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def cells(data: bytes) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in opened(data).tables[0].rows]


NOTES = [
    {
        "type": "paragraph",
        "runs": [{"text": "claim"}, {"text": "", "note": "1"}, {"text": "x", "note": "c1"}],
    },
    {"type": "table", "rows": [["cell"]]},
    {"type": "footnote", "reference": "1", "blocks": [{"type": "paragraph", "text": "proof 注"}]},
    {
        "type": "comment",
        "reference": "c1",
        "author": "Ann Li",
        "date": "2026-01-02T03:04:05Z",
        "blocks": [{"type": "paragraph", "text": "really?"}],
    },
    {"type": "endnote", "reference": "e1", "blocks": [{"type": "paragraph", "text": "at the end"}]},
]


async def test_footnotes_endnotes_and_comments_are_real_ones(client):
    data = await written(client, NOTES, to="docx")
    inside = {name: part.decode("utf-8", "replace") for name, part in unpacked(data).items()}
    comment = next(iter(opened(data).comments))

    assert (comment.author, comment.initials, comment.text) == ("Ann Li", "AL", "really?")
    assert "proof 注" in inside["word/footnotes.xml"]
    assert "at the end" in inside["word/endnotes.xml"]
    assert inside["word/document.xml"].count("<w:footnoteReference ") == 1
    assert "proof" not in inside["word/document.xml"]
    again = (await parse(client, data, "n.docx")).json()["content"]["blocks"]
    kinds = {block["type"] for block in again}
    assert {"footnote", "endnote", "comment"} <= kinds


async def test_notes_are_added_to_a_document_that_has_some(client):
    before = await written(client, NOTES, to="docx")
    after, reply = await edited(client, "n.docx", before, {"op": "append", "content": {"blocks": NOTES}})
    inside = unpacked(after)

    assert reply["warnings"] == []
    assert inside["word/footnotes.xml"].count(b"proof") == 2
    assert [comment.text for comment in opened(after).comments] == ["really?", "really?"]


async def test_a_text_is_replaced_in_footnotes_and_comments_too(client):
    before = await written(client, NOTES, to="docx")
    after, reply = await edited(client, "n.docx", before, {"op": "replace_text", "find": "r", "replace": "R"})

    assert reply["results"][0]["replaced"] == 2
    assert next(iter(opened(after).comments)).text == "Really?"


def photo(orientation: int) -> str:
    picture = Image.new("RGB", (200, 100), "red")
    exif = Image.Exif()
    exif[0x0112] = orientation
    held = io.BytesIO()
    picture.save(held, "JPEG", exif=exif)
    return base64.b64encode(held.getvalue()).decode()


async def test_a_photo_stands_upright_as_its_camera_says(client):
    data = await written(client, [{"type": "picture", "data": photo(6)}], to="docx")
    shape = opened(data).inline_shapes[0]
    part = next(name for name in unpacked(data) if "media" in name)

    assert shape.height == shape.width * 2
    assert Image.open(io.BytesIO(unpacked(data)[part])).size == (100, 200)


async def test_a_picture_in_a_cell_is_no_wider_than_the_cell(client):
    cell = {"blocks": [{"type": "picture", "data": photo(1), "width": 400}]}
    data = await written(client, [{"type": "table", "widths": [100, 200], "rows": [["x", cell]]}], to="docx")

    assert opened(data).inline_shapes[0].width <= 200 * EMU


async def test_what_follows_in_an_item_of_a_list_is_moved_in_with_it(client):
    item = {"blocks": [{"type": "paragraph", "text": "one"}, {"type": "paragraph", "text": "more"}]}
    data = await written(client, [{"type": "list", "items": [item]}], to="docx")

    assert opened(data).paragraphs[1].paragraph_format.left_indent == Pt(18)


def merged_table() -> bytes:
    document = docx.Document()
    table = document.add_table(3, 3, "Table Grid")
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "tall"
    return saved(document)


async def test_cells_are_named_by_the_columns_of_the_grid_also_where_some_are_merged(client):
    def put(row, column, text):
        return {"op": "set_table_cell", "table": 0, "row": row, "column": column, "text": text}

    after, _ = await edited(
        client, "t.docx", merged_table(), put(0, 2, "A"), put(0, 1, "B"), put(2, 2, "C"), put(2, 1, "D")
    )

    assert cells(after) == [["B", "B", "A"], ["10", "11", "C"], ["20", "D", "C"]]


async def test_rows_that_are_added_below_a_header_row_are_no_headers(client):
    document = docx.Document()
    table = document.add_table(1, 2)
    head = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(head)
    after, _ = await edited(
        client,
        "t.docx",
        saved(document),
        {"op": "append_table_rows", "table": 0, "rows": [["1", "2"], ["3"]]},
    )

    assert cells(after) == [["", ""], ["1", "2"], ["3", ""]]
    assert unpacked(after)["word/document.xml"].count(b"<w:tblHeader") == 1


async def test_a_page_set_up_changes_what_it_says_and_nothing_else(client):
    document = docx.Document()
    section = document.sections[0]
    section.left_margin, section.gutter, section.header_distance = Pt(90), Pt(10), Pt(20)
    after, _ = await edited(
        client,
        "p.docx",
        saved(document),
        {"op": "set_page", "page": {"orientation": "landscape", "margins": {"top": 50}}},
    )
    changed = opened(after).sections[0]

    assert (changed.orientation, changed.page_width, changed.page_height) == (
        WD_ORIENT.LANDSCAPE, section.page_height, section.page_width,
    )  # fmt: skip
    assert (changed.left_margin, changed.top_margin) == (Pt(90), Pt(50))
    assert (changed.gutter, changed.header_distance) == (Pt(10), Pt(20))


async def test_a_header_that_is_written_anew_leaves_nothing_of_the_old_one(client):
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "secret draft"
    document.add_section()
    document.sections[1].header.is_linked_to_previous = False
    document.sections[1].header.paragraphs[0].text = "secret too"
    after, _ = await edited(client, "h.docx", saved(document), {"op": "set_header", "content": "final"})
    inside = unpacked(after)

    assert [section.header.paragraphs[0].text for section in opened(after).sections] == ["final", "final"]
    assert not any(b"secret" in part for part in inside.values())
    assert len([name for name in inside if name.startswith("word/header")]) == 1


async def test_properties_are_set_in_a_document_that_has_none(client):
    inside = unpacked(await written(client, {"text": "x"}, to="docx"))
    del inside["docProps/core.xml"]
    for name, begin in (
        ("_rels/.rels", b'<Relationship Id="rId2"'),
        ("[Content_Types].xml", b'<Override PartName="/docProps'),
    ):
        start = inside[name].index(begin)
        inside[name] = inside[name][:start] + inside[name][inside[name].index(b"/>", start) + 2 :]
    after, _ = await edited(
        client, "a.docx", zipped(inside), {"op": "set_properties", "properties": {"title": "Now"}}
    )

    assert opened(after).core_properties.title == "Now"


def with_places() -> bytes:
    document = docx.Document()
    document.add_paragraph("About Risks, see below")
    document.add_heading("Risks", 2)
    paragraph = document.add_paragraph("none")
    for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
        mark = OxmlElement(tag)
        mark.set(qn("w:id"), "7")
        mark.set(qn("w:name"), "here")
        paragraph._p.append(mark)
    document.add_paragraph("end")
    return saved(document)


async def test_content_is_inserted_under_a_heading_and_at_a_bookmark(client):
    after, _ = await edited(
        client,
        "i.docx",
        with_places(),
        {"op": "insert_at", "under": "Risks", "content": {"text": "under"}},
        {"op": "insert_at", "bookmark": "here", "content": {"text": "marked"}},
    )
    assert text_of(after) == ["About Risks, see below", "Risks", "under", "none", "marked", "end"]

    file_id = (await stored(client, "j.docx", with_places()))["file_id"]
    for place, known in (({"under": "Chances"}, "'Risks'"), ({"bookmark": "there"}, "'here'")):
        operation = {"op": "insert_at", "content": {"text": "x"}, **place}
        reply = await call(client, "edit", {"file_id": file_id, "operations": [operation]})
        assert known in assert_problem(reply, 422, "invalid_edit")["detail"]


async def test_text_is_inserted_under_a_heading_of_markdown(client):
    before = b"# A\n\n```\n# B\n```\n\n## B ##\nold\n"
    after, _ = await edited(
        client, "a.md", before, {"op": "insert_at", "under": "B", "content": {"text": "new"}}
    )

    assert after == b"# A\n\n```\n# B\n```\n\n## B ##\nnew\nold\n"


TABLE = {"blocks": [{"type": "table", "rows": [["a", "b"], ["1", "2"]]}]}


async def test_blocks_stand_apart_in_markdown(client):
    after, _ = await edited(
        client,
        "a.md",
        b"- x\nend\n",
        {"op": "append", "content": TABLE},
        {"op": "insert_at", "at": 1, "content": TABLE},
        {"op": "append", "content": {"text": "as it is"}},
    )

    table = b"| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    assert after == b"- x\n\n" + table + b"\nend\n\n" + table + b"as it is\n"


def control(name: str, kind: str) -> str:
    return (
        f'<w:p><w:sdt><w:sdtPr><w:tag w:val="{name}"/>{kind}</w:sdtPr><w:sdtContent><w:r><w:t>old</w:t></w:r>'
        "</w:sdtContent></w:sdt></w:p>"
    )


CONTROLS = (
    control("day", '<w:date><w:dateFormat w:val="d.M.yyyy"/></w:date>')
    + control(
        "choice", '<w:dropDownList><w:listItem w:displayText="Yes please" w:value="y"/></w:dropDownList>'
    )
    + control(
        "box",
        '<w14:checkbox xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"><w14:checked/></w14:checkbox>',
    )
    + control("picture", "<w:picture/>")
    + control(
        "rows", '<w15:repeatingSection xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"/>'
    )
)


async def with_controls(client) -> bytes:
    inside = unpacked(await written(client, {"text": "x"}, to="docx"))
    part = inside["word/document.xml"]
    place = part.index(b"<w:sectPr")
    inside["word/document.xml"] = part[:place] + CONTROLS.encode() + part[place:]
    return zipped(inside)


async def test_controls_take_dates_and_choices_as_their_kind_says(client):
    def fill(name, value):
        return {"op": "fill_control", "control": name, "value": value}

    before = await with_controls(client)
    after, _ = await edited(
        client, "c.docx", before, fill("day", "2026-03-09"), fill("choice", "y"), fill("box", "yes")
    )
    part = unpacked(after)["word/document.xml"].decode()
    assert ">9.3.2026<" in part
    assert 'w:fullDate="2026-03-09T00:00:00Z"' in part
    assert ">Yes please<" in part
    assert ">☒<" in part

    file_id = (await stored(client, "d.docx", before))["file_id"]
    for name, value in (("box", "perhaps"), ("choice", "no"), ("picture", "x"), ("rows", "x")):
        body = {"file_id": file_id, "operations": [fill(name, value)]}
        assert_problem(await call(client, "edit", body), 422, "invalid_edit")


async def test_thousands_of_links_lists_and_notes_are_written_in_seconds(client):
    links = [
        {
            "type": "paragraph",
            "runs": [{"text": "x", "link": f"https://e.org/{n}"}, {"text": "", "note": str(n)}],
        }
        for n in range(6000)
    ]
    notes = [
        {"type": "footnote", "reference": str(n), "blocks": [{"type": "paragraph", "text": "n"}]}
        for n in range(6000)
    ]
    lists = [{"type": "list", "ordered": True, "items": ["one"]}] * 3000
    inside = unpacked(await written(client, [*links, *notes, *lists], to="docx"))

    assert inside["word/_rels/document.xml.rels"].count(b"https://e.org/") == 6000
    assert inside["word/footnotes.xml"].count(b"<w:footnoteRef/>") == 6000
    assert inside["word/numbering.xml"].count(b"<w:num ") == 3000


async def test_a_text_put_beside_another_adds_no_styles_to_a_document_without(client):
    inside = unpacked(await written(client, {"text": "x"}, to="docx"))
    for name in [name for name in inside if "styles" in name or name.endswith("document.xml.rels")]:
        del inside[name]
    inside["[Content_Types].xml"] = re.sub(
        rb'<Override PartName="/word/styles.xml"[^>]*/>', b"", inside["[Content_Types].xml"]
    )
    before = zipped(inside)
    after, _ = await edited(
        client, "a.docx", before, {"op": "insert_at", "after": "x", "content": {"text": "y"}}
    )

    assert changed(before, after) == {"word/document.xml"}
    assert text_of(after) == ["x", "y"]
