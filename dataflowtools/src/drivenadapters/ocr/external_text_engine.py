"""The external OCR engine at OCR_SERVICE_URL; docs/ocr.md is its contract."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from dataflowtools.src.errors import OcrServiceUnavailable
from dataflowtools.src.logics.ocr.model import Line, Quad, Rect, Word
from dataflowtools.src.logics.ocr.ports.text_engine import TextEngine

_PATH = "/v1/recognise"
_MAX_REPLY_BYTES = 32 << 20
_MAX_LINES = 20_000
_CORNERS = 4
_OK = 200


class ExternalTextEngine(TextEngine):
    """Sends pages as PNG and reads lines as JSON."""

    name = "external"

    def __init__(self, base_url: str, *, timeout_s: float, concurrency: int = 4) -> None:
        self._url = base_url.rstrip("/") + _PATH
        self._timeout_s = timeout_s
        self._http = SimpleAsyncHTTPClient(
            force_instance=True, max_clients=concurrency, max_body_size=_MAX_REPLY_BYTES
        )

    def prepare(self) -> None:
        """There is nothing to load."""

    async def languages(self) -> frozenset[str]:
        """It is asked for any language and answers what it can."""
        return frozenset()

    async def recognise(
        self, png: bytes, *, languages: Sequence[str], flips: bool, dpi: float | None
    ) -> list[Line]:
        query = {"languages": ",".join(languages), "flips": str(flips).lower()}
        if dpi is not None:
            query["dpi"] = str(round(dpi))
        reply = await self._send(f"{self._url}?{urlencode(query)}", png)
        try:
            found = json.loads(reply.body)["lines"]
            return [_line(one) for one in found[:_MAX_LINES]]
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise OcrServiceUnavailable("its reply is not what the contract says") from exc

    async def _send(self, url: str, png: bytes) -> HTTPResponse:
        try:
            reply = await self._http.fetch(
                url, method="POST", body=png, raise_error=False, follow_redirects=False,
                headers={"Content-Type": "image/png", "Accept": "application/json"},
                connect_timeout=min(5.0, self._timeout_s), request_timeout=self._timeout_s,
            )  # fmt: skip
        except (OSError, HTTPClientError) as exc:
            raise OcrServiceUnavailable("it does not answer") from exc
        if reply.code != _OK:
            raise OcrServiceUnavailable(f"it answers with status {reply.code}")
        return reply

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _line(found: Mapping[str, Any]) -> Line:
    words = [
        Word(str(word["text"]), _share(word.get("confidence", 1.0)), _quad(word["box"]))
        for word in found.get("words") or ()
    ]
    return Line(str(found["text"]), _share(found.get("confidence", 1.0)), _quad(found["box"]), words)


def _share(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return min(1.0, max(0.0, number))


def _quad(points: Any) -> Quad:
    """Four corners, or left, top, right, bottom."""
    if len(points) == _CORNERS and not isinstance(points[0], list):
        return Rect(*(_number(side) for side in points)).quad
    first, second, third, fourth = ((_number(x), _number(y)) for x, y in points)
    return first, second, third, fourth


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number
