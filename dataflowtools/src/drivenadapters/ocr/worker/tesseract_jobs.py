"""Jobs of the Tesseract program: orientation, and lines with words."""

import csv
import io
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import cv2

from dataflowtools.src.drivenadapters.ocr.worker.page_jobs import as_array, as_png
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import CorruptFile, EngineMissing, WorkerTimedOut

_PROGRAM = "tesseract"
_OSD_SIDE = 1800
_WORD_LEVEL = "5"
_LANGUAGE = re.compile(r"[A-Za-z]{3}(_[A-Za-z]{1,12}){0,3}")


def languages(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """List the installed language packs; none where the program is missing."""
    del arguments
    if shutil.which(_PROGRAM) is None:
        return {"languages": [], "installed": False}
    said = _run(job, ["--list-langs"], b"").stdout.decode(errors="replace")
    names = [line.strip() for line in said.splitlines()[1:]]
    return {"languages": [name for name in names if _LANGUAGE.fullmatch(name)], "installed": True}


def orientation(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Find the clockwise turn that makes a page upright; not sure where there are too few characters."""
    del arguments
    page = as_array(job.files[0].read(), cv2.IMREAD_GRAYSCALE)
    scale = _OSD_SIDE / max(page.shape)
    if scale < 1:
        page = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]  # the stub says more than uint8
    done = _run(job, ["stdin", "stdout", "--psm", "0", "--dpi", "150"], as_png(page))
    said = dict(
        line.split(":", 1) for line in done.stdout.decode(errors="replace").splitlines() if ":" in line
    )
    if done.returncode != 0 or "Rotate" not in said:
        return {"found": False}
    confidence = float(said.get("Orientation confidence", "0"))
    return {"found": True, "turn": int(said["Rotate"]) % 360, "confidence": confidence}


def recognise(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Recognise the lines of an upright page."""
    names = "+".join(arguments["languages"])
    page = as_png(as_array(job.files[0].read(), cv2.IMREAD_UNCHANGED))
    dpi = str(int(arguments.get("dpi") or 150))
    done = _run(job, ["stdin", "stdout", "-l", names, "--psm", "3", "--dpi", dpi, "tsv"], page)
    if done.returncode != 0:
        raise CorruptFile("Tesseract cannot read this page.", field="/file")
    return {"lines": _lines(done.stdout.decode(errors="replace"))}


def _run(job: Job, arguments: list[str], data: bytes) -> "subprocess.CompletedProcess[bytes]":
    environment = dict(os.environ) | {"OMP_THREAD_LIMIT": "1"}
    try:
        return subprocess.run(
            [_PROGRAM, *arguments], input=data, capture_output=True, check=False,
            timeout=max(0.1, job.remaining_s - 0.2), env=environment, cwd=job.scratch,
        )  # fmt: skip
    except FileNotFoundError as exc:
        raise EngineMissing("Tesseract is not installed here.") from exc
    except subprocess.TimeoutExpired as exc:
        raise WorkerTimedOut("Tesseract did not end in time.") from exc


def _lines(table: str) -> list[dict[str, Any]]:
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    grouped: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        if row["level"] != _WORD_LEVEL or not (row["text"] or "").strip():
            continue
        place = (row["block_num"], row["par_num"], row["line_num"])
        grouped.setdefault(place, []).append(_word(row))
    return [_line(words) for words in grouped.values()]


def _word(row: Mapping[str, str]) -> dict[str, Any]:
    left, top = float(row["left"]), float(row["top"])
    right, bottom = left + float(row["width"]), top + float(row["height"])
    quad = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {"text": row["text"].strip(), "confidence": max(0.0, float(row["conf"])) / 100, "quad": quad}


def _line(words: list[dict[str, Any]]) -> dict[str, Any]:
    xs = [x for word in words for x, _ in word["quad"]]
    ys = [y for word in words for _, y in word["quad"]]
    quad = [[min(xs), min(ys)], [max(xs), min(ys)], [max(xs), max(ys)], [min(xs), max(ys)]]
    text = words[0]["text"]
    for before, word in pairwise(words):
        gap = word["quad"][0][0] - before["quad"][1][0]
        height = word["quad"][3][1] - word["quad"][0][1]
        tight = _is_wide(before["text"][-1]) and _is_wide(word["text"][0]) and gap < height
        text += word["text"] if tight else " " + word["text"]
    weight = sum(len(word["text"]) for word in words)
    confidence = sum(word["confidence"] * len(word["text"]) for word in words) / weight
    return {"text": text, "confidence": round(confidence, 4), "quad": quad, "words": words}


def _is_wide(letter: str) -> bool:
    return "\u2e80" <= letter <= "\u9fff" or "\uff00" <= letter <= "\uffef"
