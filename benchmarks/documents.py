"""Reading documents through the limited workers, beside openpyxl, pandas, pdfplumber, PyMuPDF, markitdown and Xberg.

The peers live in .cache/bench-venv, made at the first run; each reads each file in a fresh process, imports counted apart.
Words and tables are scored on ../shared/data where that is there.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "deps/servicekit"), str(ROOT / "deps/rowkit")]

import docx  # noqa: E402
import xlsxwriter  # noqa: E402
from reportlab.lib import colors  # noqa: E402
from reportlab.lib.styles import getSampleStyleSheet  # noqa: E402
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table  # noqa: E402

from dataflowtools.src.drivenadapters.documents.families import families  # noqa: E402
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers  # noqa: E402
from dataflowtools.src.logics.file.documents.options import ReadOptions  # noqa: E402

SHARED = ROOT.parent / "shared"
PEER_VENV = ROOT / ".cache" / "bench-venv"
PEERS = ["openpyxl", "pandas", "pdfplumber", "PyMuPDF==1.28.2", "markitdown[docx,xlsx,pdf]", "xberg"]
TIMEOUT_S = 120
RUNS = 3
PEER_PROGRAM = """
import json, resource, sys, time
peer, path = sys.argv[1:]
started = time.perf_counter()
if peer == "openpyxl":
    import openpyxl
    read = lambda: [row for sheet in openpyxl.load_workbook(path, read_only=True) for row in sheet.iter_rows(values_only=True)]
elif peer == "pandas":
    import pandas
    read = lambda: pandas.read_excel(path, sheet_name=None, header=None)
elif peer == "pdfplumber":
    import pdfplumber
    def read():
        with pdfplumber.open(path) as pdf:
            return [(page.extract_text(), page.extract_tables()) for page in pdf.pages]
elif peer == "pymupdf":
    import pymupdf
    def read():
        with pymupdf.open(path) as pdf:
            return [(page.get_text(), [table.extract() for table in page.find_tables().tables]) for page in pdf]
elif peer == "markitdown":
    import markitdown
    read = lambda: markitdown.MarkItDown().convert(path).text_content
else:
    import asyncio, xberg
    source = xberg.ExtractInput(kind="uri", uri=path)
    async def extract():
        return (await xberg.extract(source, xberg.ExtractionConfig())).results[0]
    read = lambda: asyncio.run(extract())
imported = time.perf_counter()
result = read()
done = time.perf_counter()
tables = []
if peer in ("pdfplumber", "pymupdf"):
    tables = [[[cell or "" for cell in row] for row in table] for _, page in result for table in page]
elif peer == "xberg":
    found = getattr(result, "tables", None) or []
    tables = [[[str(cell or "") for cell in row] for row in getattr(table, "cells", [])] for table in found]
print(json.dumps({"import_s": imported - started, "read_s": done - imported, "tables": tables,
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
"""


def measure() -> dict[str, Any]:
    """Run all and return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(Path(folder))
        ours = asyncio.run(ours_on(files))
        peers = peers_on(files, Path(folder)) if make_peers() else {}
        report = {"ours": ours, "peers": peers}
        if SHARED.is_dir():
            report["known_content"] = asyncio.run(known_content(Path(folder), peers=bool(peers)))
    print(json.dumps(report, indent=1))
    return report


def make_files(folder: Path) -> dict[str, Path]:
    """Make a workbook of 20,000 × 10, a Word file of 50 chapters, and a PDF of 100 pages with 100 tables."""
    book = xlsxwriter.Workbook(folder / "book.xlsx", {"constant_memory": True})
    sheet = book.add_worksheet()
    for row in range(20_000):
        sheet.write_row(
            row, 0, [row, f"name {row % 500}", row / 7, "text", row % 3, row * 2, "city", 1.5, "x", row]
        )
    book.close()
    word = docx.Document()
    for number in range(50):
        word.add_heading(f"Chapter {number}", 1)
        for _ in range(8):
            word.add_paragraph("Words of a paragraph that goes on. " * 12)
        table = word.add_table(5, 4)
        for row in table.rows:
            for cell in row.cells:
                cell.text = f"cell {number}"
    word.save(str(folder / "word.docx"))
    flow: list[Any] = []
    style = getSampleStyleSheet()["Normal"]
    for number in range(100):
        flow.append(Paragraph("Some words in a paragraph of text. " * 40, style))
        cells = [[f"r{number}.{row}c{column}" for column in range(6)] for row in range(15)]
        flow.append(Table(cells, style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black)] if number % 2 else []))
        flow.append(PageBreak())
    SimpleDocTemplate(str(folder / "pages.pdf")).build(flow)
    return {path.name: path for path in sorted(folder.glob("*.*"))}


async def read(workers: LimitedWorkers, path: Path, **options: Any) -> tuple[float, int, bytes]:
    """Read a file in a worker; seconds, bytes at most, content."""
    arguments = {"name": path.name, "options": ReadOptions(**options).as_message(), "password": None}
    started = time.perf_counter()
    with path.open("rb") as file:
        run = {"files": [file.fileno()], "timeout_s": 120.0, "memory_bytes": 2 << 30}
        result = await workers.run("documents.parse", arguments, **run)
        if result.value.get("by_programs"):
            result = await workers.run("programs.parse", arguments | {"by_programs": True}, **run)
    return time.perf_counter() - started, 0, result.blobs[0]


async def ours_on(files: dict[str, Path]) -> dict[str, Any]:
    """Time every file through a warm worker, and the start of a worker."""
    figures: dict[str, Any] = {}
    reports: list[Any] = []
    async with LimitedWorkers(families(1, queue_limit=8), on_job=reports.append) as workers:
        small = files["word.docx"]
        figures["first_request_s"] = round((await read(workers, small, format="text"))[0], 3)
        for name, path in files.items():
            for target in ("json", "markdown"):
                times = [(await read(workers, path, format=target))[0] for _ in range(RUNS)]
                figures[f"{name} {target}"] = {
                    "best_s": round(min(times), 3),
                    "peak_mb": reports[-1].peak_bytes >> 20,
                }
        times = [
            (await read(workers, files["pages.pdf"], format="text", tables=False))[0] for _ in range(RUNS)
        ]
        figures["pages.pdf text only"] = {"best_s": round(min(times), 3)}
    return figures


def make_peers() -> bool:
    """Install the peers apart from everything else; False where that cannot be."""
    if (PEER_VENV / "ready").exists():
        return True
    found = subprocess.run([ROOT / "scripts" / "ensure_uv.sh"], capture_output=True, text=True, check=False)
    if found.returncode:
        return False
    uv, python = found.stdout.strip(), str(PEER_VENV / "bin" / "python")
    for step in (
        ["venv", "-q", "--allow-existing", "--python", sys.executable, str(PEER_VENV)],
        ["pip", "install", "-q", "--python", python, *PEERS],
    ):
        if subprocess.run([uv, *step], check=False).returncode:
            return False
    (PEER_VENV / "ready").touch()
    return True


def peer(name: str, path: Path) -> dict[str, Any]:
    """Let a peer read a file in its own process."""
    argv = [str(PEER_VENV / "bin" / "python"), "-W", "ignore", "-c", PEER_PROGRAM, name, str(path)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"not finished after {TIMEOUT_S} s"}
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else "crashed"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def peers_on(files: dict[str, Path], folder: Path) -> dict[str, Any]:
    """Time every peer on what it reads."""
    del folder
    readers = {
        "book.xlsx": ("openpyxl", "pandas", "markitdown", "xberg"),
        "word.docx": ("markitdown", "xberg"),
        "pages.pdf": ("pdfplumber", "pymupdf", "markitdown", "xberg"),
    }
    figures: dict[str, Any] = {}
    for name, peers in readers.items():
        for one in peers:
            found = peer(one, files[name])
            found["tables"] = len(found.get("tables", ()))
            figures[f"{name} {one}"] = {
                key: round(value, 3) if isinstance(value, float) else value for key, value in found.items()
            }
    return figures


def words(text: str) -> Counter[str]:
    """Count words, comments of the truth left out."""
    return Counter(re.findall(r"\w+", re.sub(r"<!--.*?-->", "", text)))


async def known_content(folder: Path, *, peers: bool) -> dict[str, Any]:
    """Score words of documents and tables of PDF pages against what is known to be there."""
    hits = total = 0
    figures: dict[str, Any] = {}
    async with LimitedWorkers(families(1, queue_limit=8)) as workers:
        for path in sorted((SHARED / "data" / "documents").iterdir()):
            truth = path.with_name(path.name + ".md")
            if truth.exists():
                content = json.loads((await read(workers, path, format="markdown"))[2])
                true = words(truth.read_text(encoding="utf-8"))
                hits, total = hits + (true & words(content)).total(), total + true.total()
        pages, seconds = 0, 0.0
        out = folder / "ours"
        out.mkdir()
        for path in sorted((SHARED / "data" / "tables").glob("*.pdf")):
            took, _, content = await read(workers, path)
            parsed = json.loads(content)
            seconds, pages = seconds + took, pages + len(parsed["pages"])
            (out / f"{path.stem}.json").write_text(
                json.dumps([grid(block) for block in parsed["blocks"] if block["type"] == "table"])
            )
    figures["word_recall"] = round(hits / total, 4)
    figures["tables ours"] = {"score": score(out), "ms_per_page": round(1000 * seconds / pages, 1)}
    for name in ("pdfplumber", "pymupdf", "xberg") if peers else ():
        out = folder / name
        out.mkdir()
        seconds = 0.0
        for path in sorted((SHARED / "data" / "tables").glob("*.pdf")):
            found = peer(name, path)
            seconds += found.get("read_s", 0.0)
            (out / f"{path.stem}.json").write_text(json.dumps(found.get("tables", [])))
        figures[f"tables {name}"] = {"score": score(out), "ms_per_page": round(1000 * seconds / pages, 1)}
    return figures


def grid(block: dict[str, Any]) -> list[list[str]]:
    """Lay a table's cells out, a spanned cell's text at its top left."""
    rows = []
    for row in block["rows"]:
        line = [""] * block["columns"]
        for cell in row:
            line[cell["column"]] = cell["text"]
        rows.append(line)
    return rows


def score(folder: Path) -> str:
    """Ask the scorer."""
    argv = [
        sys.executable,
        str(SHARED / "tools" / "score_tables.py"),
        str(SHARED / "data" / "tables"),
        str(folder),
    ]
    return (
        subprocess.run(argv, capture_output=True, text=True, check=True, env={**os.environ})
        .stdout.strip()
        .splitlines()[-1]
    )


if __name__ == "__main__":
    measure()
