"""Metadata read out of the content, by the limited workers that read documents."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from dataflowtools.tests.http_service import stored
from dataflowtools.tests.unit.documents.making import xlsx

DOCUMENTS = Path(__file__).parents[2] / "unit" / "documents"
MADE, SAMPLES = DOCUMENTS / "made_by", DOCUMENTS / "samples"

CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>年报</dc:title><dc:creator>王</dc:creator>'
    "</cp:coreProperties>"
)
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
CORE_TYPE = f"{RELATIONSHIPS}/metadata/core-properties"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("[Content_Types].xml", TYPES)
        package.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{RELATIONSHIPS}">'
            f'<Relationship Id="a" Type="{OFFICE}" Target="word/document.xml"/>'
            f'<Relationship Id="b" Type="{CORE_TYPE}" Target="docProps/core.xml"/></Relationships>',
        )
        package.writestr("docProps/core.xml", CORE)
        text = "<w:p><w:r><w:t>text</w:t></w:r></w:p>"
        package.writestr(
            "word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body>{text}</w:body></w:document>'
        )
    return buffer.getvalue()


def photo() -> bytes:
    exif, held = Image.Exif(), io.BytesIO()
    exif[272] = "Camera 7"
    exif.get_ifd(0x8769)[36867] = "2024:02:28 09:08:07"
    Image.new("RGB", (30, 20)).save(held, "JPEG", exif=exif)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "properties"),
    [
        ("report.docx", docx(), {"title": "年报", "author": "王", "format": "docx"}),
        ("half.docx", docx()[:300], {"unreadable": "corrupt_file"}),
        ("noise.bin", bytes(range(256)), {}),
    ],
)
async def test_what_the_content_says_of_itself_is_read_once_and_kept(client, name, content, properties):
    path = f"/api/file/{(await stored(client, name, content))['file_id']}"
    assert (await client.request("GET", path)).json()["properties"] is None
    read = (await client.request("GET", f"{path}/metadata")).json()
    assert read["properties"].items() >= properties.items()
    assert read["version"] == 1  # nobody changed anything
    assert (await client.request("GET", path)).json()["properties"] == read["properties"]


async def test_files_of_every_kind_tell_of_themselves(client):
    for name, content, properties in [
        ("book.xls", (MADE / "libreoffice.xls").read_bytes(), {"author": "openpyxl"}),
        ("book.ods", (MADE / "libreoffice.ods").read_bytes(), {"author": "openpyxl", "format": "ods"}),
        (
            "page.pdf",
            (MADE / "libreoffice.pdf").read_bytes(),
            {"created": "2026-11-21T13:31:56Z", "pages": 1},
        ),
        ("slides.pptx", (MADE / "pandoc.pptx").read_bytes(), {"slides": 4, "title": "Quarterly report"}),
        ("old.rtf", (MADE / "libreoffice.rtf").read_bytes(), {"author": "Ada Example"}),
        ("secret.ods", (SAMPLES / "password.ods").read_bytes(), {"encrypted": True}),
        ("secret.xls", (SAMPLES / "password.xls").read_bytes(), {"encrypted": True}),
        ("photo.jpg", photo(), {"camera_model": "Camera 7", "created": "2024-02-28T09:08:07", "width": 30}),
        ("macros.xlsm", xlsx("", **{"xl/vbaProject.bin": b"x"}), {"has_macros": True}),
    ]:
        path = f"/api/file/{(await stored(client, name, content))['file_id']}/metadata"
        read = (await client.request("GET", path)).json()["properties"]
        assert read.items() >= properties.items(), name
