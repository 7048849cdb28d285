"""Jobs that LibreOffice does: a document from one of its formats into another."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataflowtools.src.drivenadapters.converting.worker.office import Office
from dataflowtools.src.drivenadapters.converting.worker.office_profile import (
    OPENED_NOT,
    STORED_NOT,
    TOO_LARGE,
)
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import CorruptFile, InvalidSelection, SheetTooLarge

PROGRAM_VARIABLE = "LIBREOFFICE_PROGRAM"
_EXIT_BROKEN = 71
_PAGES = "PageRange"
_LAST_RESORTS = ("Text", "HTML", "generic_")  # what it opens anything with that it does not know
_offices: list[Office] = []


def warm_up() -> None:
    """Start LibreOffice on a profile of its own, and have it write a page so that its parts are loaded."""
    folder = Path(tempfile.gettempdir())
    profile = folder / "profile"
    office = Office(Path(os.environ[PROGRAM_VARIABLE]), profile)
    _offices.append(office)
    page = profile / "page.txt"
    page.write_text("text\n", encoding="utf-8")
    _run(office, page, profile / "page.pdf", "writer_pdf_Export", "")
    _give_away(folder)


def _give_away(folder: Path) -> None:
    """Let the uid that this worker changes to later own what was made here: the profile, and a folder for parts."""
    uid = folder.stat().st_uid
    if os.geteuid() == uid:
        return
    for place in folder.rglob("*"):
        os.chown(place, uid, uid)


def convert(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the first file into the second by the filters named."""
    source, target = job.scratch / f"in.{arguments['source']}", job.scratch / f"out.{arguments['target']}"
    job.files[0].seek(0)
    with source.open("wb") as copy:
        shutil.copyfileobj(job.files[0], copy)
    outcome = _run(_offices[0], source, target, str(arguments["filter"]), str(arguments["options"]))
    if not outcome:  # it never got so far as to say anything: whatever state it is in, no other job gets it
        os.write(2, b"LibreOffice's procedure did not run\n")
        os._exit(_EXIT_BROKEN)
    opened = outcome.removeprefix("ok ") if outcome.startswith("ok ") else ""
    if outcome.startswith(TOO_LARGE):
        raise SheetTooLarge(f"A sheet of {outcome.partition(' ')[2]} cells is not printed.")
    if outcome.startswith(STORED_NOT) and _PAGES in str(arguments["options"]):
        raise InvalidSelection("The document has none of the chosen pages.", field="/pages")
    if not opened or opened.startswith(_LAST_RESORTS) or not target.exists():
        raise CorruptFile(_refusal(outcome, str(arguments["source"])))
    with target.open("rb") as made, os.fdopen(os.dup(job.files[-1].fileno()), "wb") as output:
        shutil.copyfileobj(made, output)
    return {}


def _run(office: Office, source: Path, target: Path, filter_name: str, options: str) -> str:
    """Have the procedure run; gives what it reports, or nothing when it did not get so far."""
    order, report = source.with_name("order"), source.with_name("report")
    lines = [source.as_uri(), target.as_uri(), filter_name, options, str(report)]
    order.write_text("\n".join(lines) + "\n", encoding="utf-8")
    office.run(order)
    return report.read_text(encoding="utf-8", errors="replace").strip() if report.exists() else ""


def _refusal(outcome: str, source: str) -> str:
    if outcome.startswith((OPENED_NOT, "ok ")):
        return f"LibreOffice cannot open this {source} file."
    return f"LibreOffice cannot write what this {source} file holds in the format asked for."
