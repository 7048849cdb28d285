"""Many mixed requests: flat memory, no orphan worker, no file left behind."""

import asyncio
import random
import tempfile
from pathlib import Path

import pytest

from dataflowtools.tests.http.documents.parsing import children, parse
from dataflowtools.tests.http_service import running
from dataflowtools.tests.unit.documents.making import (
    bomb,
    docx,
    mutated,
    paragraph,
    pdf,
    png,
    show,
    workbook,
    xlsx,
)

DOCUMENTS = Path(__file__).parents[2] / "unit" / "documents"
OTHERS = [
    *(DOCUMENTS / "samples" / name for name in ("base.xlsb", "password.ods", "password.xls")),
    *(DOCUMENTS / "made_by" / f"libreoffice.{kind}" for kind in ("ods", "odt", "rtf", "xls", "html")),
    DOCUMENTS / "made_by" / "pandoc.pptx",
]
ALLOWED_GROWTH_KB = 40_000


def resident_kb(pid: int | str = "self") -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def documents() -> list[tuple[str, bytes]]:
    corner = '<row r="1"><c r="A1"><v>1</v></c></row><row r="9"><c r="XFD1048576"><v>1</v></c></row>'
    book = workbook(lambda made: [made.active.append([n, f"text {n}", n / 7]) for n in range(300)])
    return [
        ("a.docx", docx(paragraph("words " * 500) * 50)),
        ("a.xlsx", book),
        ("a.csv", b"a,b,c\n" + b"1,2,3\n" * 3000),
        ("a.pdf", pdf([show(f"page {n}") for n in range(20)])),
        ("a.html", b"<p>text</p>" * 2000),
        ("a.md", b"# head\n\ntext\n\n" * 500),
        ("a.json", b'[{"a": 1}]'),
        ("a.xlsx", xlsx(corner)),
        ("a.docx", bomb(size=32 << 20)),
        ("a.docx", b"not a docx"),
        ("a.png", png()),
        *((f"a.{path.suffix}", path.read_bytes()) for path in OTHERS),
        ("a.pdf", b""),
    ]


async def storm(client, count: int, seed: int) -> set[int]:
    chance = random.Random(seed)
    few = asyncio.Semaphore(8)
    made = documents()

    async def one(number: int) -> int:
        name, data = chance.choice(made)
        if chance.random() < 0.2 and data:
            data = mutated(data, number)
        async with few:
            fields = {"format": chance.choice(["json", "markdown", "text", "html"]), "ocr": "never"}
            return (await parse(client, data, name, **fields)).status

    return set(await asyncio.gather(*(one(number) for number in range(count))))


@pytest.fixture
def scratch(monkeypatch) -> list[str]:
    """The folders that this process made for its workers; other services on the machine have theirs."""
    made, make = [], tempfile.mkdtemp

    def remember(*arguments, **more):
        made.append(make(*arguments, **more))
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", remember)
    return made


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.soak)])
async def test_many_mixed_requests_leave_nothing_behind(tmp_path, scratch, count):
    before = set(children())
    async with running(tmp_path, document_cache_bytes=8 << 20) as client:
        assert await storm(client, count // 2, seed=1) <= {200, 413, 415, 422}
        settled = resident_kb()
        assert await storm(client, count, seed=2) <= {200, 413, 415, 422}
        assert resident_kb() - settled < ALLOWED_GROWTH_KB
        mine = set(children()) - before
        assert 1 <= len(mine) <= 4
        assert all(resident_kb(pid) < 600_000 for pid in mine)
    assert set(children()) <= before
    assert len(scratch) >= len(mine)
    assert not any(Path(folder).exists() for folder in scratch)
