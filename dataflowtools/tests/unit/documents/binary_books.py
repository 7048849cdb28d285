"""Makes workbooks in Excel's binary formats with what no library writes: errors, links, far corners."""

import io
import struct

import xlwt

from dataflowtools.tests.unit.documents.making import relations, zipped

URL_MONIKER = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
FILE_MONIKER = bytes.fromhex("0303000000000000c000000000000046")


def record(kind: int, body: bytes = b"") -> bytes:
    """One record of an xlsb part."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, size = len(body), b""
    while length >= 128:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + size + bytes([length]) + body


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def row(number: int) -> bytes:
    return record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))


def real(column: int, value: float) -> bytes:
    return record(5, struct.pack("<IId", column, 0, value))


def error(column: int, code: int, *, formula: bool = False) -> bytes:
    body = struct.pack("<IIB", column, 0, code)
    return record(11, body + struct.pack("<HII", 0, 0, 0)) if formula else record(3, body)


def text_cell(column: int, text: str) -> bytes:
    return record(6, struct.pack("<II", column, 0) + wide(text))


def xlsb(cells: bytes, after: bytes = b"", links: str = "") -> bytes:
    """A workbook with one sheet of these records."""
    sheet = record(129) + record(148, struct.pack("<4I", 0, 9, 0, 9)) + record(145) + cells + record(146)
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("S"))
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.bin")),
        "xl/workbook.bin": book + record(144) + record(132),
        "xl/_rels/workbook.bin.rels": relations(("rId1", "worksheet", "worksheets/sheet1.bin")),
        "xl/worksheets/sheet1.bin": sheet + after + record(130),
    }
    if links:
        parts["xl/worksheets/_rels/sheet1.bin.rels"] = links
    return zipped(parts)


def xls(fill, extra: bytes = b"") -> bytes:
    """A workbook by xlwt, with further records at the end of its sheet."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    fill(sheet)
    write = sheet.get_biff_data
    sheet.get_biff_data = lambda: write()[:-4] + extra + write()[-4:]
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def old_record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def old_formula_error(line: int, column: int, code: int) -> bytes:
    result = bytes([2, 0, code, 0, 0, 0, 0xFF, 0xFF])
    return old_record(0x06, struct.pack("<HHH", line, column, 15) + result + struct.pack("<HIH", 0, 0, 0))


def old_link(line: int, column: int, *, url: str = "", file: str = "", place: str = "") -> bytes:
    flags, body = 0, b""
    if url:
        address = (url + "\0").encode("utf-16-le")
        flags, body = flags | 0x03, body + URL_MONIKER + struct.pack("<I", len(address)) + address
    if file:
        path = file.encode("latin-1") + b"\0"
        tail = struct.pack("<HHQQII", 0xFFFF, 0xDEAD, 0, 0, 0, 0)[:24] + struct.pack("<I", 0)
        flags, body = flags | 0x01, body + FILE_MONIKER + struct.pack("<HI", 0, len(path)) + path + tail
    if place:
        flags, body = (
            flags | 0x08,
            body + struct.pack("<I", len(place) + 1) + (place + "\0").encode("utf-16-le"),
        )
    head = struct.pack("<4H16sII", line, line, column, column, bytes(16), 2, flags)
    return old_record(0x1B8, head + body)
