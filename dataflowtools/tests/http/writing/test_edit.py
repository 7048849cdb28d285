"""POST /api/file/edit over a real socket: what it changes, and that it changes nothing else."""

import asyncio
import io
import zipfile

import docx
import openpyxl
import pypdfium2
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as SheetImage
from openpyxl.worksheet.table import Table
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from dataflowtools.tests.http.documents.parsing import parse
from dataflowtools.tests.http.writing.calls import call, content_of, made, stored, written
from dataflowtools.tests.http.writing.test_write import picture
from dataflowtools.tests.unit.documents.making import bomb, pdf, show, zipped
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")


def parts(data: bytes) -> dict[str, bytes]:
    """Every part of a package with its compressed bytes, as they lie in the file."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        for entry in package.infolist():
            start = entry.header_offset
            name, extra = (int.from_bytes(data[start + at : start + at + 2], "little") for at in (26, 28))
            begin = start + 30 + name + extra
            found[entry.filename] = data[begin : begin + entry.compress_size]
    return found


def changed(before: bytes, after: bytes) -> set[str]:
    old, new = parts(before), parts(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


async def edited(client, name, data, *operations, status=200, **rest):
    """Store a file, edit it, and return its bytes then and the reply."""
    file_id = (await stored(client, name, data))["file_id"]
    reply = await made(
        client, "edit", {"file_id": file_id, "operations": list(operations), **rest}, status=status
    )
    return await content_of(client, reply["file_id"]), reply


def word() -> bytes:
    """A document of another program's making."""
    document = docx.Document()
    document.add_heading("Contract", 1)
    paragraph = document.add_paragraph("Dear ")
    paragraph.add_run("Cust").bold = True
    paragraph.add_run("omer").italic = True
    paragraph.add_run(", hello.")
    table = document.add_table(2, 2, "Table Grid")
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"cell {number}"
    document.add_picture(io.BytesIO(picture()))
    document.sections[0].header.paragraphs[0].text = "Customer copy"
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def text_of(data: bytes) -> list[str]:
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs]


async def test_a_text_is_replaced_across_runs_in_the_look_of_its_first_letter(client):
    before = word()
    after, reply = await edited(
        client, "a.docx", before, {"op": "replace_text", "find": "Customer", "replace": "Ms & Mr 李"}
    )
    document = docx.Document(io.BytesIO(after))

    assert reply["results"] == [{"op": "replace_text", "replaced": 2}]
    assert document.paragraphs[1].text == "Dear Ms & Mr 李, hello."
    assert [(run.text, run.bold) for run in document.paragraphs[1].runs][1] == ("Ms & Mr 李", True)
    assert document.sections[0].header.paragraphs[0].text == "Ms & Mr 李 copy"
    assert changed(before, after) == {"word/document.xml", "word/header1.xml"}


async def test_untouched_parts_of_a_word_document_keep_every_byte(client):
    before = word()
    after, _ = await edited(
        client,
        "a.docx",
        before,
        {"op": "append", "content": [{"type": "paragraph", "text": "The end."}]},
        {"op": "set_table_cell", "table": 0, "row": 1, "column": 1, "text": "new"},
        {"op": "append_table_rows", "table": 0, "rows": [["x", "y"], ["z"]]},
        {"op": "delete_blocks", "at": 0},
    )
    assert changed(before, after) == {"word/document.xml"}
    assert text_of(after)[-1] == "The end."
    rows = docx.Document(io.BytesIO(after)).tables[0].rows
    assert [[cell.text for cell in row.cells] for row in rows] == [
        ["cell 0", "cell 1"], ["cell 2", "new"], ["x", "y"], ["z", ""],
    ]  # fmt: skip


async def test_content_is_inserted_where_it_is_asked_for(client):
    content = {"markdown": "## Part\n\n- one\n- two\n"}
    blocks = [{"type": "heading", "text": "Start"}, {"type": "picture", "data": "", "alt": "x"}]
    blocks[1] = {"type": "paragraph", "runs": [{"text": "see", "link": "https://example.org/"}]}
    after, _ = await edited(
        client,
        "a.docx",
        word(),
        {"op": "insert_at", "before": "Dear", "content": content},
        {"op": "insert_at", "at": 0, "content": blocks},
        {"op": "insert_at", "after": "hello", "content": {"text": "first\nsecond"}},
    )
    assert text_of(after)[:9] == [
        "Start",
        "see",
        "Contract",
        "Part",
        "one",
        "two",
        "Dear Customer, hello.",
        "first",
        "second",
    ]
    document = docx.Document(io.BytesIO(after))
    assert [paragraph.style.name for paragraph in document.paragraphs[:4:3]] == ["Heading 1", "Heading 2"]


async def test_headers_pages_and_properties_are_set(client):
    after, _ = await edited(
        client,
        "a.docx",
        word(),
        {"op": "set_header", "content": "页眉 {page}"},
        {"op": "set_footer", "content": [{"type": "paragraph", "text": "foot"}], "kind": "first"},
        {"op": "set_page", "page": {"size": "A5", "orientation": "landscape", "margin": 36}},
        {"op": "set_properties", "properties": {"title": "New"}},
    )
    document = docx.Document(io.BytesIO(after))
    section = document.sections[0]
    assert section.header.paragraphs[0].text.startswith("页眉")
    assert section.first_page_footer.paragraphs[0].text == "foot"
    assert section.different_first_page_header_footer
    assert (round(section.page_width.pt), round(section.left_margin.pt)) == (595, 36)
    assert document.core_properties.title == "New"


CONTROLS = """<w:p><w:sdt><w:sdtPr><w:alias w:val="Name"/><w:tag w:val="name"/><w:showingPlcHdr/></w:sdtPr>
<w:sdtContent><w:r><w:rPr><w:rStyle w:val="PlaceholderText"/><w:b/></w:rPr><w:t>Click here</w:t></w:r></w:sdtContent></w:sdt></w:p>
<w:sdt><w:sdtPr><w:tag w:val="agree"/><w14:checkbox xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml">
<w14:checked w14:val="0"/></w14:checkbox></w:sdtPr><w:sdtContent><w:p><w:r><w:t>☐</w:t></w:r></w:p></w:sdtContent></w:sdt>
<w:sdt><w:sdtPr><w:tag w:val="kind"/><w:dropDownList><w:listItem w:displayText="A" w:value="a"/></w:dropDownList></w:sdtPr>
<w:sdtContent><w:p><w:r><w:t>?</w:t></w:r></w:p></w:sdtContent></w:sdt>"""


async def test_content_controls_are_filled_by_tag_or_title(client):
    from dataflowtools.tests.unit.documents.making import docx as word_of

    after, _ = await edited(
        client,
        "a.docx",
        word_of(CONTROLS),
        {"op": "fill_control", "control": "Name", "value": "李 & Co"},
        {"op": "fill_control", "control": "agree", "value": True},
        {"op": "fill_control", "control": "kind", "value": "A"},
    )
    xml = zipfile.ZipFile(io.BytesIO(after)).read("word/document.xml").decode()
    assert "李 &amp; Co" in xml
    assert "<w:b/>" in xml
    assert not {"showingPlcHdr", "PlaceholderText", "Click here"} & set(
        xml.replace("<", " ").replace('"', " ").split()
    )
    assert "☒" in xml
    file_id = (await stored(client, "b.docx", word_of(CONTROLS)))["file_id"]
    for order in (
        {"control": "nobody", "value": "x"},
        {"control": "kind", "value": "B"},
        {"control": "Name", "value": True},
    ):
        body = {"file_id": file_id, "operations": [{"op": "fill_control", **order}]}
        assert_problem(await call(client, "edit", body), 422, "invalid_edit")


def workbook() -> bytes:
    """A workbook with what other libraries lose: a chart, a picture, a table, comments, names, formats."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Data"
    sheet.append(["name", "value", "double"])
    for row in range(2, 12):
        sheet.append([f"n{row}", row, f"=B{row}*2"])
    sheet["E1"] = "=SUM(B2:B11)"
    sheet["A2"].comment = Comment("look", "me")
    sheet.merge_cells("G5:H6")
    sheet.add_table(Table(displayName="T1", ref="A1:C11"))
    sheet.add_image(SheetImage(io.BytesIO(picture())), "J8")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=11), titles_from_data=True)
    sheet.add_chart(chart, "E15")
    sheet.conditional_formatting.add(
        "B2:B11", openpyxl.formatting.rule.CellIsRule(operator="greaterThan", formula=["$B$5"])
    )
    other = book.create_sheet("My other")
    other["A1"] = "=Data!B5+'Data'!C11"
    book.defined_names["total"] = openpyxl.workbook.defined_name.DefinedName("total", attr_text="Data!$E$1")
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


async def test_a_range_is_written_and_charts_pictures_and_tables_keep_every_byte(client):
    before = workbook()
    rows = [
        ["=1+1", 5, True, None],
        [{"value": 1, "style": {"bold": True, "background": "#FFFF00"}}, {"formula": "B2+1"}],
    ]
    after, reply = await edited(
        client, "a.xlsx", before, {"op": "set_range", "sheet": "data", "start": "E3", "rows": rows}
    )
    sheet = openpyxl.load_workbook(io.BytesIO(after))["Data"]

    assert (sheet["E3"].value, sheet["E3"].data_type) == ("=1+1", "s")
    assert (sheet["F3"].value, sheet["G3"].value, sheet["F4"].value) == (5, True, "=B2+1")
    assert sheet["E4"].font.bold
    assert sheet["E1"].value == "=SUM(B2:B11)"
    assert changed(before, after) == {"xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"}
    assert [warning["code"] for warning in reply["warnings"]] == ["formulas_recalculate"]


async def test_inserted_rows_take_formulas_charts_tables_and_pictures_along(client):
    before = workbook()
    after, _ = await edited(
        client,
        "a.xlsx",
        before,
        {"op": "insert_rows", "sheet": "Data", "at": 4, "count": 2, "rows": [["new", 1]]},
    )
    book = openpyxl.load_workbook(io.BytesIO(after))
    sheet = book["Data"]
    inside = {name: data.decode("utf-8", "replace") for name, data in unpacked(after).items()}

    assert sheet["A4"].value == "new"
    assert sheet["C3"].value == "=B3*2"
    assert sheet["C13"].value == "=B13*2"
    assert sheet["E1"].value == "=SUM(B2:B13)"
    assert book["My other"]["A1"].value == "=Data!B7+'Data'!C13"
    assert sheet.tables["T1"].ref == "A1:C13"
    assert "G7:H8" in [str(area) for area in sheet.merged_cells.ranges]
    assert [str(one.sqref) for one in sheet.conditional_formatting] == ["B2:B13"]
    assert "$B$7" in inside["xl/worksheets/sheet1.xml"]
    assert "$B$2:$B$13" in inside["xl/charts/chart1.xml"]
    assert (
        inside["xl/drawings/drawing1.xml"].count("<xdr:row>16</xdr:row>") == 1
        or "<row>16</row>" in inside["xl/drawings/drawing1.xml"]
    )
    assert sheet["A2"].comment.text == "look"
    back, _ = await edited(
        client, "b.xlsx", after, {"op": "delete_rows", "sheet": "Data", "at": 4, "count": 2}
    )
    assert values(back) == values(before)


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def values(data: bytes) -> dict[str, list]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


async def test_columns_sheets_merges_and_looks(client):
    after, _ = await edited(
        client,
        "a.xlsx",
        workbook(),
        {"op": "insert_columns", "sheet": "Data", "at": "D", "count": 1},
        {"op": "rename_sheet", "sheet": "Data", "name": "It's 数据"},
        {"op": "add_sheet", "at": 0, "sheet": {"name": "First", "rows": [["h"], ["=x"]], "header": True}},
        {"op": "append_rows", "sheet": "It's 数据", "rows": [["last", 1]]},
        {"op": "merge_cells", "sheet": "First", "range": "A4:B5"},
        {"op": "unmerge_cells", "sheet": "It's 数据", "range": "H5"},
        {
            "op": "set_style",
            "sheet": "First",
            "range": "A1:A2",
            "style": {"number_format": "0.000", "align": "right", "wrap": True},
        },
        {
            "op": "set_range",
            "sheet": "First",
            "start": "B1",
            "rows": [[{"value": "2026-01-31", "type": "date"}]],
        },
    )
    book = openpyxl.load_workbook(io.BytesIO(after))
    assert book.sheetnames == ["First", "It's 数据", "My other"]
    assert book["My other"]["A1"].value == "='It''s 数据'!B5+'It''s 数据'!C11"
    sheet = book["It's 数据"]
    assert sheet["F1"].value == "=SUM(B2:B11)"
    assert [cell.value for cell in sheet[12][:2]] == ["last", 1]
    assert not sheet.merged_cells.ranges
    assert book.defined_names["total"].attr_text == "'It''s 数据'!$F$1"
    first = book["First"]
    assert [str(area) for area in first.merged_cells.ranges] == ["A4:B5"]
    assert (first["A1"].number_format, first["A1"].font.bold, first["A2"].value) == ("0.000", True, "=x")
    assert str(first["B1"].value) == "2026-01-31 00:00:00"


async def test_a_deleted_sheet_takes_what_only_it_held_along(client):
    after, _ = await edited(client, "a.xlsx", workbook(), {"op": "delete_sheet", "sheet": "Data"})
    book = openpyxl.load_workbook(io.BytesIO(after))
    assert book.sheetnames == ["My other"]
    assert book["My other"]["A1"].value == "=#REF!+#REF!"
    assert not any("chart" in name or "media" in name or "table" in name for name in unpacked(after))


async def test_shared_formulas_are_written_out_before_rows_move(client):
    rows = '<row r="1"><c r="A1"><f t="shared" ref="A1:A3" si="0">B1*2</f><v>2</v></c><c r="B1"><v>1</v></c></row>'
    rows += "".join(f'<row r="{n}"><c r="A{n}"><f t="shared" si="0"/><v>4</v></c></row>' for n in (2, 3))
    before = unpacked(await written(client, {"sheets": [{"name": "a"}]}, to="xlsx"))
    before["xl/worksheets/sheet1.xml"] = before["xl/worksheets/sheet1.xml"].replace(
        b"<sheetData/>", f"<sheetData>{rows}</sheetData>".encode()
    )
    after, _ = await edited(client, "s.xlsx", zipped(before), {"op": "insert_rows", "sheet": "a", "at": 2})
    sheet = openpyxl.load_workbook(io.BytesIO(after))["a"]
    assert [sheet[f"A{n}"].value for n in (1, 2, 3, 4)] == ["=B1*2", None, "=B3*2", "=B4*2"]


def pages_of(data: bytes) -> list[str]:
    return [page.get_textpage().get_text_bounded().strip() for page in pypdfium2.PdfDocument(data)]


async def test_pdf_pages_are_merged_turned_removed_and_split(client):
    one, two = pdf([show("one"), show("two"), show("three")]), pdf([show("other")])
    other = (await stored(client, "o.pdf", two))["file_id"]
    after, _ = await edited(
        client,
        "a.pdf",
        one,
        {"op": "merge", "file_ids": [other], "at": 1},
        {"op": "delete_pages", "pages": "3"},
    )
    assert pages_of(after) == ["one", "other", "three"]
    assert b"two" not in after

    turned, _ = await edited(client, "b.pdf", one, {"op": "rotate", "angle": 90, "pages": "2-"})
    assert [page.get_rotation() for page in pypdfium2.PdfDocument(turned)] == [0, 90, 90]
    assert turned.startswith(one), "what only adds is appended"

    file_id = (await stored(client, "c.pdf", one))["file_id"]
    reply = await made(client, "edit", {"file_id": file_id, "operations": [{"op": "split", "every": 2}]})
    assert [file["name"] for file in reply["files"]] == ["c-1.pdf", "c-2.pdf"]
    assert [pages_of(await content_of(client, file["file_id"])) for file in reply["files"]] == [
        ["one", "two"],
        ["three"],
    ]
    assert await content_of(client, file_id) == one


def form() -> bytes:
    held = io.BytesIO()
    canvas = Canvas(held, pagesize=A4)
    canvas.acroForm.textfield(name="name", x=100, y=700, width=200, height=20)
    canvas.acroForm.checkbox(name="agree", x=100, y=650)
    canvas.showPage()
    canvas.save()
    return held.getvalue()


async def test_pdf_forms_are_filled_and_chinese_values_are_drawn(client):
    before = form()
    after, reply = await edited(
        client, "f.pdf", before, {"op": "fill_form", "fields": {"name": "张伟 Zhang", "agree": True}}
    )
    assert reply["results"] == [{"op": "fill_form", "filled": 2}]
    assert after.startswith(before)
    document = pypdfium2.PdfDocument(after)
    document.init_forms()
    inked = document[0].render(scale=2, may_draw_forms=True).to_numpy()
    blank = pypdfium2.PdfDocument(before)
    blank.init_forms()
    plain = blank[0].render(scale=2, may_draw_forms=True).to_numpy()
    field = slice((842 - 720) * 2, (842 - 700) * 2)
    assert (inked[field] != plain[field]).sum() > 200, "the name is drawn"
    file_id = (await stored(client, "g.pdf", before))["file_id"]
    body = {"file_id": file_id, "operations": [{"op": "fill_form", "fields": {"nobody": "x"}}]}
    assert "'name'" in assert_problem(await call(client, "edit", body), 422, "invalid_edit")["detail"]


async def test_texts_keep_their_encoding_and_line_ends(client):
    before = "第一行\r\n第二行\r\n第三行\r\n".encode("gb18030") * 20
    after, _ = await edited(
        client,
        "a.txt",
        before,
        {"op": "replace_text", "find": "第二", "replace": "另", "most": 1},
        {"op": "insert_at", "at": 0, "content": {"text": "头"}},
        {"op": "append", "content": {"text": "尾"}},
        {"op": "delete_blocks", "at": 1},
    )
    assert after.decode("gb18030").startswith("头\r\n另行\r\n第三行\r\n第一行\r\n第二行")
    assert after.decode("gb18030").endswith("第三行\r\n尾")
    markdown, _ = await edited(
        client, "a.md", b"# a\n", {"op": "append", "content": [{"type": "heading", "level": 2, "text": "b*"}]}
    )
    assert markdown == b"# a\n\n## b\\*\n"
    assert_problem(
        await call(client, "edit", {"file_id": (await stored(client, "l.txt", "é".encode("latin-1") * 40))["file_id"],
                                    "operations": [{"op": "append", "content": {"text": "中"}}]}), 422, "invalid_edit")  # fmt: skip


async def test_an_edit_is_all_or_nothing(client):
    before = word()
    file = await stored(client, "a.docx", before)
    operations = [{"op": "append", "content": {"text": "x"}}, {"op": "delete_blocks", "at": 999}]
    reply = await call(client, "edit", {"file_id": file["file_id"], "operations": operations})
    assert assert_problem(reply, 422, "invalid_edit")["errors"][0]["pointer"] == "/operations/1"
    assert await content_of(client, file["file_id"]) == before


async def test_two_edits_at_once_are_both_kept(client):
    file_id = (await stored(client, "a.md", b"start\n"))["file_id"]
    bodies = [
        {"file_id": file_id, "operations": [{"op": "append", "content": {"text": f"line {number}\n"}}]}
        for number in range(6)
    ]
    replies = await asyncio.gather(*(call(client, "edit", body) for body in bodies))
    assert {reply.status for reply in replies} == {200}
    lines = (await content_of(client, file_id)).decode().splitlines()
    assert sorted(lines) == sorted(["start", *(f"line {number}" for number in range(6))])


async def test_of_two_edits_of_one_version_one_is_refused_with_the_etag(client):
    file = await stored(client, "a.md", b"start\n")
    etag = f'"{file["sha256"]}"'
    bodies = [
        {"file_id": file["file_id"], "operations": [{"op": "append", "content": {"text": text}}]}
        for text in "ab"
    ]
    first, second = await asyncio.gather(
        *(call(client, "edit", body, **{"If-Match": etag}) for body in bodies)
    )
    loser, winner = (first, second) if first.status != 200 else (second, first)
    problem = assert_problem(loser, 409, "edit_conflict")
    assert winner.status == 200
    assert winner.headers["ETag"] == loser.headers["ETag"] == problem["etag"]
    body = bodies[0] | {"if_match": problem["etag"]}
    assert (await call(client, "edit", body)).status == 200


async def test_save_as_leaves_the_file_alone(client):
    before = word()
    file = await stored(client, "a.docx", before)
    body = {
        "file_id": file["file_id"],
        "operations": [{"op": "append", "content": {"text": "x"}}],
        "save_as": "b.docx",
    }
    copy = await made(client, "edit", body)
    assert (copy["name"], copy["file_id"] != file["file_id"]) == ("b.docx", True)
    assert await content_of(client, file["file_id"]) == before


@pytest.mark.parametrize(
    ("name", "data", "operation", "status", "code"),
    [
        ("a.docx", bomb(), {"op": "delete_blocks", "at": 0}, 422, "decompression_limit"),
        ("a.docx", b"PK\x03\x04 no zip", {"op": "delete_blocks", "at": 0}, 422, "corrupt_file"),
        ("a.csv", b"a,b\n", {"op": "append", "content": {"text": "x"}}, 415, "unsupported_type"),
        ("a.md", b"a", {"op": "rotate", "angle": 90}, 422, "invalid_edit"),
        ("a.md", b"a", {"op": "fly"}, 422, "validation_failed"),
        ("a.pdf", pdf([show("x")]), {"op": "delete_pages", "pages": "1"}, 422, "invalid_edit"),
        ("a.pdf", pdf([show("x")]), {"op": "delete_pages", "pages": "9"}, 422, "invalid_selection"),
        ("a.pdf", b"%PDF-1.7 broken", {"op": "rotate", "angle": 90}, 422, "corrupt_file"),
    ],
)  # fmt: skip
async def test_what_cannot_be_changed_is_refused_by_name(client, name, data, operation, status, code):
    file_id = (await stored(client, name, data))["file_id"]
    reply = await call(client, "edit", {"file_id": file_id, "operations": [operation]})
    assert_problem(reply, status, code)
    assert await content_of(client, file_id) == data


async def test_an_unknown_file_is_not_found(client):
    body = {"file_id": "0" * 32, "operations": [{"op": "append", "content": {"text": "x"}}]}
    assert_problem(await call(client, "edit", body), 404, "file_not_found")


async def test_legacy_formats_are_written_and_changed_by_way_of_newer_ones(client):
    document = await made(
        client, "write", {"name": "old.doc", "content": {"markdown": "# 旧\n\nDear Customer\n"}}
    )
    assert (document["name"], document["media_type"]) == ("old.doc", "application/msword")
    operations = [{"op": "replace_text", "find": "Customer", "replace": "Ms 李"}]
    reply = await made(client, "edit", {"file_id": document["file_id"], "operations": operations}, status=200)
    assert [warning["code"] for warning in reply["warnings"]] == ["converted"]
    read = await parse(client, await content_of(client, document["file_id"]), "old.doc", format="text")
    assert "Dear Ms 李" in read.json()["content"]

    sheets = {"sheets": [{"name": "a", "rows": [[1], [2]]}]}
    book = await made(client, "write", {"to": "xls", "name": "old", "content": sheets})
    operations = [{"op": "append_rows", "sheet": "a", "rows": [["=x"]]}]
    await made(client, "edit", {"file_id": book["file_id"], "operations": operations}, status=200)
    read = await parse(client, await content_of(client, book["file_id"]), "old.xls")
    table = next(block for block in read.json()["content"]["blocks"] if block["type"] == "table")
    assert [row[0]["text"] for row in table["rows"]] == ["1", "2", "=x"]


async def test_macros_are_kept_and_told(client):
    held = io.BytesIO(await written(client, {"sheets": [{"name": "a", "rows": [[1]]}]}, to="xlsx"))
    with zipfile.ZipFile(held, "a") as package:
        package.writestr("xl/vbaProject.bin", b"macro" * 100)
    after, reply = await edited(
        client, "m.xlsx", held.getvalue(), {"op": "append_rows", "sheet": "a", "rows": [[2]]}
    )
    assert "has_macros" in [warning["code"] for warning in reply["warnings"]]
    assert unpacked(after)["xl/vbaProject.bin"] == b"macro" * 100
