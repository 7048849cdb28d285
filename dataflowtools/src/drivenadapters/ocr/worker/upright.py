"""Turning a page upright: quarter turns as told, the skew that is left, and the way back for boxes."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dataflowtools.src.drivenadapters.ocr.worker.page_jobs import as_array, as_png
from dataflowtools.src.drivenadapters.ocr.worker.ruled_tables import ruled_tables
from dataflowtools.src.drivenadapters.workers.job import Job

_PROBE_SIDE = 900
_COARSE_DEGREES = np.arange(-20.0, 20.5, 1.0)
_FINE_DEGREES = np.arange(-1.0, 1.05, 0.1)
_LEAST_SKEW_DEGREES = 0.4
_LEAST_GAIN = 1.08
_QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_LEAST_INK = 200
_LEAST_SIDE = 32


def make_upright(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn clockwise by quarters, straighten, and find ruled tables; the blob is left out when nothing moved."""
    page = as_array(job.files[0].read())
    turn = int(arguments["turn"])
    turned = cv2.rotate(page, _QUARTERS[turn]).astype(np.uint8, copy=False) if turn else page
    skew = find_skew(turned) if arguments["deskew"] else 0.0
    back = _quarter_back(turn, page.shape[1], page.shape[0])
    if skew:
        turned, straight_back = _straighten(turned, skew)
        back = _compose(back, straight_back)
    if turn or skew:
        job.blobs.append(as_png(np.ascontiguousarray(turned)))
    return {
        "skew": round(skew, 2),
        "back": back.tolist(),
        "width": int(turned.shape[1]),
        "height": int(turned.shape[0]),
        "tables": ruled_tables(turned) if arguments["tables"] else [],
    }


def find_skew(page: NDArray[np.uint8]) -> float:
    """Degrees that the page must be turned counter-clockwise by for its lines, or columns, to stand straight."""
    if min(page.shape[:2]) * min(1.0, _PROBE_SIDE / max(page.shape[:2])) < _LEAST_SIDE:
        return 0.0
    ink = _ink(page)
    if int(ink.sum()) < _LEAST_INK:
        return 0.0
    best, best_score, still = 0.0, 0.0, 1e-9
    for along in (ink, np.ascontiguousarray(ink.T[:, ::-1])):  # rows, then columns as rows
        scores = {float(angle): _sharpness(along, float(angle)) for angle in _COARSE_DEGREES}
        coarse = max(scores, key=lambda angle: scores[angle])
        fine = {coarse + float(step): _sharpness(along, coarse + float(step)) for step in _FINE_DEGREES}
        angle = max(fine, key=lambda angle: fine[angle])
        if fine[angle] > best_score:
            best, best_score, still = angle, fine[angle], scores[0.0]
    if abs(best) < _LEAST_SKEW_DEGREES or best_score < _LEAST_GAIN * still:
        return 0.0
    return best if abs(best) < abs(_COARSE_DEGREES[0]) else 0.0


def _ink(page: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = page if page.ndim == 2 else cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)  # noqa: PLR2004  # grey
    scale = _PROBE_SIDE / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if dark.mean() > 0.5:  # noqa: PLR2004  # light text on a dark ground
        dark = 1 - dark
    return dark.astype(np.float32)


def _sharpness(ink: NDArray[np.float32], degrees: float) -> float:
    """How much neighbouring rows differ when the page is turned so: text lines make it jump."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    rows = cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_NEAREST).sum(axis=1)
    return float(np.square(np.diff(rows)).sum())


def _straighten(page: NDArray[np.uint8], degrees: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    new_width, new_height = int(height * sine + width * cosine), int(height * cosine + width * sine)
    matrix[0, 2] += (new_width - width) / 2
    matrix[1, 2] += (new_height - height) / 2
    edge = [int(value) for value in np.atleast_1d(np.median(page, axis=(0, 1)))]
    straight = cv2.warpAffine(page, matrix, (new_width, new_height), flags=cv2.INTER_CUBIC, borderValue=edge)
    return straight.astype(np.uint8), np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)


def _quarter_back(turn: int, width: int, height: int) -> NDArray[np.float64]:
    """Map a point of the turned page to the page as it was."""
    rows = {
        0: [[1, 0, 0], [0, 1, 0]],
        90: [[0, 1, 0], [-1, 0, height]],
        180: [[-1, 0, width], [0, -1, height]],
        270: [[0, -1, width], [1, 0, 0]],
    }[turn]
    return np.array(rows, dtype=np.float64)


def _compose(outer: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    full = np.vstack([inner, [0, 0, 1]])
    return np.asarray(outer @ full, dtype=np.float64)
