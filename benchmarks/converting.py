"""Documents out: converting and filling templates, beside cold soffice, unoserver, pandoc and docxtpl alone.

Converting is measured twice: a step in a warm worker, and the whole HTTP call with look, route and storing; the
ratios are of medians, a peer's over our HTTP call's.
"""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "deps/servicekit"),
    str(ROOT / "deps/executor"),
    str(ROOT / "deps/rowkit"),
]

import docx  # noqa: E402
import openpyxl  # noqa: E402

from benchmarks.converting_templates import templates  # noqa: E402
from benchmarks.converting_unoserver import unoserver  # noqa: E402
from benchmarks.timing import ratio, run, summary, timed  # noqa: E402
from dataflowtools.src.bootstrap.programs import families_for, open_programs  # noqa: E402
from dataflowtools.src.common.settings import Settings  # noqa: E402
from dataflowtools.src.drivenadapters.converting.worker_converters import (  # noqa: E402
    LibreOfficeConverter,
    PandocConverter,
)
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers  # noqa: E402
from dataflowtools.src.logics.file.converting.options import ConvertOptions  # noqa: E402
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument  # noqa: E402
from dataflowtools.tests.http_service import running  # noqa: E402
from dataflowtools.tests.multipart_bodies import Form  # noqa: E402

RUNS = 10
JOBS = {"page.docx": "pdf", "sheet.xlsx": "pdf", "long.docx": "pdf", "text.md": "docx"}


def measure() -> dict[str, Any]:
    """Run all and return the figures, seconds of the median and the best of so many runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder)
        report = {"runs": RUNS, "load_1_min_at_start": round(os.getloadavg()[0], 1)}
        report["ours, step in a warm worker"] = asyncio.run(ours_steps(folder))
        report["ours, HTTP call"] = asyncio.run(ours_http(folder))
        report["ours, 8 at once on 2 workers"] = asyncio.run(ours_parallel(folder))
        if shutil.which("soffice"):
            report["soffice cold"] = cold(folder)
        if shutil.which("pandoc"):
            report["pandoc alone"] = {"text.md docx": timed(lambda: run(pandoc(folder)), RUNS)}
        report["unoserver"] = unoserver(folder, [name for name, to in JOBS.items() if to == "pdf"], RUNS)
        report["a peer / ours"] = ratios(report)
        report["templates"] = asyncio.run(templates(folder))
    print(json.dumps(report, indent=1))
    return report


def ratios(report: dict[str, Any]) -> dict[str, Any]:
    """How many times as long each peer takes for the same file."""
    found: dict[str, Any] = {}
    for job, ours in report["ours, HTTP call"].items():
        unoserver_took = report["unoserver"].get(job, {})
        peers = {
            "soffice cold": report.get("soffice cold", {}).get(job, {}),
            "unoserver, its client": unoserver_took.get("client", {}),
            "unoserver, bare call": unoserver_took.get("call", {}),
            "pandoc alone": report.get("pandoc alone", {}).get(job, {}),
        }
        found[job] = {name: ratio(took, ours) for name, took in peers.items() if took}
    return found


def make_files(folder: Path) -> None:
    """Make a page, a sheet of 1,000 rows, a document of 50 chapters and a text in Markdown."""
    page = docx.Document()
    page.add_heading("季度报告 Quarterly report", 1)
    page.add_paragraph("本季度收入增长了百分之十二。 Words of a paragraph. " * 5)
    page.save(str(folder / "page.docx"))
    book = openpyxl.Workbook()
    for row in range(1000):
        book.active.append([row, f"产品 {row}", row / 7, "text"])
    book.save(folder / "sheet.xlsx")
    long = docx.Document()
    for number in range(50):
        long.add_heading(f"Chapter {number}", 1)
        for _ in range(8):
            long.add_paragraph("Words of a paragraph that goes on. " * 12)
        table = long.add_table(5, 4)
        for row in table.rows:
            for cell in row.cells:
                cell.text = f"cell {number}"
        long.add_paragraph("")
    long.save(str(folder / "long.docx"))
    part = "# 标题\n\n正文 with **bold** words.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    (folder / "text.md").write_text(part * 20, encoding="utf-8")


async def ours_steps(folder: Path) -> dict[str, Any]:
    """One step each, the worker warm; and the start of a worker."""
    settings = Settings(data_dir=folder / "data")
    figures: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as resources:
        workers = await resources.enter_async_context(LimitedWorkers(families_for(settings)))
        programs = open_programs(settings, resources, workers)
        converters = [
            LibreOfficeConverter(programs.steps, programs.installed),
            PandocConverter(programs.steps, programs.installed),
        ]
        for name, to in JOBS.items():
            source = name.rpartition(".")[2]
            found = (
                (c, hop) for c in converters for hop in c.hops() if (hop.source, hop.target) == (source, to)
            )
            converter, hop = next(found)
            times = []
            with (folder / name).open("rb") as file:
                document = TakenDocument(sha256="", size_bytes=0, handle=file)
                for _ in range(RUNS + 1):
                    started = time.perf_counter()
                    async with converter.convert("t", hop, document, ConvertOptions()):
                        times.append(time.perf_counter() - started)
            figures[f"{name} {to}"] = {**summary(times[1:]), "first_s": round(times[0], 3)}
    return figures


async def post(client: Any, folder: Path, name: str, to: str) -> float:
    form = Form().file(name, (folder / name).read_bytes()).text("to", to)
    started = time.perf_counter()
    reply = await client.request(
        "POST", "/api/file/convert", body=form.body, headers=form.headers, timeout_s=120
    )
    assert reply.status == 200, reply.body
    return time.perf_counter() - started


async def ours_http(folder: Path) -> dict[str, Any]:
    """The whole call, with looking at the file, finding the route and storing the result."""
    figures = {}
    with tempfile.TemporaryDirectory() as data:
        async with running(Path(data)) as client:
            for name, to in JOBS.items():
                times = [await post(client, folder, name, to) for _ in range(RUNS + 1)]
                figures[f"{name} {to}"] = summary(times[1:])
    return figures


async def ours_parallel(folder: Path) -> dict[str, float]:
    """Conversions a second with eight callers."""
    with tempfile.TemporaryDirectory() as data:
        async with running(Path(data)) as client:
            await asyncio.gather(*(post(client, folder, "page.docx", "pdf") for _ in range(4)))
            started = time.perf_counter()
            for _ in range(5):
                await asyncio.gather(*(post(client, folder, "page.docx", "pdf") for _ in range(8)))
            return {"page.docx pdf per_second": round(40 / (time.perf_counter() - started), 1)}


def cold(folder: Path) -> dict[str, Any]:
    """A new soffice for every file, on a profile that is there already."""
    figures = {}
    for name, to in JOBS.items():
        if to == "pdf":
            argv = [
                "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", to,
                "--outdir", str(folder / "cold"), str(folder / name),
            ]  # fmt: skip
            run(argv)
            figures[f"{name} {to}"] = timed(lambda argv=argv: run(argv), RUNS)
    return figures


def pandoc(folder: Path) -> list[str]:
    return ["pandoc", "-f", "gfm", str(folder / "text.md"), "-o", str(folder / "text.docx")]


if __name__ == "__main__":
    measure()
