"""Word documents: ours by hand and python-docx's, old ones by catdoc."""

import io
from pathlib import Path

import docx as python_docx
import pytest
from docx.enum.text import WD_BREAK

from dataflowtools.src import errors
from dataflowtools.src.drivenadapters.documents.doc_handler import DocHandler
from dataflowtools.src.logics.file.documents.handler import Source
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.tests.unit.documents.making import R, docx, paragraph, read, relations

HEADING = '<w:outlineLvl w:val="0"/>'


def made(fill):
    document = python_docx.Document()
    fill(document)
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def test_a_document_by_python_docx_comes_in_order():
    def fill(document):
        document.core_properties.author, document.core_properties.title = "Ada", "Plan"
        document.add_heading("Title", 0)
        document.add_heading("Chapter", 1)
        text = document.add_paragraph("plain ")
        text.add_run("bold").bold = True
        text.add_run().add_break(WD_BREAK.PAGE)
        document.add_paragraph("first", style="List Bullet")
        document.add_paragraph("second", style="List Bullet")
        document.add_paragraph("one", style="List Number")
        table = document.add_table(2, 2)
        for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
            cell.text = f"c{number}"
        document.add_paragraph("after")
        document.sections[0].header.paragraphs[0].text = "running head"
        document.sections[0].footer.paragraphs[0].text = "running foot"

    answer = read(made(fill), "a.docx")
    assert [block["type"] for block in answer.blocks] == [
        "header", "heading", "heading", "paragraph", "page_break", "list", "list", "table", "paragraph", "footer",
    ]  # fmt: skip
    assert answer.blocks[3]["runs"] == [{"text": "plain "}, {"text": "bold", "bold": True}]
    assert [item["blocks"][0]["text"] for item in answer.blocks[5]["items"]] == ["first", "second"]
    assert (answer.blocks[5]["ordered"], answer.blocks[6]["ordered"]) == (False, True)
    assert answer.grid() == [["c0", "c1"], ["c2", "c3"]]
    assert (answer.metadata["author"], answer.metadata["title"]) == ("Ada", "Plan")


def test_merged_cells_span():
    def fill(document):
        table = document.add_table(3, 3)
        for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
            cell.text = str(number)
        table.cell(0, 0).merge(table.cell(0, 1))
        table.cell(1, 2).merge(table.cell(2, 2))

    rows = read(made(fill), "a.docx").tables[0]["rows"]
    assert [(cell["text"], cell["column"], cell["row_span"], cell["col_span"]) for cell in rows[0]] == [
        ("0\n1", 0, 1, 2),
        ("2", 2, 1, 1),
    ]
    assert [(cell["text"], cell["row_span"]) for cell in rows[1]] == [("3", 1), ("4", 1), ("5\n8", 2)]
    assert [cell["text"] for cell in rows[2]] == ["6", "7"]


NUMBERING = (
    '<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:abstractNum w:abstractNumId="1">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
    '</w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
)


def test_lists_count_as_word_counts():
    def item(text, level):
        return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="7"/></w:numPr>')

    parts = {
        "word/numbering.xml": NUMBERING,
        "word/_rels/document.xml.rels": relations(("rId5", "numbering", "numbering.xml")),
    }
    body = item("a", 0) + item("b", 1) + item("c", 1) + item("d", 0) + item("e", 1)
    (block,) = read(docx(body, **parts), "a.docx").blocks
    assert [item["marker"] for item in block["items"]] == ["1.", "2."]
    inner = block["items"][0]["blocks"][1]
    assert [item["marker"] for item in inner["items"]] == ["1.a)", "1.b)"]
    assert block["items"][1]["blocks"][1]["items"][0]["marker"] == "2.a)"


def test_links_notes_comments_boxes_and_formulas_are_there():
    math = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    body = (
        f'<w:p><w:hyperlink r:id="rId1"><w:r><w:t>link</w:t></w:r></w:hyperlink><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        f"<w:p><w:r><mc:AlternateContent xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'>"
        f"<mc:Choice><x><w:txbxContent>{paragraph('boxed')}</w:txbxContent></x></mc:Choice>"
        f"<mc:Fallback><x><w:txbxContent>{paragraph('boxed')}</w:txbxContent></x></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        f"<w:p {math}><m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath></w:p>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>"
    )
    notes = '<w:{0}s xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:{0} w:id="2" w:author="Bo" w:date="2024-01-01">{1}</w:{0}></w:{0}s>'
    links = relations(("rId2", "footnotes", "footnotes.xml"), ("rId3", "comments", "comments.xml"))
    links = links.replace(
        "</Rel",
        '<Relationship Id="rId1" Type="x/hyperlink" Target="https://a.b/" TargetMode="External"/></Rel',
    )
    parts = {
        "word/footnotes.xml": notes.format("footnote", paragraph("below")),
        "word/comments.xml": notes.format("comment", paragraph("said")),
        "word/_rels/document.xml.rels": links,
    }
    answer = read(docx(body, **parts), "a.docx")
    first, box, formula, changed, footnote, comment = answer.blocks
    assert first["runs"] == [
        {"text": "link", "link": "https://a.b/"},
        {"text": "[fn2]", "script": "super", "note": "fn2"},
    ]
    assert (box["type"], box["blocks"][0]["text"]) == ("text_box", "boxed")
    assert formula == {"type": "formula", "text": r"\frac{a}{b}"}
    assert changed["text"] == "new"
    assert (footnote["type"], footnote["reference"], footnote["blocks"][0]["text"]) == (
        "footnote",
        "fn2",
        "below",
    )
    assert (comment["type"], comment["author"], comment["blocks"][0]["text"]) == ("comment", "Bo", "said")
    assert answer.codes == ["tracked_changes"]
    assert R


def test_tables_within_tables_are_kept_in_their_cell():
    inner = f"<w:tbl><w:tr><w:tc>{paragraph('in')}</w:tc></w:tr></w:tbl>"
    body = f"<w:tbl><w:tr><w:tc>{inner}{paragraph('')}</w:tc><w:tc>{paragraph('right')}</w:tc></w:tr></w:tbl>"
    cell = read(docx(body), "a.docx").tables[0]["rows"][0][0]
    assert cell["text"] == "in"
    assert cell["blocks"][0]["rows"][0][0]["text"] == "in"


def test_an_old_word_file_says_what_is_missing_to_read_it(tmp_path):
    with (Path(__file__).parent / "made_by" / "libreoffice.doc").open("rb") as file:
        source = Source(file=file, name="a.doc", format="doc", scratch=tmp_path)
        with pytest.raises(errors.EngineMissing, match="catdoc"):
            DocHandler(find=lambda program: None).read(source, ReadOptions())


def test_the_numbered_list_styles_of_word_nest():
    book = python_docx.Document()
    for text, style in (
        ("a", "List Bullet"),
        ("b", "List Bullet 2"),
        ("c", "List Number 3"),
        ("d", "List Bullet"),
    ):
        book.add_paragraph(text, style=style)
    held = io.BytesIO()
    book.save(held)
    (block,) = read(held.getvalue(), "a.docx").blocks
    first, second = block["items"]
    assert second["blocks"][0]["text"] == "d"
    inner = first["blocks"][1]["items"][0]
    assert inner["blocks"][0]["text"] == "b"
    assert inner["blocks"][1]["ordered"]
    assert inner["blocks"][1]["items"][0]["blocks"][0]["text"] == "c"
