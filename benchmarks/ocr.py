"""Reading of text and codes beside RapidOCR alone, Tesseract alone, zxing-cpp alone, pyzbar and OpenCV.

Pages and codes are drawn with known text; where ../shared/data is there, real codes are counted too.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "deps/servicekit"),
    str(ROOT / "deps/executor"),
    str(ROOT / "deps/rowkit"),
]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import zxingcpp  # noqa: E402

from dataflowtools.src.drivenadapters.ocr.worker import code_jobs, second_opinion  # noqa: E402
from dataflowtools.tests.http.ocr import drawn_pages as drawn  # noqa: E402
from dataflowtools.tests.http.ocr.seeing_client import SeeingClient  # noqa: E402
from dataflowtools.tests.http_service import running  # noqa: E402
from dataflowtools.tests.unit.ocr.drawn_codes import drawn_codes  # noqa: E402

TEXTS = {"zh": drawn.ZH, "en": drawn.EN, "mixed": drawn.MIXED}
LANGUAGES = "chi_sim+eng"
GOOD = 0.9
SAMPLES = ROOT.parent / "shared" / "data" / "barcodes"
PICTURES = (".png", ".jpg", ".webp", ".gif")


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


async def ours_on_text(cases: dict[str, tuple[bytes, str]]) -> list[tuple[float, float]]:
    """Time and accuracy of every page over HTTP, by warm engines."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as client:
            seeing = SeeingClient(client)
            await seeing.extract(cases["zh clean"][0])
            for picture, truth in cases.values():
                started = time.perf_counter()
                found = (await seeing.extract(picture))["text"]
                results.append((time.perf_counter() - started, drawn.accuracy(found, truth)))
    return results


def peer_on_text(
    read: Callable[[bytes], str], cases: dict[str, tuple[bytes, str]]
) -> list[tuple[float, float]]:
    """Time and accuracy of every page by an engine alone, warm too."""
    read(cases["zh clean"][0])
    results = []
    for picture, truth in cases.values():
        started = time.perf_counter()
        found = read(picture)
        results.append((time.perf_counter() - started, drawn.accuracy(found, truth)))
    return results


def text() -> dict[str, Any]:
    """Accuracy and time for text."""
    cases = pictures()
    rows = {"/api/ocr/extract": asyncio.run(ours_on_text(cases))}
    peers = {"RapidOCR alone": rapid_alone(), "Tesseract psm 3": tesseract_alone("3")}
    peers["Tesseract psm 1"] = tesseract_alone("1")
    rows |= {name: peer_on_text(read, cases) for name, read in peers.items()}
    report = {}
    print(f"{'text':20} {'median s':>9} {'mean accuracy':>14}   below 0.9")
    for name, results in rows.items():
        low = [case for case, (_, share) in zip(cases, results, strict=True) if share < GOOD]
        seconds, share = median(s for s, _ in results), mean(a for _, a in results)
        print(f"{name:20} {seconds:9.2f} {share:14.3f}   {low}", flush=True)
        report[name] = {"median_s": round(seconds, 3), "mean_accuracy": round(share, 4), "below_0.9": low}
    return {"pages": len(cases), **report}


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


def codes() -> dict[str, Any]:
    """Codes read, false ones and time, on drawn codes and on real samples."""
    second_opinion.warm_up()
    peers = {
        "/api/ocr/barcode": ours,
        "zxing-cpp alone": lambda picture: {code.text for code in zxingcpp.read_barcodes(picture)},
        "pyzbar": by_zbar,
        "OpenCV": by_opencv,
    }
    sets = {"drawn": [(code.picture, code.text) for code in drawn_codes()], "real": list(samples())}
    report: dict[str, Any] = {}
    for kind, every in sets.items():
        if not every:
            continue
        print(f"{kind + ' codes':20} {'read of ' + str(len(every)):>12} {'false':>6} {'median ms':>10}")
        for name, read in peers.items():
            right, false, times = 0, 0, []
            for picture, truth in every:
                started = time.perf_counter()
                found = read(picture)
                times.append(time.perf_counter() - started)
                right += truth in found
                false += bool(found - {truth, "0" + truth})
            milliseconds = 1000 * median(times)
            print(f"{name:20} {right:12} {false:6} {milliseconds:10.1f}", flush=True)
            report.setdefault(kind, {"codes": len(every)})[name] = {
                "read": right, "false": false, "median_ms": round(milliseconds, 1),
            }  # fmt: skip
    return report


def samples() -> Iterator[tuple[np.ndarray, str]]:
    """Real pictures with the text of their code beside them."""
    for truth in sorted(SAMPLES.glob("*/*.txt")) if SAMPLES.is_dir() else ():
        found = [path for path in truth.parent.glob(f"{truth.stem}.*") if path.suffix in PICTURES]
        if found and not truth.name.endswith(".result.txt"):
            picture = cv2.imread(str(found[0]), cv2.IMREAD_GRAYSCALE)
            if picture is not None:
                yield picture, truth.read_text(encoding="utf-8", errors="replace")


def measure() -> dict[str, Any]:
    """Run all and return the figures."""
    return {"codes": codes(), "text": text()}


if __name__ == "__main__":
    measure()
