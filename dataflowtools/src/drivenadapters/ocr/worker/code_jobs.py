"""Jobs that read codes off a page, and draw codes."""

import base64
from collections import Counter
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from dataflowtools.src.drivenadapters.ocr.worker import second_opinion
from dataflowtools.src.drivenadapters.ocr.worker.code_attempts import (
    Attempt,
    Back,
    attempts,
    further_looks,
    plain_looks,
)
from dataflowtools.src.drivenadapters.ocr.worker.page_jobs import describe, load_page
from dataflowtools.src.drivenadapters.ocr.worker.symbologies import is_wanted, readable
from dataflowtools.src.drivenadapters.workers.job import Job

Grey = NDArray[np.uint8]
_MAX_CODES = 200
_SLACK_PX = 12
_SHARE = 0.6
_FULL_SHARE = 0.3
_WEAK = {  # linear codes with little or no check: noise that was worked on until it reads is no code
    zxingcpp.BarcodeFormat.ITF, zxingcpp.BarcodeFormat.Codabar, zxingcpp.BarcodeFormat.Code39,
    zxingcpp.BarcodeFormat.Code39Std, zxingcpp.BarcodeFormat.Code39Ext, zxingcpp.BarcodeFormat.Telepen,
    zxingcpp.BarcodeFormat.TelepenAlpha, zxingcpp.BarcodeFormat.TelepenNumeric,
    zxingcpp.BarcodeFormat.DXFilmEdge, zxingcpp.BarcodeFormat.Code32, zxingcpp.BarcodeFormat.PZN,
    zxingcpp.BarcodeFormat.OtherBarcode,
    zxingcpp.BarcodeFormat.Code93, zxingcpp.BarcodeFormat.DataBarLtd,
}  # fmt: skip
_RETAIL = {"EAN13", "EAN8", "UPCA", "UPCE"}
_SHORT = {"EAN8", "UPCE"}  # seen twice or not at all: a few bars of something else look like them


def read_codes(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Read every code of one page of a picture or a PDF."""
    formats = readable(arguments.get("formats") or ())
    page = load_page(job, arguments)
    pixels = page["pixels"]
    grey = pixels.array if pixels.array.ndim == 2 else cv2.cvtColor(pixels.array, cv2.COLOR_BGR2GRAY)  # noqa: PLR2004  # grey
    codes = codes_on(grey, factor=pixels.factor, formats=formats, retries=bool(arguments["retries"]))
    return describe(page) | {"codes": codes, "second_opinion": second_opinion.is_there()}


def codes_on(
    grey: Grey, *, factor: float = 1.0, formats: frozenset[str] = frozenset(), retries: bool
) -> list[dict[str, Any]]:
    """Find the codes on a grey picture that is `factor` times smaller than the page."""
    found = _Codes(factor, formats, page_area=grey.size * factor**2)
    if grey.min() != grey.max():
        _read_all(grey, found, retries=retries)
    return found.codes


class _Codes:
    """What was found so far: each code once, however many passes saw it."""

    def __init__(self, factor: float, wanted: frozenset[str], *, page_area: float) -> None:
        self._page_area = page_area
        self.codes: list[dict[str, Any]] = []
        self._doubtful: list[dict[str, Any]] = []
        self._factor = factor
        self._wanted = wanted

    def add(self, code: dict[str, Any], back: Back, *, doubtful: bool) -> None:
        """Keep a code unless it is there already; `back` leads from the pass's pixels to the page's."""
        polygon = np.array(code["polygon"]) @ back[:, :2].T + back[:, 2]
        code["polygon"] = [
            [round(float(x) * self._factor, 1), round(float(y) * self._factor, 1)] for x, y in polygon
        ]
        if self._wanted and not is_wanted(code["format"], code["family"], code["text"], self._wanted):
            return
        if doubtful and code["format"] in _RETAIL:
            self._doubtful.append(code)
        elif len(self.codes) < _MAX_CODES and not any(_same(code, other) for other in self.codes):
            self.codes.append(code)

    def settle(self) -> None:
        """Take what most passes say where one check digit is all that vouches for a code."""
        votes = self._votes()
        longer = {_number(code) for code in self._doubtful if code["format"] not in _SHORT}
        for number, count in sorted(votes.items(), key=lambda vote: (vote[0] not in longer, -vote[1])):
            code = next(code for code in self._doubtful if _number(code) == number)
            sure = count > 1 or (len(votes) == 1 and code["format"] not in _SHORT)
            if sure and not any(_overlap(code, other) for other in self.codes):
                self.codes.append(code)

    def _votes(self) -> Counter[str]:
        return Counter(map(_number, self._doubtful))

    @property
    def found(self) -> bool:
        """Whether there is a code, and no doubt about it."""
        votes = self._votes()
        return bool(self.codes) or (len(votes) == 1 and votes.total() > 1)

    @property
    def leave_room(self) -> bool:
        """Whether the page has room for more codes beside those that were found."""
        areas = [float(np.prod(np.ptp(np.array(code["polygon"]), axis=0))) for code in self.codes]
        return sum(areas) < _FULL_SHARE * self._page_area

    @property
    def lacks_retail(self) -> bool:
        """Whether an EAN or UPC is wanted and none is there."""
        wanted = not self._wanted or bool(self._wanted & (_RETAIL | {"EANUPC"}))
        return wanted and not any(code["format"] in _RETAIL for code in self.codes)


def _read_all(grey: Grey, found: _Codes, *, retries: bool) -> None:
    _read(Attempt(grey), found, weak=True)
    if retries:
        _look_again(grey, found)
        if found.lacks_retail and found.leave_room:
            _ask_another(grey, found)
    found.settle()


def _look_again(grey: Grey, found: _Codes) -> None:
    if found.codes:
        for attempt in further_looks(grey) if found.leave_room else ():
            _read(attempt, found, weak=False)
        return
    for attempt in attempts(grey):
        _read(attempt, found, weak=False)
        if found.found:
            return


def _ask_another(grey: Grey, found: _Codes) -> None:
    for attempt in plain_looks(grey):
        for code in second_opinion.read(attempt.picture):
            found.add(code, attempt.back, doubtful=True)


def _read(attempt: Attempt, found: _Codes, *, weak: bool) -> None:
    picture = np.ascontiguousarray(attempt.picture)
    plain = zxingcpp.TextMode.Plain
    for code in zxingcpp.read_barcodes(picture, text_mode=plain, binarizer=attempt.binarizer):
        if code.valid and (weak or code.format not in _WEAK):
            known = _described(code)
            found.add(known, attempt.back, doubtful=not weak or known["format"] in _SHORT)


def _described(code: Any) -> dict[str, Any]:
    corners = (
        code.position.top_left, code.position.top_right, code.position.bottom_right, code.position.bottom_left,
    )  # fmt: skip
    extra = dict(code.extra or {})
    return {
        "text": code.text,
        "bytes": base64.b64encode(code.bytes).decode(),
        "format": code.format.name,
        "family": code.symbology.name,
        "content": code.content_type.name,
        "identifier": code.symbology_identifier,
        "level": code.ec_level,
        "eci": extra.get("ECI"),
        "extra": {
            name: value for name, value in extra.items() if isinstance(value, str | int | float | bool)
        },
        "orientation": code.orientation,
        "polygon": [[float(corner.x), float(corner.y)] for corner in corners],
        "reader": "zxing-cpp",
    }


def _number(code: dict[str, Any]) -> str:
    """The number that a retail code stands for; readers write the zeros before it in their own ways."""
    return str(code["text"]).lstrip("0")


def _same(code: dict[str, Any], other: dict[str, Any]) -> bool:
    """Same place, and same content or a linear misreading of it; EAN-13 and UPC-A write one code in two ways."""
    if not _overlap(code, other):
        return False
    return bool(code["text"].lstrip("0") == other["text"].lstrip("0") or code["family"] == other["family"])


def _overlap(code: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the boxes around two codes cover each other in part; a line's box is given some height."""
    here, there = np.array(code["polygon"]), np.array(other["polygon"])
    low = np.maximum(here.min(axis=0), there.min(axis=0)) - _SLACK_PX
    high = np.minimum(here.max(axis=0), there.max(axis=0)) + _SLACK_PX
    return bool((high - low > 2 * _SLACK_PX * _SHARE).all())
