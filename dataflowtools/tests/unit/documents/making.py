"""Makes documents, honest and hostile ones, and reads them as a worker would."""

import io
import json
import random
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import openpyxl

from dataflowtools.src.drivenadapters.documents import jobs
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.logics.file.documents.options import ReadOptions

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


class Answer:
    """What a reading gave."""

    def __init__(self, content, facts):
        self.content = content
        self.metadata = facts["metadata"]
        self.warnings = facts["warnings"]
        self.unrecognised = facts["unrecognised"]

    @property
    def codes(self):
        return [warning["code"] for warning in self.warnings]

    @property
    def blocks(self):
        return self.content["blocks"]

    @property
    def tables(self):
        return [block for block in self.blocks if block["type"] == "table"]

    def grid(self, number=0):
        return [[cell["text"] for cell in row] for row in self.tables[number]["rows"]]


def read(data: bytes, name: str, *, password=None, recognised=None, **options) -> Answer:
    """Run the worker's job in this process."""
    with tempfile.TemporaryDirectory() as scratch:
        job = Job([io.BytesIO(data)], Path(scratch), 60, 1 << 30, lambda *_: None)
        arguments = {"name": name, "options": ReadOptions(**options).as_message(), "password": password}
        facts = jobs.parse(job, arguments | {"recognised": recognised or {}, "by_programs": True})
        return Answer(json.loads(job.blobs[0]), facts)


def zipped(parts: dict[str, bytes | str], **first) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in (first | parts).items():
            package.writestr(name, content)
    return held.getvalue()


def relations(*entries: tuple[str, str, str], external: bool = False) -> str:
    mode = ' TargetMode="External"' if external else ""
    inner = "".join(
        f'<Relationship Id="{identity}" Type="{_RELS}/{kind}" Target="{target}"{mode}/>'
        for identity, kind, target in entries
    )
    return f'<Relationships xmlns="{_PACKAGE}">{inner}</Relationships>'


def docx(body: str, *, prolog: str = "", **parts: str | bytes) -> bytes:
    """A Word file with this body; further parts by name, `__` for `/`."""
    held = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("rId1", "officeDocument", "word/document.xml")),
        "word/document.xml": f"{prolog}<w:document {W} {R}><w:body>{body}</w:body></w:document>",
    }
    return zipped(held | {name.replace("__", "/"): content for name, content in parts.items()})


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def xlsx(rows: str, *, prolog: str = "", book: str = "", **parts: str | bytes) -> bytes:
    """A workbook with this sheet data."""
    held = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook {S} {R}>{book}<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(("rId1", "worksheet", "worksheets/sheet1.xml")),
        "xl/worksheets/sheet1.xml": f"{prolog}<worksheet {S}><sheetData>{rows}</sheetData></worksheet>",
    }
    return zipped(held | {name.replace("__", "/"): content for name, content in parts.items()})


def workbook(fill) -> bytes:
    """A workbook by openpyxl."""
    book = openpyxl.Workbook()
    fill(book)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def ods(rows: str) -> bytes:
    """An OpenDocument workbook with these rows."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    more = (
        'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    sheet = f'<table:table table:name="T">{rows}</table:table>'
    body = f"<office:body><office:spreadsheet>{sheet}</office:spreadsheet></office:body>"
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return zipped(
        {
            "META-INF/manifest.xml": manifest,
            "content.xml": f"<office:document-content {names} {more}>{body}</office:document-content>",
        },
        mimetype="application/vnd.oasis.opendocument.spreadsheet",
    )


def pdf(
    contents: list[str], *, page: str = "", objects: dict[int, str] | None = None, catalog: str = ""
) -> bytes:
    """A PDF of pages with these content streams; further objects by number from 100."""
    count = len(contents)
    kids = " ".join(f"{10 + 2 * index} 0 R" for index in range(count))
    parts = {
        1: f"<</Type/Catalog/Pages 2 0 R{catalog}>>",
        2: f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        3: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    }
    for index, content in enumerate(contents):
        parts[10 + 2 * index] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>"
            f">>/Contents {11 + 2 * index} 0 R{page}>>"
        )
        parts[11 + 2 * index] = f"<</Length {len(content)}>>stream\n{content}\nendstream"
    parts |= objects or {}
    return assemble(parts)


def assemble(parts: dict[int, str | bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, part in parts.items():
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + (part if isinstance(part, bytes) else part.encode("latin-1"))
        out += b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {max(parts) + 1}\n0000000000 65535 f \n".encode()
    for number in range(1, max(parts) + 1):
        place = places.get(number)
        out += b"0000000000 65535 f \n" if place is None else f"{place:010d} 00000 n \n".encode()
    return bytes(out + f"trailer<</Size {max(parts) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode())


def show(text: str, x: int = 72, y: int = 700, size: int = 12) -> str:
    return f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n"


def png(width: int = 40, height: int = 20) -> bytes:
    rows = b"".join(b"\0" + b"\xff" * (3 * width) for _ in range(height))
    return _png(width, height, zlib.compress(rows))


def png_bomb(width: int, height: int) -> bytes:
    """A picture whose header promises more than its data hold."""
    return _png(width, height, zlib.compress(bytes(1000)))


def _png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bomb(name: str = "word/document.xml", size: int = 300 << 20, *, lie: bool = False) -> bytes:
    """A package one part of which unpacks to very much; it may say that it does not."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("_rels/.rels", relations(("rId1", "officeDocument", name)))
        with package.open(name, "w") as part:
            for _ in range(size >> 20):
                part.write(bytes(1 << 20))
    data = held.getvalue()
    return data.replace(struct.pack("<I", size), struct.pack("<I", 1000)) if lie else data


def overlapping() -> bytes:
    """A package whose entries all point at the same packed bytes."""
    data = bytearray(docx(paragraph("x")))
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def mutated(data: bytes, seed: int) -> bytes:
    """A damaged copy: bytes changed, a piece doubled, left out or cut off."""
    chance = random.Random(seed)
    out = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        out[chance.randrange(len(out))] = chance.randrange(256)
    place = chance.randrange(len(out))
    length = chance.randrange(1, 200)
    match chance.randrange(4):
        case 0:
            out[place:place] = out[place : place + length]
        case 1:
            del out[place : place + length]
        case 2:
            del out[place:]
    return bytes(out)
