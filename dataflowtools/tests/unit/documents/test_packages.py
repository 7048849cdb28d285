"""Hostile packages: rows 1-8 and 11-14 of the bad inputs, and 21."""

import io
import stat
import zipfile

import pytest

from dataflowtools.src import errors
from dataflowtools.tests.unit.documents.making import (
    R,
    bomb,
    docx,
    overlapping,
    paragraph,
    pdf,
    png,
    read,
    relations,
    show,
    xlsx,
    zipped,
)

CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xlsx", "a.png", "a.txt", "a"])
def test_an_empty_file_is_named_so(name):
    with pytest.raises(errors.EmptyFile):
        read(b"", name)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.docx", docx(paragraph("x" * 5000))),
        ("a.xlsx", xlsx(CELL)),
        ("a.png", png(100, 100)),
        ("a.pdf", pdf([show("x")])[:90]),
    ],
)
def test_a_file_that_was_cut_short_is_corrupt(name, data):
    with pytest.raises(errors.CorruptFile):
        read(data[: len(data) * 2 // 3], name)


def test_a_pdf_that_lost_its_end_is_salvaged():
    whole = pdf([show("first page"), show("second page")])
    answer = read(whole[: whole.index(b"xref")], "a.pdf", format="text")
    assert "first page" in answer.content


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.docx", b"<html><body>x</body></html>", "html"),
        ("a.pdf", b"just a text", "txt"),
        ("a.xlsx", docx(paragraph("x")), "docx"),
        ("a.png", pdf([show("x")]), "pdf"),
        ("a.csv", pdf([show("x")]), "pdf"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "html"),
    ],
)
def test_a_wrong_ending_is_a_mismatch_that_names_what_was_found(name, data, found):
    with pytest.raises(errors.TypeMismatch) as caught:
        read(data, name)
    assert caught.value.extra == {"found": found}


def test_of_a_polyglot_the_first_bytes_decide():
    both = docx(paragraph("word")) + pdf([show("pdf")])
    with pytest.raises(errors.TypeMismatch, match="docx"):
        read(both, "a.pdf")
    assert "pdf" in read(b"junk before\n" + pdf([show("pdf")]), "a.pdf", format="text").content


@pytest.mark.parametrize("lie", [False, True])
@pytest.mark.parametrize(("name", "part"), [("a.docx", "word/document.xml"), ("a.xlsx", "xl/workbook.xml")])
def test_a_zip_bomb_is_refused_whatever_its_headers_say(name, part, lie):
    with pytest.raises((errors.DecompressionLimit, errors.CorruptFile) if lie else errors.DecompressionLimit):
        read(bomb(part, lie=lie), name)


def test_overlapping_entries_and_too_many_are_refused():
    with pytest.raises(errors.DecompressionLimit, match="overlap"):
        read(overlapping(), "a.docx")
    with pytest.raises(errors.DecompressionLimit, match="entries"):
        read(zipped({f"word/{number}": b"" for number in range(20_001)}), "a.docx")


def test_a_zip_within_a_zip_is_never_opened():
    inner = bomb(size=20 << 20)
    answer = read(docx(paragraph("fine"), word__media__inner_zip=inner), "a.docx", format="text")
    assert answer.content == "fine\n"
    with pytest.raises(errors.TypeMismatch):
        read(zipped({"inner.zip": inner}), "a.docx")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:\\evil", "..\\evil"])
def test_entries_that_lead_outside_are_refused(name):
    with pytest.raises(errors.DecompressionLimit, match="outside"):
        read(docx(paragraph("x"), **{name: "x"}), "a.docx")


def test_a_symlink_in_a_package_is_refused():
    held = io.BytesIO(docx(paragraph("x")))
    with zipfile.ZipFile(held, "a") as package:
        link = zipfile.ZipInfo("word/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        package.writestr(link, "/etc/passwd")
    with pytest.raises(errors.DecompressionLimit):
        read(held.getvalue(), "a.docx")


@pytest.mark.parametrize("prolog", [LAUGHS, XXE])
def test_document_types_are_forbidden_and_nothing_is_read(prolog):
    with pytest.raises(errors.ForbiddenXml):
        read(docx(paragraph("&b;" if prolog is LAUGHS else "&secret;"), prolog=prolog), "a.docx")
    with pytest.raises(errors.ForbiddenXml):
        read(xlsx(CELL, prolog=prolog), "a.xlsx")
    with pytest.raises(errors.ForbiddenXml):
        read(zipped(_parts(xlsx(CELL)) | {"xl/sharedStrings.xml": f"{prolog}<sst/>"}), "a.xlsx")
    with pytest.raises(errors.ForbiddenXml):
        read(f"{prolog}<x>1</x>".encode(), "a.xml")


def test_nesting_beyond_all_use_is_forbidden():
    deep = "<w:sdt><w:sdtContent>" * 50_000
    with pytest.raises(errors.ForbiddenXml):
        read(docx(deep), "a.docx")
    with pytest.raises(errors.ForbiddenXml):
        read(b"<a>" * 100_000, "a.xml")
    with pytest.raises(errors.CorruptFile):
        read(b"[" * 100_000, "a.json")
    html = read(b"<div>" * 100_000 + b"deep", "a.html", format="text")
    assert "deep" in html.content or html.content == "\n"


def test_a_quadratic_blow_up_has_no_entities_to_work_with():
    with pytest.raises(errors.ForbiddenXml):
        read(docx("&a;" * 1000, prolog=f'<!DOCTYPE l [<!ENTITY a "{"x" * 100_000}">]>'), "a.docx")


def test_a_sheet_with_one_cell_in_the_far_corner_is_too_large():
    corner = CELL + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(errors.SheetTooLarge):
        read(xlsx(corner), "a.xlsx")
    hidden = CELL + '<row r="2"><c r="XFD&#49;048576"><v>1</v></c></row>'
    with pytest.raises(errors.CorruptFile):
        read(xlsx(hidden), "a.xlsx")


def test_macros_are_told_and_not_run():
    answer = read(docx(paragraph("text"), **{"word/vbaProject.bin": b"macro"}), "a.docm")
    assert answer.metadata["has_macros"] is True
    assert "has_macros" in answer.codes
    assert answer.blocks[0]["text"] == "text"


def test_what_a_document_would_fetch_is_told_and_not_fetched():
    links = relations(
        ("rId9", "image", "http://127.0.0.1:9/x.png"),
        ("rId8", "attachedTemplate", "//evil/t.dotm"),
        external=True,
    )
    body = f'<w:p><w:r><w:drawing><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" {R} r:link="rId9"/></w:drawing></w:r></w:p>'
    parts = {"word/_rels/document.xml.rels": links}
    answer = read(zipped(_parts(docx(body)) | parts), "a.docx")
    assert answer.codes == ["external_reference"] * 2
    assert answer.blocks[0] == {"type": "picture", "reference": "http://127.0.0.1:9/x.png", "external": True}


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}
