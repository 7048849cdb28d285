"""Jobs that pandoc does, in two steps with a look between them.

The first step reads in pandoc's own sandbox, where nothing but its input exists, and gives the document's tree.
What names a file, an address or raw markup is taken out of the tree; the second step writes what is left.
"""

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dataflowtools.src.drivenadapters.converting.worker.clean_source import clean_source
from dataflowtools.src.drivenadapters.converting.worker.clean_tree import clean_tree
from dataflowtools.src.drivenadapters.converting.worker.flat_blocks import flat_blocks
from dataflowtools.src.drivenadapters.converting.worker.notebook import as_markdown
from dataflowtools.src.drivenadapters.converting.worker.package_pictures import pictures_in
from dataflowtools.src.drivenadapters.converting.worker.titles import OURS, titled
from dataflowtools.src.drivenadapters.documents.text_handlers import read_html_text, read_text
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import CorruptFile, WorkerMemoryExceeded, WorkerTimedOut

_READERS: Mapping[str, str] = {
    "md": "gfm+tex_math_dollars+footnotes+yaml_metadata_block",
    "html": "html",
    "rst": "rst",
    "tex": "latex",
    "docx": "docx",
    "odt": "odt",
    "epub": "epub",
}
_WRITERS: Mapping[str, str] = {
    "md": "gfm+tex_math_dollars+footnotes",
    "html": "html5",
    "rst": "rst",
    "tex": "latex",
    "docx": "docx",
    "odt": "odt",
    "epub": "epub3",
    "pptx": "pptx",
}
_TEXTS = frozenset({"md", "html", "rst", "tex"})
_PACKAGES = frozenset({"docx", "odt", "epub"})
_HEAP_EXIT = 251
_OUT_OF_MEMORY = ("Unable to commit", "heap exhausted", "out of memory")
_CHINESE = {
    "word/theme/theme1.xml": (rb'<a:ea typeface="" ?/>', b'<a:ea typeface="SimSun"/>'),
    "word/styles.xml": (rb'w:eastAsiaTheme="minorHAnsi"', b'w:eastAsiaTheme="minorEastAsia"'),
}
_SAID_CHARS = 200


def convert(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the first file into the second; gives warnings."""
    source, target = str(arguments["source"]), str(arguments["target"])
    read, left_out = _given(job, source, str(arguments.get("encoding", "")))
    source = "md" if source == "ipynb" else source
    tree = job.scratch / "tree.json"
    _pandoc(job, read, tree, source=source, writer="json", settings=("--sandbox",))
    try:
        found = json.loads(tree.read_bytes())
        cleaned, taken_out = (
            clean_tree(found, pictures_in(job.files[0])) if source in _PACKAGES else clean_tree(found)
        )
        if target == "odt":
            cleaned["blocks"] = flat_blocks(cleaned["blocks"])
        tree.write_text(json.dumps(titled(cleaned, target), ensure_ascii=False), encoding="utf-8")
    except RecursionError as exc:
        raise CorruptFile(f"This {source} file is nested deeper than documents are.") from exc
    written = job.scratch / f"out.{target}"
    settings = ("--standalone", *_settings(target))
    _pandoc(job, tree, written, source="json", writer=_WRITERS[target], settings=settings)
    if target == "docx":
        written = _with_chinese_font(written)
    with written.open("rb") as made, os.fdopen(os.dup(job.files[-1].fileno()), "wb") as output:
        shutil.copyfileobj(made, output)
    return {
        "warnings": [
            {"code": "external_reference_ignored", "message": message} for message in [*left_out, *taken_out]
        ]
    }


def _with_chinese_font(written: Path) -> Path:
    """Name a font for Chinese in the theme, which pandoc leaves open: without one, bold Chinese prints plain."""
    named = written.with_name("named.docx")
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(named, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename in _CHINESE:
                data = re.sub(*_CHINESE[entry.filename], data)
            new.writestr(entry, data)
    return named


def _settings(target: str) -> list[str]:
    if target == "html":
        return ["--self-contained", "--mathml"]
    return ["--toc-depth=3", "--epub-chapter-level=2"] if target == "epub" else []


def _given(job: Job, source: str, encoding: str) -> tuple[Path, list[str]]:
    """Put the input where pandoc can read it, texts in UTF-8, whatever they came in; and what was left out of them."""
    place = job.scratch / f"{OURS}.{source}"
    if source == "ipynb":
        job.files[0].seek(0)
        place.write_text(as_markdown(job.files[0].read()), encoding="utf-8", errors="replace")
        return place, []
    if source in _TEXTS:
        file = job.files[0]
        text = read_html_text(file, encoding)[0] if source == "html" else read_text(file, encoding)[0]
        text, left_out = clean_source(source, text)
        place.write_text(text, encoding="utf-8", errors="replace")
        return place, left_out
    job.files[0].seek(0)
    with place.open("wb") as copy:
        shutil.copyfileobj(job.files[0], copy)
    return place, []


def _pandoc(
    job: Job, read: Path, written: Path, *, source: str, writer: str, settings: Sequence[str] = ()
) -> None:
    """Run pandoc once; the worker's own limits hold for it, its heap is told so that it ends with a word."""
    heap = max(job.memory_bytes >> 20, 64)
    argv = [
        *("pandoc", "+RTS", f"-M{heap}m", "-RTS", *settings, "--from", _READERS.get(source, source)),
        *("--to", writer, "--output", str(written), str(read)),
    ]
    try:
        done = subprocess.run(
            argv, cwd=job.scratch, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=max(job.remaining_s, 0.1), check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as exc:
        raise WorkerTimedOut(f"Not finished after {job.timeout_s:g} s.") from exc
    said = done.stderr.decode("utf-8", errors="replace").replace(str(job.scratch), "").strip()
    if done.returncode == _HEAP_EXIT or any(word in said for word in _OUT_OF_MEMORY):
        raise WorkerMemoryExceeded(f"The input needs more than the {heap} MiB that one job may use.")
    if done.returncode or not written.exists():
        raise CorruptFile(f"pandoc does not read this {source} file: {said[:_SAID_CHARS]}")
