"""Reading of text and codes beside RapidOCR alone, Tesseract alone, zxing-cpp alone, pyzbar and OpenCV.

Run from the root: PYTHONPATH=.:deps/servicekit:deps/executor python benchmarks/ocr.py [--codes | --text]
"""

import argparse
import asyncio
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median

import cv2
import numpy as np
import zxingcpp

from dataflowtools.src.drivenadapters.ocr.worker import code_jobs, second_opinion
from dataflowtools.tests.http.ocr import drawn_pages as drawn
from dataflowtools.tests.http.ocr.seeing_client import SeeingClient
from dataflowtools.tests.http_service import running
from dataflowtools.tests.unit.ocr.drawn_codes import drawn_codes

TEXTS = {"zh": drawn.ZH, "en": drawn.EN, "mixed": drawn.MIXED}
LANGUAGES = "chi_sim+eng"


def pictures() -> dict[str, tuple[bytes, str]]:
    """Name, picture and truth."""
    found = {}
    for name, lines in TEXTS.items():
        truth = "".join(lines)
        page = drawn.page(lines)
        found[f"{name} clean"] = drawn.png(page), truth
        found[f"{name} small"] = drawn.png(drawn.page(lines, size=15)), truth
        found[f"{name} noisy"] = drawn.png(drawn.noisy(drawn.blurred(page, 0.8))), truth
        found[f"{name} turned 90"] = drawn.png(page.rotate(90, expand=True)), truth
        found[f"{name} turned 180"] = drawn.png(page.rotate(180, expand=True)), truth
    left = [line[:14] for line in (*drawn.ZH, *drawn.MIXED)]
    right = [line[-13:] for line in (*drawn.ZH, *drawn.MIXED)]
    found["two columns"] = drawn.png(drawn.columns(left, right)), "".join([*left, *right])
    found["vertical"] = drawn.png(drawn.vertical(drawn.VERTICAL)), "".join(drawn.VERTICAL)
    return found


def rapid_alone() -> Callable[[bytes], str]:
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical"})
    return lambda png: "\n".join(engine(png).txts or ())


def tesseract_alone(mode: str) -> Callable[[bytes], str]:
    def read(png: bytes) -> str:
        argv = ["tesseract", "stdin", "stdout", "-l", LANGUAGES, "--psm", mode]
        return subprocess.run(argv, input=png, capture_output=True, check=False).stdout.decode(
            errors="replace"
        )

    return read


async def text() -> None:
    """Accuracy and time for text."""
    rows: dict[str, list[tuple[float, float]]] = {}
    cases = pictures()
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as client:
            seeing = SeeingClient(client)
            await seeing.extract(cases["zh clean"][0])
            for picture, truth in cases.values():
                started = time.perf_counter()
                found = (await seeing.extract(picture))["text"]
                rows.setdefault("/api/ocr/extract", []).append(
                    (time.perf_counter() - started, drawn.accuracy(found, truth))
                )
    peers = {"RapidOCR alone": rapid_alone(), "Tesseract psm 3": tesseract_alone("3")}
    peers["Tesseract psm 1"] = tesseract_alone("1")
    for name, read in peers.items():
        read(cases["zh clean"][0])
        for picture, truth in cases.values():
            started = time.perf_counter()
            found = read(picture)
            rows.setdefault(name, []).append((time.perf_counter() - started, drawn.accuracy(found, truth)))
    print(f"{'text':20} {'median s':>9} {'mean accuracy':>14}   below 0.9")
    for name, results in rows.items():
        low = [case for case, (_, share) in zip(cases, results, strict=True) if share < 0.9]
        print(f"{name:20} {median(s for s, _ in results):9.2f} {mean(a for _, a in results):14.3f}   {low}")


def ours(picture: np.ndarray) -> set[str]:
    return {code["text"] for code in code_jobs.codes_on(picture, retries=True)}


def by_zbar(picture: np.ndarray) -> set[str]:
    from pyzbar import pyzbar

    return {code.data.decode(errors="replace") for code in pyzbar.decode(picture)}


def by_opencv(picture: np.ndarray) -> set[str]:
    try:
        _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(picture)
        linear = cv2.barcode.BarcodeDetector().detectAndDecodeMulti(picture)
    except cv2.error:  # it fails on codes that it half understands
        return set()
    return {*(texts or ()), *(linear[1] or ())} - {""}


def codes() -> None:
    """Codes read, false ones and time."""
    second_opinion.warm_up()
    peers = {
        "/api/ocr/barcode": ours,
        "zxing-cpp alone": lambda picture: {code.text for code in zxingcpp.read_barcodes(picture)},
        "pyzbar": by_zbar,
        "OpenCV": by_opencv,
    }
    every = list(drawn_codes())
    print(f"{'codes':20} {'read of ' + str(len(every)):>12} {'false':>6} {'median ms':>10}")
    for name, read in peers.items():
        right, false, times = 0, 0, []
        for code in every:
            started = time.perf_counter()
            found = read(code.picture)
            times.append(time.perf_counter() - started)
            right += code.text in found
            false += bool(found - {code.text, "0" + code.text})
        print(f"{name:20} {right:12} {false:6} {1000 * median(times):10.1f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codes", action="store_true")
    parser.add_argument("--text", action="store_true")
    asked = parser.parse_args()
    if asked.codes or not asked.text:
        codes()
    if asked.text or not asked.codes:
        asyncio.run(text())


if __name__ == "__main__":
    main()
