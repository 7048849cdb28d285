"""Names against content, in chunks of any size."""

import hashlib
import io
import zipfile

import pytest

from dataflowtools.src.errors import TypeMismatch
from dataflowtools.src.logics.file.inspect_content import ContentInspector

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
OOXML = "application/vnd.openxmlformats-officedocument."


def package(*names: str, stored_first: tuple[str, str] | None = None, filler_bytes: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if stored_first:
            archive.writestr(zipfile.ZipInfo(stored_first[0]), stored_first[1])
        if filler_bytes:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(zipfile.ZipInfo("media/filler.bin"), bytes(filler_bytes))
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


def ole(*streams: str) -> bytes:
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + bytes(64) for name in ("Root Entry", *streams)
    )
    return OLE + bytes(2048) + entries


DOCX = package("[Content_Types].xml", "word/document.xml", "word/embeddings/xl/workbook.xml")
TRUE = [
    ("a.pdf", b"%PDF-1.4 ...", "application/pdf"),
    ("junk.pdf", b"\r\n" * 100 + b"%PDF-1.4", "application/pdf"),
    ("a.docx", DOCX, OOXML + "wordprocessingml.document"),
    ("a.docx", package("[Content_Types].xml", "word\\document.xml"), OOXML + "wordprocessingml.document"),
    ("late.docx", package("word/document.xml", filler_bytes=2_000_000), OOXML + "wordprocessingml.document"),
    ("half.docx", DOCX[: len(DOCX) // 2], OOXML + "wordprocessingml.document"),
    ("a.docm", DOCX, "application/vnd.ms-word.document.macroenabled.12"),
    ("a.xlsx", package("[Content_Types].xml", "xl/workbook.xml"), OOXML + "spreadsheetml.sheet"),
    (
        "a.xlsb",
        package("[Content_Types].xml", "xl/workbook.bin"),
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ),
    ("a.pptx", package("[Content_Types].xml", "ppt/presentation.xml"), OOXML + "presentationml.presentation"),
    (
        "a.odt",
        package(stored_first=("mimetype", "application/vnd.oasis.opendocument.text")),
        "application/vnd.oasis.opendocument.text",
    ),
    ("a.zip", package("a", "b"), "application/zip"),
    ("a.arrow", b"ARROW1\0\0" + bytes(64), "application/vnd.apache.arrow.file"),
    ("a.arrow", b"\xff\xff\xff\xff\x78\0\0\0" + bytes(64), "application/vnd.apache.arrow.file"),
    ("a.zip", DOCX, "application/zip"),
    ("a.doc", ole("WordDocument", "1Table"), "application/msword"),
    ("mixed.doc", ole("WordDocument", "Workbook"), "application/msword"),
    ("a.xls", ole("Workbook"), "application/vnd.ms-excel"),
    ("old.xls", b"\x09\x08\x06\x00" + bytes(20), "application/vnd.ms-excel"),
    ("secret.docx", ole("EncryptionInfo", "EncryptedPackage"), OOXML + "wordprocessingml.document"),
    ("a.doc", b"{\\rtf1 x}", "application/rtf"),
    ("a.rtf", b"{\\rtf1 x}", "application/rtf"),
    ("a.csv", "名,数\n".encode("gb18030"), "text/csv"),
    ("a.csv", "名,数\n".encode("utf-16"), "text/csv"),
    ("a.csv", "a,b\n".encode("utf-16-le"), "text/csv"),
    ("magic.py", b'PDF = b"%PDF-1.4"', "text/x-python"),
    ("a.md", b"<html>\n# Title", "text/markdown"),
    ("a.html", b"plain", "text/html"),
    ("a.json", b"{}", "application/json"),
    ("a.svg", b'<?xml version="1.0"?><svg xmlns="x"/>', "image/svg+xml"),
    ("a.xml", b"<?xml version='1.0'?><a/>", "application/xml"),
    ("a.JPG", b"\xff\xd8\xff\xe0" + bytes(9), "image/jpeg"),
    ("a.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    ("a.tar.gz", b"\x1f\x8b\x08", "application/gzip"),
    ("empty.docx", b"", OOXML + "wordprocessingml.document"),
    ("noname", b"%PDF-1.4", "application/pdf"),
    ("noname", DOCX, OOXML + "wordprocessingml.document"),
    ("noname", b"text", "text/plain"),
    ("noname", b"\x00\x01\x02", "application/octet-stream"),
    ("noname", b"", "application/octet-stream"),
    ("a.unknownext", b"<html>", "text/html"),
    ("outlook.msg", ole("__nameid_version1.0"), "application/vnd.ms-outlook"),
    ("catalogue.msg", b"hello {}", "text/plain"),
    ("graph.dot", b"digraph {}", "text/plain"),
    ("both.pdf", b"%PDF-1.7\n" + DOCX, "application/pdf"),
]


@pytest.mark.parametrize("chunk_bytes", [1 << 30, 700])
@pytest.mark.parametrize(("name", "content", "media_type"), TRUE)
def test_content_true_to_its_name_has_the_names_type(name, content, media_type, chunk_bytes):
    inspector = inspect(name, content, chunk_bytes)
    assert inspector.finish() == (hashlib.sha256(content).hexdigest(), media_type)
    assert inspector.size_bytes == len(content)


@pytest.mark.parametrize("chunk_bytes", [1 << 30, 100])
@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.docx", b"<!-- x --> <html><body>", "text/html"),
        ("a.docx", package("[Content_Types].xml", "xl/workbook.xml"), OOXML + "spreadsheetml.sheet"),
        ("a.docx", package("a.txt"), "application/zip"),
        ("a.xlsx", ole("Workbook"), "application/vnd.ms-excel"),
        ("a.xls", b"<table><tr><td>", "text/plain"),
        ("a.xls", b"<html><table>", "text/html"),
        ("a.xls", ole("WordDocument"), "application/msword"),
        ("a.pdf", b"text", "text/plain"),
        ("a.pdf", b"\x00\x01", "of no known type"),
        ("a.pdf", DOCX + b"%PDF-1.7", OOXML + "wordprocessingml.document"),
        ("a.txt", DOCX, OOXML + "wordprocessingml.document"),
        ("a.csv", b"\x7fELF\x00", "application/x-executable"),
        ("a.png", b"MZ\x90\x00" + bytes(100), "application/vnd.microsoft.portable-executable"),
        ("a.odt", DOCX, OOXML + "wordprocessingml.document"),
    ],
)
def test_content_that_belies_its_name_is_refused_with_the_type_found(name, content, found, chunk_bytes):
    with pytest.raises(TypeMismatch, match=r"claims") as caught:
        inspect(name, content, chunk_bytes).finish()
    assert caught.value.extra == {"found": found}


def test_a_mismatch_shows_before_the_content_has_ended():
    inspector = ContentInspector("a.pdf")
    inspector.take(b"text " * 2000)
    with pytest.raises(TypeMismatch):
        inspector.take(b"text " * 20_000)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("head", [b"<!-- " * 20_000, b"<!-- -->" * 10_000, b" " * 70_000, b"<" * 70_000])
def test_hostile_markup_takes_no_time(head):
    assert inspect("a.txt", head, 1 << 30).finish()[1] == "text/plain"


def test_a_lying_directory_of_a_zip_does_no_harm():
    lies = bytearray(DOCX)
    end = lies.rfind(b"PK\x05\x06")
    for offset in (0, 0xFFFFFFFF, 0xFFFFFFFE, end - 1):
        lies[end + 16 : end + 20] = offset.to_bytes(4, "little")
        assert inspect("noname", bytes(lies), 1 << 30).finish()[1]


def inspect(name: str, content: bytes, chunk_bytes: int) -> ContentInspector:
    inspector = ContentInspector(name)
    for position in range(0, len(content), chunk_bytes):
        inspector.take(content[position : position + chunk_bytes])
    return inspector
