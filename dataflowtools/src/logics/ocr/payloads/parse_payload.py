"""What a code says, as data: the kind of payload and its fields; nothing is opened, called or run."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from dataflowtools.src.logics.ocr.payloads.cards import parse_event, parse_mecard, parse_vcard
from dataflowtools.src.logics.ocr.payloads.check_digits import has_check_digit
from dataflowtools.src.logics.ocr.payloads.gs1 import parse_gs1
from dataflowtools.src.logics.ocr.payloads.links import (
    parse_geo,
    parse_mail,
    parse_matmsg,
    parse_sms,
    parse_tel,
    parse_uri,
)
from dataflowtools.src.logics.ocr.payloads.wifi import parse_wifi

Payload = Mapping[str, Any]
_RETAIL = {"EAN13", "EAN8", "UPCA", "UPCE", "ISBN", "EANUPC", "ITF14"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}:")
_PARSERS: tuple[tuple[str, Callable[[str], Payload | None]], ...] = (
    ("begin:vcard", parse_vcard),
    ("begin:vevent", parse_event),
    ("begin:vcalendar", parse_event),
    ("mecard:", parse_mecard),
    ("wifi:", parse_wifi),
    ("mailto:", parse_mail),
    ("matmsg:", parse_matmsg),
    ("tel:", parse_tel),
    ("sms:", parse_sms),
    ("smsto:", parse_sms),
    ("mms:", parse_sms),
    ("mmsto:", parse_sms),
    ("geo:", parse_geo),
)


def parse_payload(text: str, *, code_format: str = "", content: str = "", data: bytes = b"") -> Payload:
    """Tell the kind of a payload and its fields; what fits no kind is plain text."""
    if content == "GS1":
        return parse_gs1(text, data) or {"kind": "text"}
    if code_format in _RETAIL and text.isdecimal():
        return {"kind": "product", "number": text, "valid": has_check_digit(text)}
    start = text.lstrip()[:16].lower()
    for prefix, parse in _PARSERS:
        if start.startswith(prefix):
            return parse(text.strip()) or {"kind": "text"}
    if _SCHEME.match(start) or start.startswith("www."):
        return parse_uri(text.strip()) or {"kind": "text"}
    return {"kind": "text"}
