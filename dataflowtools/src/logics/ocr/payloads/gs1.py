"""GS1 element strings: application identifiers with their values, dates, measures and check digits."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from dataflowtools.src.logics.ocr.payloads.check_digits import has_check_digit

_BRACKETED = re.compile(r"\((\d{2,4})\)")
_SEPARATOR = "\x1d"
_CENTURY = 100
_HALF_CENTURY = 50


class Identifier(NamedTuple):
    """What an application identifier names; `length` is fixed, otherwise `most` bounds it."""

    name: str
    length: int = 0
    most: int = 0
    kind: str = "text"


_DIGITS: Mapping[str, Identifier] = {
    "00": Identifier("sscc", 18, kind="checked"),
    "01": Identifier("gtin", 14, kind="checked"),
    "02": Identifier("content_gtin", 14, kind="checked"),
    "10": Identifier("batch", most=20),
    "11": Identifier("production_date", 6, kind="date"),
    "12": Identifier("due_date", 6, kind="date"),
    "13": Identifier("packaging_date", 6, kind="date"),
    "15": Identifier("best_before_date", 6, kind="date"),
    "16": Identifier("sell_by_date", 6, kind="date"),
    "17": Identifier("expiration_date", 6, kind="date"),
    "20": Identifier("variant", 2),
    "21": Identifier("serial", most=20),
    "22": Identifier("consumer_variant", most=20),
    "30": Identifier("count", most=8),
    "37": Identifier("content_count", most=8),
    "90": Identifier("internal", most=30),
    **{str(number): Identifier(f"company_{number}", most=90) for number in range(91, 100)},
    "235": Identifier("third_party_serial", most=28),
    "240": Identifier("additional_id", most=30),
    "241": Identifier("customer_part_number", most=30),
    "242": Identifier("made_to_order_variation", most=6),
    "243": Identifier("packaging_component", most=20),
    "250": Identifier("secondary_serial", most=30),
    "251": Identifier("source_entity", most=30),
    "253": Identifier("document_type", most=30),
    "254": Identifier("location_extension", most=20),
    "255": Identifier("coupon", most=25),
    "400": Identifier("customer_order", most=30),
    "401": Identifier("consignment", most=30),
    "402": Identifier("shipment", 17, kind="checked"),
    "403": Identifier("routing", most=30),
    **{str(number): Identifier(f"location_{number}", 13, kind="checked") for number in range(410, 418)},
    "420": Identifier("ship_to_postal_code", most=20),
    "421": Identifier("ship_to_country_postal_code", most=12),
    "422": Identifier("origin_country", 3),
    "423": Identifier("processing_countries", most=15),
    "424": Identifier("processing_country", 3),
    "425": Identifier("disassembly_countries", most=15),
    "426": Identifier("full_process_country", 3),
    "427": Identifier("origin_subdivision", most=3),
    **{str(number): Identifier(f"healthcare_{number}", most=20) for number in range(710, 718)},
    "7001": Identifier("nato_stock_number", 13),
    "7003": Identifier("expiration_date_time", 10),
    "7006": Identifier("first_freeze_date", 6, kind="date"),
    "8001": Identifier("roll_dimensions", 14),
    "8002": Identifier("phone_identifier", most=20),
    "8003": Identifier("returnable_asset", most=30),
    "8004": Identifier("individual_asset", most=30),
    "8005": Identifier("unit_price", 6),
    "8006": Identifier("piece_of_trade_item", 18),
    "8008": Identifier("production_date_time", most=12),
    "8017": Identifier("service_provider", 18, kind="checked"),
    "8018": Identifier("service_recipient", 18, kind="checked"),
    "8020": Identifier("payment_reference", most=25),
    "8200": Identifier("extended_packaging_url", most=70),
}
_MEASURES = {"310": "net_weight_kg", "311": "length_m", "312": "width_m", "313": "depth_m", "314": "area_m2",
             "315": "net_volume_l", "316": "net_volume_m3", "320": "net_weight_lb", "330": "gross_weight_kg",
             "331": "logistic_length_m", "332": "logistic_width_m", "333": "logistic_depth_m",
             "334": "logistic_area_m2", "335": "logistic_volume_l", "336": "logistic_volume_m3"}  # fmt: skip
_AMOUNTS = {"390": "amount", "391": "amount_with_currency", "392": "price", "393": "price_with_currency"}
_CURRENCY = {"391", "393"}


def parse_gs1(text: str, data: bytes) -> Mapping[str, Any] | None:
    """Parse the raw bytes, or the text with identifiers in brackets; None when it is no element string."""
    raw = data.decode("ascii", "replace") if data else ""
    raw = re.sub(r"^\](?:C1|d2|Q3|e0|J1|E0)", "", raw).strip(_SEPARATOR)
    elements = _bracketed(text) if text.startswith("(") else None
    if elements is None:
        elements = _split(raw or text)
    if not elements:
        return None
    return {"kind": "gs1", "elements": [_element(code, value) for code, value in elements]}


def _bracketed(text: str) -> list[tuple[str, str]] | None:
    """Take the reader's own division when every identifier in it is one and every value has its length."""
    parts = _BRACKETED.split(text)
    if parts[0] or len(parts) < 3:  # noqa: PLR2004  # before, identifier, value
        return None
    found = list(zip(parts[1::2], parts[2::2], strict=True))
    return found if all(_fits(code, value) for code, value in found) else None


def _fits(code: str, value: str) -> bool:
    known = identifier(code)
    if known is None:
        return False
    return len(value) == known.length if known.length else 0 < len(value) <= known.most


def _split(raw: str) -> list[tuple[str, str]] | None:
    found = []
    while raw:
        code = next((raw[:size] for size in (4, 3, 2) if identifier(raw[:size]) is not None), None)
        known = identifier(code) if code else None
        if code is None or known is None:
            return None
        rest = raw[len(code) :]
        value = rest[: known.length] if known.length else rest.partition(_SEPARATOR)[0]
        if not _fits(code, value):
            return None
        found.append((code, value))
        raw = rest[len(value) :].removeprefix(_SEPARATOR)
    return found


def identifier(code: str) -> Identifier | None:
    """What an application identifier stands for; those of measures and amounts end in the number of decimals."""
    if not (code.isascii() and code.isdecimal()):
        return None
    if len(code) == 4:  # noqa: PLR2004  # the identifiers that say how many decimals
        if code[:3] in _MEASURES and int(code[3]) <= 6:  # noqa: PLR2004  # digits there are
            return Identifier(_MEASURES[code[:3]], 6, kind="decimal")
        if code[:3] in _AMOUNTS:
            most = 18 if code[:3] in _CURRENCY else 15
            return Identifier(
                _AMOUNTS[code[:3]], most=most, kind="amount" if code[:3] in _CURRENCY else "decimal"
            )
    return _DIGITS.get(code)


def _element(code: str, value: str) -> dict[str, Any]:
    known = identifier(code)
    element: dict[str, Any] = {"ai": code, "name": known.name if known else "", "value": value}
    kind = known.kind if known else "text"
    if kind == "checked":
        element["valid"] = has_check_digit(value)
    elif kind == "date":
        element["date"] = gs1_date(value)
    elif kind in {"decimal", "amount"}:
        digits = value[3:] if kind == "amount" else value
        if kind == "amount":
            element["currency"] = value[:3]
        if digits.isascii() and digits.isdecimal():
            element["number"] = _decimal(digits, int(code[3]))
    return element


def _decimal(digits: str, places: int) -> str:
    padded = digits.rjust(places + 1, "0")
    whole = padded[: len(padded) - places].lstrip("0") or "0"
    return whole if not places else f"{whole}.{padded[-places:]}"


def gs1_date(value: str, *, year_now: int | None = None) -> str | None:
    """YYMMDD as an ISO date; day 00 is the end of the month. The century is the nearest one."""
    if not re.fullmatch(r"\d{6}", value, re.ASCII):
        return None
    year, month, day = int(value[:2]), int(value[2:4]), int(value[4:])
    full = _nearest_year(year, year_now or datetime.now(UTC).year)
    try:
        if day == 0:
            after = date(full + (month == 12), month % 12 + 1, 1)  # noqa: PLR2004  # December
            return date.fromordinal(after.toordinal() - 1).isoformat()
        return date(full, month, day).isoformat()
    except ValueError:
        return None


def _nearest_year(year: int, now: int) -> int:
    full = now - now % _CENTURY + year
    if full - now > _HALF_CENTURY:
        return full - _CENTURY
    return full + _CENTURY if now - full >= _HALF_CENTURY else full
