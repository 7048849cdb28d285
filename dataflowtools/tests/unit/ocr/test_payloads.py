"""What codes say, as data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflowtools.src.logics.ocr.decode_code import decode_code
from dataflowtools.src.logics.ocr.payloads.check_digits import has_check_digit
from dataflowtools.src.logics.ocr.payloads.escaped import split_escaped, unescaped
from dataflowtools.src.logics.ocr.payloads.gs1 import gs1_date, parse_gs1
from dataflowtools.src.logics.ocr.payloads.parse_payload import parse_payload

NUMBERS = st.text("0123456789", min_size=1, max_size=17)


def test_a_web_address_is_taken_apart():
    found = parse_payload("https://user@example.com:8443/a/b?x=1&y=#z")
    assert (found["kind"], found["host"], found["port"], found["path"]) == (
        "url",
        "example.com",
        8443,
        "/a/b",
    )
    assert found["query"] == {"x": "1", "y": ""}
    assert found["has_credentials"]


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "JaVaScRiPt:alert(1)"]
)
def test_what_would_run_is_named_and_not_followed(text):
    found = parse_payload(text)
    assert found["kind"] == "uri"
    assert found["runs_code"]


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE files; --", "{{7*7}}", "hello: world", "", "http://", "tel:abc"]
)
def test_anything_else_is_text(text):
    assert parse_payload(text) == {"kind": "text"}


def test_wifi_with_escapes():
    found = parse_payload(r"WIFI:S:caf\;e \"x\";T:WPA;P:p\\a\:ss;H:true;;")
    assert found == {
        "kind": "wifi",
        "ssid": 'caf;e "x"',
        "security": "WPA",
        "password": "p\\a:ss",
        "hidden": True,
    }


def test_a_vcard():
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:张;三;;;\r\nTEL;TYPE=CELL:+86 138 0013 8000\r\nEMAIL:a@b.cn\r\n"
    card += "ADR:;;长安街1号;北京;;100000;中国\r\nNOTE:line one\\nline\r\n  two\r\nEND:VCARD"
    found = parse_payload(card)
    assert (found["kind"], found["name"]) == ("vcard", "张三")
    assert found["phones"] == ["+86 138 0013 8000"]
    assert found["addresses"] == ["长安街1号, 北京, 100000, 中国"]
    assert found["note"] == "line one\nline two"


def test_a_vcard_in_quoted_printable():
    card = "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=\n=E4=B8=89\nEND:VCARD"
    assert parse_payload(card)["name"] == "张三"


def test_a_mecard():
    found = parse_payload("MECARD:N:Doe,Jane;TEL:0123;EMAIL:j@d.org;;")
    assert (found["name"], found["phones"], found["emails"]) == ("Jane Doe", ["0123"], ["j@d.org"])


def test_mail_message_place_and_event():
    assert parse_payload("mailto:a@b.c,d@e.f?subject=1%2B1&body=x+y")["subject"] == "1+1"
    assert parse_payload("mailto:a@b.c?body=x+y")["body"] == "x+y"
    assert parse_payload("MATMSG:TO:a@b.c;SUB:s;BODY:b;;")["to"] == ["a@b.c"]
    assert parse_payload("SMSTO:+8613800138000:hi: there")["body"] == "hi: there"
    assert parse_payload("tel:+86-10-8888;ext=12") == {
        "kind": "tel",
        "number": "+86-10-8888",
        "extension": "12",
    }
    assert parse_payload("geo:39.9,116.4,50?q=Tower")["altitude"] == 50
    assert parse_payload("geo:139.9,116.4") == {"kind": "text"}
    event = parse_payload("BEGIN:VEVENT\nSUMMARY:Launch\nDTSTART:20261121T090000Z\nEND:VEVENT")
    assert event == {"kind": "event", "summary": "Launch", "start": "20261121T090000Z"}


def test_products_tell_whether_their_check_digit_is_right():
    assert parse_payload("4006381333931", code_format="EAN13")["valid"]
    assert not parse_payload("4006381333932", code_format="EAN13")["valid"]


def test_gs1_elements():
    data = b"010950110153000317140704310300123410AB-123\x1d21SER\x1d3912978199"
    found = {element["name"]: element for element in parse_gs1("", data)["elements"]}
    assert found["gtin"] == {"ai": "01", "name": "gtin", "value": "09501101530003", "valid": True}
    assert found["expiration_date"]["date"] == "2014-07-04"
    assert found["net_weight_kg"]["number"] == "1.234"
    assert found["batch"]["value"] == "AB-123"
    assert found["serial"]["value"] == "SER"
    assert (found["amount_with_currency"]["currency"], found["amount_with_currency"]["number"]) == (
        "978",
        "1.99",
    )


def test_gs1_dates_follow_the_rule_of_the_standard():
    assert gs1_date("260200", year_now=2026) == "2026-02-28"
    assert gs1_date("761231", year_now=2026) == "2076-12-31"
    assert gs1_date("771231", year_now=2026) == "1977-12-31"
    assert gs1_date("261301", year_now=2026) is None
    assert gs1_date("２６0101") is None


@given(NUMBERS)
def test_exactly_one_last_digit_is_the_check_digit(number):
    assert sum(has_check_digit(number + digit) for digit in "0123456789") == 1


@given(st.binary(max_size=60), st.text(max_size=60))
def test_no_gs1_string_breaks_the_parser(data, text):
    found = parse_gs1(text, data)
    assert found is None or all(
        element["value"] in text + data.decode("ascii", "replace") for element in found["elements"]
    )


@given(st.text("01234567890()\x1dAB", max_size=40))
def test_what_looks_like_gs1_never_breaks_the_parser(text):
    parse_gs1(text, text.encode())


@given(
    st.sampled_from(
        [
            "",
            "WIFI:",
            "BEGIN:VCARD\n",
            "MECARD:",
            "mailto:",
            "tel:",
            "geo:",
            "sms:",
            "http://",
            "www.",
            "SMSTO:",
        ]
    ),
    st.text(max_size=80),
)
def test_no_text_breaks_a_parser(prefix, rest):
    assert parse_payload(prefix + rest)["kind"]


@given(st.lists(st.text(max_size=8), max_size=6))
def test_escaping_is_undone(parts):
    escaped = ";".join(part.replace("\\", "\\\\").replace(";", "\\;") for part in parts)
    assert [unescaped(part) for part in split_escaped(escaped, ";")] == (parts or [""])


@pytest.mark.parametrize(
    ("text", "data", "content", "wanted"),
    [
        ("hello", b"hello", "Text", ("hello", "ascii", False)),
        ("中文", "中文".encode(), "Text", ("中文", "utf-8", False)),
        ("ÖÐÎÄ²âÊÔ", "中文测试".encode("gb18030"), "Binary", ("中文测试", "gb18030", False)),
        ("ÿþ", b"\xff\xfe\x00\x01", "Binary", ("ÿþ", "binary", True)),
        ("日本", "日本".encode("shift_jis"), "Text", ("日本", "shift_jis", False)),
    ],
)
def test_encodings_are_told(text, data, content, wanted):
    found = decode_code(text, data, content)
    assert (found.text, found.encoding, found.binary) == wanted


@given(st.text(max_size=30), st.binary(max_size=30), st.sampled_from(["Text", "Binary", "Mixed"]))
def test_no_bytes_break_decoding(text, data, content):
    assert decode_code(text, data, content).encoding
