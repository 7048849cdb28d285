"""Calls of the converting endpoint, and documents to convert."""

import io
import zipfile

import docx
import openpyxl
from PIL import Image

from dataflowtools.tests.multipart_bodies import Form
from servicekit.testing import Client, Reply

TIMEOUT_S = 120


async def convert(client: Client, data: bytes, name: str, to: str, **fields: object) -> Reply:
    """Send a file with the request."""
    form = Form().file(name, data).text("to", to)
    for field, value in fields.items():
        form.text(field, str(value))
    return await client.request(
        "POST", "/api/file/convert", body=form.body, headers=form.headers, timeout_s=TIMEOUT_S
    )


async def converted(client: Client, data: bytes, name: str, to: str, **fields: object) -> tuple[bytes, dict]:
    """Convert and fetch the result."""
    reply = await convert(client, data, name, to, **fields)
    assert reply.status == 200, reply.body
    made = reply.json()
    fetched = await client.request("GET", f"/api/file/download/{made['file_id']}")
    assert fetched.status == 200
    return fetched.body, made


def word(*paragraphs: str, table: list[list[str]] | None = None, picture: bytes | None = None) -> bytes:
    """Write a docx."""
    document = docx.Document()
    document.add_heading("季度报告 Report", 1)
    for text in paragraphs:
        document.add_paragraph(text)
    if table:
        made = document.add_table(len(table), len(table[0]), style="Table Grid")
        for row, cells in enumerate(table):
            for column, text in enumerate(cells):
                made.cell(row, column).text = text
    if picture is not None:
        document.add_picture(io.BytesIO(picture))
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def book(rows: list[list[object]], **sheets: list[list[object]]) -> bytes:
    """Write an xlsx."""
    made = openpyxl.Workbook()
    made.active.title = "数据"
    for row in rows:
        made.active.append(row)
    for name, more in sheets.items():
        sheet = made.create_sheet(name)
        for row in more:
            sheet.append(row)
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def picture(
    kind: str = "PNG", size: tuple[int, int] = (60, 40), colour: object = (200, 30, 30), **more
) -> bytes:
    """Draw a picture of one colour."""
    held = io.BytesIO()
    Image.new("RGB", size, colour).save(held, kind, **more)
    return held.getvalue()


def changed(package: bytes, parts: dict[str, bytes]) -> bytes:
    """Replace or add parts of a package."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in parts:
                new.writestr(entry, old.read(entry))
        for name, data in parts.items():
            new.writestr(name, data)
    return held.getvalue()
