"""A Word template filled over HTTP, beside docxtpl alone in one plain process: one letter, and a zip of many.

Both get the same template and the same rows, and every letter's text is compared. docxtpl runs as its readme shows:
no sandbox, no check for missing fields, no HTTP, and a template is opened anew for each letter, as it asks.
"""

import io
import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import docx

from benchmarks.timing import ratio, summary
from dataflowtools.tests.http_service import running, stored

ROWS = 1_000
ONE_RUNS, MERGE_RUNS = 20, 3
ALONE = """
import io, json, sys, time, zipfile
from docxtpl import DocxTemplate
template, records, output, one_runs, merge_runs = sys.argv[1:]
records = json.load(open(records, encoding="utf-8"))
def letter(record):
    document = DocxTemplate(template)
    document.render(record, autoescape=True)
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()
def merge():
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, record in enumerate(records):
            archive.writestr(f"{number:04d}.docx", letter(record))
def times(call, runs):
    found = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        found.append(time.perf_counter() - started)
    return found
letter(records[0])
print(json.dumps([times(lambda: letter(records[0]), int(one_runs)), times(merge, int(merge_runs))]))
"""


async def templates(folder: Path) -> dict[str, Any]:
    """Measure both, and hold every letter of ours against theirs."""
    make_letter(folder / "letter.docx")
    rows = records()
    (folder / "rows.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    ours, archive = await over_http(folder, rows)
    theirs = alone(folder)
    letters = texts(archive)
    if letters != texts((folder / "alone.zip").read_bytes()) or len(letters) != ROWS:
        raise AssertionError("the service and docxtpl alone do not write the same letters")
    ratios = {job: ratio(theirs[job], ours[job]) for job in ours}
    return {"ours, HTTP call": ours, "docxtpl alone": theirs, "docxtpl alone / ours": ratios}


def make_letter(path: Path) -> None:
    """Make a letter with a heading, fields, a condition, and a table with a row for each item."""
    letter = docx.Document()
    letter.add_heading("发票 Invoice {{ number }}", 1)
    letter.add_paragraph("尊敬的 {{ customer.name }}, dear customer in {{ customer.city }}:")
    letter.add_paragraph("{% if due > 500 %}Please pay within ten days.{% else %}Thank you.{% endif %}")
    table = letter.add_table(4, 3)
    lines = [("Item", "Count", "Price"), ("{%tr for item in items %}",), ("{{ item.name }}", "{{ item.count }}", "{{ item.price }}"), ("{%tr endfor %}",)]  # fmt: skip
    for row, texts_of_row in zip(table.rows, lines, strict=True):
        for cell, text in zip(row.cells, texts_of_row, strict=False):
            cell.text = text
    letter.add_paragraph("Total: {{ due }}")
    letter.save(str(path))


def records() -> list[dict[str, Any]]:
    return [
        {
            "number": f"2026-{number:05d}",
            "customer": {"name": f"客户 {number} & Söhne <{number}>", "city": "Oslo"},
            "due": number,
            "items": [
                {"name": f"产品 {one}", "count": one, "price": one * 3 + number} for one in range(1, 6)
            ],
        }
        for number in range(ROWS)
    ]


async def over_http(folder: Path, rows: list[dict[str, Any]]) -> tuple[dict[str, Any], bytes]:
    """One letter, and all of them in a zip; the figures, and the last zip."""
    async with running(folder / "templates") as client:
        template = (await stored(client, "letter.docx", (folder / "letter.docx").read_bytes()))["file_id"]
        one = {"file_id": template, "data": rows[0]}
        many = {"file_id": template, "records": rows}
        await filled(client, one)  # starts the worker
        ones = [await filled(client, one) for _ in range(ONE_RUNS)]
        merges = [await filled(client, many) for _ in range(MERGE_RUNS)]
        reply = await client.request("GET", f"/api/file/download/{merges[-1][1]}")
    took = {"1 letter": ones, f"{ROWS} letters": merges}
    return {job: summary([seconds for seconds, _ in calls]) for job, calls in took.items()}, reply.body


async def filled(client: Any, body: dict[str, Any]) -> tuple[float, str]:
    started = time.perf_counter()
    reply = await client.request("POST", "/api/file/template/fill", json=body, timeout_s=300)
    took = time.perf_counter() - started
    assert reply.status == 201, reply.body[:500]
    return took, reply.json()["file_id"]


def alone(folder: Path) -> dict[str, Any]:
    argv = [
        sys.executable, "-c", ALONE, "letter.docx", "rows.json", "alone.zip", str(ONE_RUNS), str(MERGE_RUNS),
    ]  # fmt: skip
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True, timeout=600)
    ones, merges = json.loads(done.stdout)
    return {"1 letter": summary(ones), f"{ROWS} letters": summary(merges)}


def texts(archive: bytes) -> list[list[str]]:
    """The words of each letter, in the order of the letters' names."""
    with zipfile.ZipFile(io.BytesIO(archive)) as letters:
        return sorted(words(letters.read(name)) for name in letters.namelist())


def words(letter: bytes) -> list[str]:
    document = docx.Document(io.BytesIO(letter))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [*(paragraph.text for paragraph in document.paragraphs), *cells]
