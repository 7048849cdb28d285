"""People and appointments: vCard, MeCard and iCalendar events."""

import re
from collections.abc import Iterator, Mapping
from quopri import decodestring
from typing import Any

from dataflowtools.src.logics.ocr.payloads.escaped import escaped_fields, split_escaped

_FOLD = re.compile(r"\r?\n[ \t]")
_MAX_LINES = 500
_MECARD = {
    "N": "name", "TEL": "phones", "TEL-AV": "phones", "EMAIL": "emails", "ADR": "addresses",
    "ORG": "organisation", "URL": "urls", "NOTE": "note", "BDAY": "birthday", "NICKNAME": "nickname",
    "SOUND": "reading", "TITLE": "title",
}  # fmt: skip
_VCARD = {
    "FN": "name", "TEL": "phones", "EMAIL": "emails", "ADR": "addresses", "ORG": "organisation",
    "URL": "urls", "NOTE": "note", "BDAY": "birthday", "NICKNAME": "nickname", "TITLE": "title",
}  # fmt: skip
_EVENT = {
    "SUMMARY": "summary", "DTSTART": "start", "DTEND": "end", "LOCATION": "location",
    "DESCRIPTION": "description", "UID": "uid", "URL": "url",
}  # fmt: skip
_LISTS = ("phones", "emails", "addresses", "urls")


def parse_vcard(text: str) -> Mapping[str, Any] | None:
    """Versions 2.1 to 4.0, as far as codes carry them."""
    card = _blank("vcard")
    for name, parameters, value in _properties(text):
        decoded = _decoded(value, parameters)
        if name == "N" and not card["name"]:
            family, given, *_ = [*split_escaped(decoded, ";"), "", ""]
            wide = bool(family) and not family.isascii()
            card["name"] = _literal(family + given if wide else f"{given} {family}".strip())
        elif name == "VERSION":
            card["version"] = decoded
        elif name in _VCARD:
            _put(card, _VCARD[name], _structured(decoded) if name in {"ADR", "ORG"} else _literal(decoded))
    return card if len(card) > len(_blank("")) or card["name"] or any(card[key] for key in _LISTS) else None


def parse_mecard(text: str) -> Mapping[str, Any] | None:
    """DoCoMo's card."""
    card = _blank("mecard")
    for name, value in escaped_fields(text[len("MECARD:") :]):
        if name == "N":
            family, _, given = value.partition(",")
            wide = not family.isascii()
            card["name"] = family + given if wide else f"{given} {family}".strip()
        elif name in _MECARD:
            _put(card, _MECARD[name], value)
    return card if card["name"] or any(card[key] for key in _LISTS) else None


def parse_event(text: str) -> Mapping[str, Any] | None:
    """The first event of a calendar."""
    event: dict[str, Any] = {"kind": "event"}
    for name, parameters, value in _properties(text):
        if name == "END" and value.upper() == "VEVENT":
            break
        if name in _EVENT:
            event.setdefault(_EVENT[name], _literal(_decoded(value, parameters)))
    return event if len(event) > 1 else None


def _blank(kind: str) -> dict[str, Any]:
    return {"kind": kind, "name": "", **{name: [] for name in _LISTS}}


def _put(card: dict[str, Any], field: str, value: str) -> None:
    if not value:
        return
    if field in _LISTS:
        card[field].append(value)
    elif not card.get(field):
        card[field] = value


def _properties(text: str) -> Iterator[tuple[str, list[str], str]]:
    lines = _FOLD.sub("", text).splitlines()[:_MAX_LINES]
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].endswith("=") and "QUOTED-PRINTABLE" in joined[-1].upper():
            joined[-1] = joined[-1][:-1] + line
        else:
            joined.append(line)
    for line in joined:
        head, colon, value = line.partition(":")
        name, *parameters = head.split(";")
        if colon:
            yield name.rpartition(".")[2].strip().upper(), parameters, value.strip()


def _decoded(value: str, parameters: list[str]) -> str:
    if not any("QUOTED-PRINTABLE" in parameter.upper() for parameter in parameters):
        return value
    return decodestring(value.encode("utf-8", "replace")).decode("utf-8", "replace")


def _structured(value: str) -> str:
    """Write the parts of an address or organisation in one line."""
    return ", ".join(part for part in map(_literal, split_escaped(value, ";")) if part)


def _literal(value: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value).strip()
