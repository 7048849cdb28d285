"""Jobs of PP-OCR: lines with words from an upright page, and a guess at how a page is turned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR
from rapidocr.ch_ppocr_rec.typings import TextRecInput

from dataflowtools.src.drivenadapters.ocr.worker.page_jobs import as_array
from dataflowtools.src.drivenadapters.workers.job import Job

Array = NDArray[np.uint8]
_THREADS = 2
_LEAST_SIDE = 8
_SMALL_SIDE, _SMALL_LIMIT = 1100, 736
_LARGE_LIMIT = 1280
_LONG = 4.0
_TILE_OVERLAP = 160
_PAD = 32
_TALL = 1.5
_PROBES = 10
_SURE_ALONE = 0.85
_CJK = 0.7
_MARGIN = 0.15
_CLEAR_LEAD = 0.2
_IDEOGRAPHS_TELL = 0.4
_engines: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Found:
    """One recognised line in the pixels of its tile."""

    text: str
    confidence: float
    quad: list[list[float]]
    words: list[dict[str, Any]]


def warm_up() -> None:
    """Load the models and run them once."""
    picture = np.full((64, 320, 3), 255, np.uint8)
    cv2.putText(picture, "warm up", (20, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
    _engine()(picture)


def _engine() -> Any:
    if "rapid" not in _engines:
        params = {
            "Global.log_level": "critical",
            "Global.use_cls": True,
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        _engines["rapid"] = RapidOCR(params=params)
    return _engines["rapid"]


def recognise(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Recognise the lines of a page that stands upright; `flips` lets single lines be turned by 180 degrees."""
    page = as_array(job.files[0].read(), cv2.IMREAD_COLOR)
    if min(page.shape[:2]) < _LEAST_SIDE:
        return {"lines": []}
    flips = bool(arguments.get("flips"))
    lines: list[dict[str, Any]] = []
    for tile, start, core, vertical in _tiles(page):
        for found in _read_tile(tile, flips=flips):
            middle = sum(point[0 if vertical else 1] for point in found.quad) / 4 + start
            if core[0] <= middle < core[1]:
                lines.append(_moved(found, start, vertical=vertical))
    return {"lines": lines}


def _tiles(page: Array) -> list[tuple[Array, int, tuple[float, float], bool]]:
    """Cut very long pictures across, overlapping; each line belongs to the tile whose core holds its middle."""
    height, width = page.shape[:2]
    short, long = min(height, width), max(height, width)
    size = max(int(_LONG * short), 1200)
    sideways = width > height
    if long <= size * 1.25 or (sideways and short < 4 * _PAD):
        return [(page, 0, (-1e9, 1e9), False)]
    tiles = []
    step = size - _TILE_OVERLAP
    starts = list(range(0, max(1, long - _TILE_OVERLAP), step))
    for start in starts:
        end = min(long, start + size)
        tile = page[:, start:end] if sideways else page[start:end]
        low = -1e9 if start == 0 else start + _TILE_OVERLAP / 2
        high = 1e9 if end == long else end - _TILE_OVERLAP / 2
        tiles.append((np.ascontiguousarray(tile), start, (low, high), sideways))
        if end == long:
            break
    return tiles


def _read_tile(tile: Array, *, flips: bool) -> list[_Found]:
    engine = _engine()
    _choose_scale(engine, tile)
    found = _lines(engine(tile, use_det=True, use_cls=flips, use_rec=True, return_word_box=True), 0)
    if found:
        return found
    padded = _padded(tile)
    found = _lines(engine(padded, use_det=True, use_cls=flips, use_rec=True, return_word_box=True), _PAD)
    return found or _whole_line(engine, tile, flips=flips)


def _choose_scale(engine: Any, tile: Array) -> None:
    """Small busy pictures are enlarged, large pages are shrunk, long lines are left alone."""
    height, width = tile.shape[:2]
    detector = engine._load_det_model()  # noqa: SLF001  # the library offers no way to set the scale of one call
    if max(height, width) <= _SMALL_SIDE and max(height, width) <= _LONG / 2 * min(height, width):
        detector.limit_type, detector.limit_side_len = "min", _SMALL_LIMIT
    else:
        detector.limit_type, detector.limit_side_len = "max", _LARGE_LIMIT


def _padded(tile: Array) -> Array:
    ground = [int(value) for value in np.median(tile, axis=(0, 1))]
    return np.asarray(
        cv2.copyMakeBorder(tile, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_CONSTANT, value=ground), dtype=np.uint8
    )


def _whole_line(engine: Any, tile: Array, *, flips: bool) -> list[_Found]:
    """Read a picture without a detected box as one line, when it can be one."""
    height, width = tile.shape[:2]
    if width < height or float(tile.std()) < 4:  # noqa: PLR2004  # as good as blank
        return []
    result: Any = engine(tile, use_det=False, use_cls=flips, use_rec=True, return_word_box=False)
    text, score = (result.txts or ("",))[0].strip(), float((result.scores or (0,))[0])
    if not text or score < _SURE_ALONE:
        return []
    quad = [[0.0, 0.0], [float(width), 0.0], [float(width), float(height)], [0.0, float(height)]]
    return [_Found(text, score, quad, [])]


def _lines(result: Any, pad: int) -> list[_Found]:
    texts, scores = getattr(result, "txts", None) or (), getattr(result, "scores", None) or ()
    boxes = getattr(result, "boxes", None)
    if boxes is None or not len(texts):
        return []
    words = result.word_results if len(result.word_results or ()) == len(texts) else [()] * len(texts)
    return [
        _Found(
            text.strip(), float(score), _tightened(_shifted(box, pad)), [_word(word, pad) for word in found]
        )
        for text, score, box, found in zip(texts, scores, boxes, words, strict=True)
        if text.strip()
    ]


def _tightened(quad: list[list[float]]) -> list[list[float]]:
    """Take off the margin that the detector puts around letters, so that narrow gutters show."""
    corners = np.array(quad)
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    width, height = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    if min(width, height) < 1:
        return quad
    margin = _MARGIN * min(width, height)
    along, below = across / width * margin, down / height * margin * (1 if height > width else 0.6)
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    inner = corners + signs[:, :1] * along + signs[:, 1:] * below
    return [[round(float(x), 1), round(float(y), 1)] for x, y in inner]


def _word(found: Sequence[Any], pad: int) -> dict[str, Any]:
    text, score, box = found
    return {"text": text, "confidence": round(float(score), 4), "quad": _shifted(box, pad)}


def _shifted(box: Any, pad: int) -> list[list[float]]:
    return [[round(float(x) - pad, 1), round(float(y) - pad, 1)] for x, y in box]


def _moved(found: _Found, start: int, *, vertical: bool) -> dict[str, Any]:
    dx, dy = (start, 0) if vertical else (0, start)

    def shift(quad: list[list[float]]) -> list[list[float]]:
        return [[x + dx, y + dy] for x, y in quad]

    words = [word | {"quad": shift(word["quad"])} for word in found.words]
    return {
        "text": found.text,
        "confidence": round(found.confidence, 4),
        "quad": shift(found.quad),
        "words": words,
    }


def guess_turn(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Guess the clockwise quarter turn that makes a page upright, by trying its largest lines both ways up."""
    del arguments
    page = as_array(job.files[0].read(), cv2.IMREAD_COLOR)
    if min(page.shape[:2]) < _LEAST_SIDE:
        return {"turn": 0, "confidence": 0.0}
    engine = _engine()
    padded = _padded(page)
    _choose_scale(engine, padded)
    boxes = engine._load_det_model()(padded).boxes  # noqa: SLF001  # detection alone is not offered with crops
    if boxes is None or not len(boxes):
        return {"turn": 0, "confidence": 0.0}
    largest = sorted(boxes, key=_extent, reverse=True)[:_PROBES]
    tall = [_is_tall(box) for box in largest]
    crops = engine.crop_text_regions(padded, np.array(largest))
    return _decide(engine, crops, standing=bool(sum(tall) * 2 > len(tall)))


def _decide(engine: Any, crops: Sequence[Array], *, standing: bool) -> dict[str, Any]:
    """Text that is upright, or lies as tall lines do, is read with more confidence than upside down.

    Ideographs are read lying on their side as well, so that of them a picture tells less.
    """
    as_is, texts = _readable(engine, crops)
    flipped, _ = _readable(engine, [np.ascontiguousarray(np.rot90(crop, 2)) for crop in crops])
    classify = engine._load_cls_model()  # noqa: SLF001  # see above
    votes = classify([crop.copy() for crop in crops]).cls_res or []
    balance = sum(score if label == "0" else -score for label, score in votes) / max(1, len(votes))
    upright = float((as_is - flipped) * 4 + balance)
    joined = "".join(texts)
    ideographs = sum("\u3400" <= letter <= "\u9fff" for letter in joined)
    mostly = bool(joined) and ideographs / len(joined) > _CJK
    if standing and mostly:  # vertical columns, most likely: their characters stand upright
        return {"turn": 0, "confidence": 0.0}
    confidence = 0.0 if abs(upright) < _CLEAR_LEAD else _IDEOGRAPHS_TELL if mostly else 1.0
    turns = (270, 90) if standing else (0, 180)
    return {"turn": turns[0] if upright >= 0 else turns[1], "confidence": confidence}


def _readable(engine: Any, crops: Sequence[Array]) -> tuple[float, list[str]]:
    result = engine._load_rec_model()(TextRecInput(img=list(crops), return_word_box=False))  # noqa: SLF001  # see above
    scores = result.scores or ()
    return sum(scores) / max(1, len(scores)), list(result.txts or ())


def _extent(box: Any) -> float:
    return float(max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[1] - box[2])))


def _is_tall(box: Any) -> bool:
    across, down = float(np.linalg.norm(box[0] - box[1])), float(np.linalg.norm(box[1] - box[2]))
    return down > _TALL * across
