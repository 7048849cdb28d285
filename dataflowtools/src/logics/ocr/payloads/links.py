"""Addresses of the web, mail, telephones and places."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from dataflowtools.src.logics.ocr.payloads.escaped import escaped_fields

_WEB = {"http", "https"}
_MAX_PARAMETERS = 100
_NUMBER = re.compile(r"[+\d][\d\-.() *#]{0,40}")
_SCRIPTS = {"javascript", "vbscript", "data", "file", "blob"}
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")


def parse_uri(text: str) -> Mapping[str, Any] | None:
    """A web address with its parts; any other scheme is only named, and flagged when it may run something."""
    if text.lower().startswith("www."):
        text = "http://" + text
    scheme = text.partition(":")[0].lower()
    if scheme not in _WEB:
        return None if _UNSAFE.search(text) and scheme not in _SCRIPTS else _other(scheme, text)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS))
    except ValueError:
        return None
    if not host or _UNSAFE.search(text):
        return None
    return {
        "kind": "url", "url": text, "scheme": scheme, "host": host, "port": port,
        "path": parts.path, "query": query, "has_credentials": parts.username is not None,
    }  # fmt: skip


def _other(scheme: str, text: str) -> Mapping[str, Any]:
    return {"kind": "uri", "uri": text, "scheme": scheme, "runs_code": scheme in _SCRIPTS}


def parse_mail(text: str) -> Mapping[str, Any] | None:
    """RFC 6068."""
    address, _, query = text[len("mailto:") :].partition("?")
    fields = _fields(query)
    to = [unquote(one).strip() for one in address.split(",") if one.strip()]
    to += [one.strip() for one in fields.get("to", "").split(",") if one.strip()]
    if not to and not fields:
        return None
    return {
        "kind": "mail", "to": to, "cc": _listed(fields, "cc"), "bcc": _listed(fields, "bcc"),
        "subject": fields.get("subject", ""), "body": fields.get("body", ""),
    }  # fmt: skip


def _fields(query: str) -> dict[str, str]:
    """Parameters of mail and message links, in which a plus is a plus."""
    pairs = (part.partition("=") for part in query.split("&")[:_MAX_PARAMETERS] if part)
    return {unquote(name).lower(): unquote(value) for name, _, value in pairs}


def _listed(fields: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in fields.get(name, "").split(",") if one.strip()]


def parse_matmsg(text: str) -> Mapping[str, Any] | None:
    """DoCoMo's mail: MATMSG:TO:a@b;SUB:…;BODY:…;;"""
    fields = dict(escaped_fields(text[len("MATMSG:") :]))
    if "TO" not in fields:
        return None
    to = [one.strip() for one in fields["TO"].split(",") if one.strip()]
    return {
        "kind": "mail", "to": to, "cc": [], "bcc": [],
        "subject": fields.get("SUB", ""), "body": fields.get("BODY", ""),
    }  # fmt: skip


def parse_tel(text: str) -> Mapping[str, Any] | None:
    """RFC 3966, as far as phones write it."""
    number, _, parameters = unquote(text[len("tel:") :]).partition(";")
    if not _NUMBER.fullmatch(number.strip()):
        return None
    extension = re.search(r"(?:^|;)ext=(\d{1,10})", parameters)
    return {"kind": "tel", "number": number.strip(), "extension": extension[1] if extension else ""}


def parse_sms(text: str) -> Mapping[str, Any] | None:
    """Both ways to write it: sms:number?body=text and SMSTO:number:text."""
    rest = text.partition(":")[2]
    numbers, mark, query = rest.partition("?")
    body = _fields(query).get("body", "")
    if not mark:
        numbers, _, body = rest.partition(":")
    to = [unquote(one).strip() for one in numbers.split(",") if one.strip()]
    if not to or not all(_NUMBER.fullmatch(one) for one in to):
        return None
    return {"kind": "sms", "to": to, "body": body}


def parse_geo(text: str) -> Mapping[str, Any] | None:
    """RFC 5870."""
    place, _, query = text[len("geo:") :].partition("?")
    coordinates, *parameters = place.split(";")
    try:
        numbers = [float(one) for one in coordinates.split(",")]
    except ValueError:
        return None
    if len(numbers) not in {2, 3} or not (abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180):  # noqa: PLR2004  # degrees
        return None
    altitude = numbers[2] if len(numbers) == 3 and abs(numbers[2]) < 1e9 else None  # noqa: PLR2004  # the third
    label = (
        dict(parse_qsl(query, max_num_fields=_MAX_PARAMETERS)).get("q", "")
        if query.count("&") < _MAX_PARAMETERS
        else ""
    )
    return {
        "kind": "geo", "latitude": numbers[0], "longitude": numbers[1], "altitude": altitude,
        "label": label, "parameters": parameters[:_MAX_PARAMETERS],
    }  # fmt: skip
