"""How to join a wireless network, as WIFI: codes say it."""

from collections.abc import Mapping
from typing import Any

from dataflowtools.src.logics.ocr.payloads.escaped import escaped_fields

_KINDS = {"WPA", "WPA2", "WPA3", "SAE", "WEP", "NOPASS", "WPA2-EAP"}


def parse_wifi(text: str) -> Mapping[str, Any] | None:
    """Network, security, password, and whether the network hides its name."""
    fields = dict(escaped_fields(text[len("WIFI:") :]))
    if not fields.get("S"):
        return None
    security = fields.get("T", "nopass")
    return {
        "kind": "wifi",
        "ssid": _unquoted(fields["S"]),
        "security": security if security.upper() in _KINDS else security[:20],
        "password": _unquoted(fields.get("P", "")),
        "hidden": fields.get("H", "").lower() == "true",
    }


def _unquoted(value: str) -> str:
    """Names and passwords that would read as hexadecimal stand in quotes."""
    quoted = len(value) >= 2 and value.startswith('"') and value.endswith('"')  # noqa: PLR2004  # the quotes
    return value[1:-1] if quoted else value
