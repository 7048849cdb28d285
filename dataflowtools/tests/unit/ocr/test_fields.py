"""Numbers with checks, and the rules of invoices and identity cards over lines with places."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflowtools.src.logics.ocr.fields.chinese_amount import chinese_amount
from dataflowtools.src.logics.ocr.fields.find_fields import find_fields
from dataflowtools.src.logics.ocr.fields.id_number import (
    birth_date,
    check_digit,
    find_id_number,
    gender,
    is_id_number,
)
from dataflowtools.src.logics.ocr.fields.tax_number import credit_check, is_credit_code, is_tax_number
from dataflowtools.src.logics.ocr.model import Block, Line, PageReading, Rect

DIGITS = "零壹贰叁肆伍陆柒捌玖"


def id_number(region: int, born: str, order: int) -> str:
    body = f"{region:06}{born}{order:03}"
    return body + check_digit(body)


@given(
    st.integers(110000, 659999),
    st.dates(min_value=__import__("datetime").date(1900, 1, 1)),
    st.integers(0, 999),
)
def test_every_number_with_its_check_digit_is_valid_and_no_other(region, born, order):
    number = id_number(region, f"{born:%Y%m%d}" if born.year >= 1000 else "19900101", order)
    assert is_id_number(number)
    assert birth_date(number) is not None
    assert gender(number) == ("男" if order % 2 else "女")
    assert sum(is_id_number(number[:17] + last) for last in "0123456789X") == 1
    assert find_id_number(f"公民身份号码{number}") == number


@given(st.text(max_size=40))
def test_no_text_breaks_the_search_for_a_number(text):
    found = find_id_number(text)
    assert found is None or len(found) == 18


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17))
def test_credit_codes(body):
    assert is_credit_code(body + credit_check(body))
    assert is_tax_number(body + credit_check(body))
    assert sum(is_credit_code(body + last) for last in "0123456789ABCDEFGHJKLMNPQRTUWXY") == 1


def in_words(cents: int) -> str:
    yuan, rest = divmod(cents, 100)
    text, zero = "", False
    for place in range(11, -1, -1):
        digit = yuan // 10**place % 10
        if digit:
            text += ("零" if zero and text else "") + DIGITS[digit] + ["", "拾", "佰", "仟"][place % 4]
            zero = False
        else:
            zero = True
        if place in {4, 8} and yuan // 10**place % 10_000:
            text += {4: "万", 8: "亿"}[place]
    text = (text or "零") + "圆"
    if not rest:
        return text + "整"
    return (
        text
        + (DIGITS[rest // 10] + "角" if rest >= 10 else "零")
        + (DIGITS[rest % 10] + "分" if rest % 10 else "")
    )


@given(st.integers(0, 10**13))
def test_amounts_in_words_are_read_back(cents):
    assert chinese_amount(in_words(cents)) == Decimal(cents) / 100


@given(st.text(DIGITS + "拾佰仟万亿圆角分整x", max_size=30))
def test_no_words_break_the_amount(text):
    chinese_amount(text)


def laid_out(*lines: tuple[str, int, int]) -> list[PageReading]:
    placed = [
        Line(text, 0.98, Rect(left, top, left + 20 * len(text), top + 20).quad) for text, left, top in lines
    ]
    return [
        PageReading(number=1, width=2000, height=1200, blocks=[Block(placed, Rect(0, 0, 2000, 1200).quad)])
    ]


NUMBER = id_number(110105, "19900307", 251)
CARD = laid_out(
    ("姓名张三丰", 40, 40), ("性别男", 40, 80), ("民族汉", 200, 80), ("出生1990年3月7日", 40, 120),
    ("住址北京市朝阳区建国路", 40, 160), ("88号院1号楼", 90, 190), ("公民身份号码", 40, 260), (NUMBER, 260, 260),
)  # fmt: skip


def test_an_identity_card():
    found = find_fields(CARD, "auto")
    assert found.kind == "idcard"
    assert {name: field.value for name, field in found.fields.items()} == {
        "name": "张三丰", "gender": "男", "ethnicity": "汉", "date_of_birth": "1990-03-07",
        "address": "北京市朝阳区建国路88号院1号楼", "id_number": NUMBER,
    }  # fmt: skip
    assert found.checks == {
        "id_number_check_digit": True,
        "date_of_birth_agrees": True,
        "gender_agrees": True,
    }
    assert found.confidence > 0.95


def test_a_wrong_digit_costs_confidence():
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    pages = laid_out(("公民身份号码" + wrong, 40, 40), ("性别男", 40, 80))
    found = find_fields(pages, "idcard")
    assert not found.checks["id_number_check_digit"]
    assert found.confidence < 0.6


def test_the_back_of_an_identity_card():
    pages = laid_out(
        ("中华人民共和国", 40, 20), ("居民身份证", 40, 60), ("签发机关 北京市公安局朝阳分局", 40, 200),
        ("有效期限 2015.03.07-2035.03.07", 40, 240),
    )  # fmt: skip
    found = find_fields(pages, "auto")
    assert found.fields["issuing_authority"].value == "北京市公安局朝阳分局"
    assert found.fields["expiration_date"].value == "2035-03-07"


def company(body: str) -> str:
    return body + credit_check(body)


BUYER, SELLER = company("91110105MA0000001"), company("91310000MA1000002")
INVOICE = laid_out(
    ("电子发票（普通发票）", 700, 20), ("发票号码：26112000000012345678", 1400, 20), ("开票日期：2026年11月21日", 1400, 60),
    ("名称：北京测试科技有限公司", 60, 140), ("名称：上海样例贸易有限公司", 1000, 140),
    (f"统一社会信用代码/纳税人识别号：{BUYER}", 60, 180), (f"统一社会信用代码/纳税人识别号：{SELLER}", 1000, 180),
    ("*办公用品*打印纸", 60, 300), ("1,000.00", 1200, 300), ("13%", 1500, 300), ("130.00", 1700, 300),
    ("合计", 60, 400), ("¥1,000.00", 1200, 400), ("¥130.00", 1700, 400),
    ("价税合计（大写）", 60, 460), ("壹仟壹佰叁拾圆整", 500, 460), ("（小写）¥1,130.00", 1300, 460),
)  # fmt: skip


def test_an_invoice_with_sums_that_agree():
    found = find_fields(INVOICE, "auto")
    values = {name: field.value for name, field in found.fields.items()}
    assert found.kind == "invoice"
    assert values["invoice_number"] == "26112000000012345678"
    assert values["issue_date"] == "2026-11-21"
    assert (values["buyer_name"], values["seller_name"]) == ("北京测试科技有限公司", "上海样例贸易有限公司")
    assert (values["buyer_tax_id"], values["seller_tax_id"]) == (BUYER, SELLER)
    assert (values["total_amount_excluding_tax"], values["total_tax_amount"]) == ("1000.00", "130.00")
    assert values["total_amount_numeric"] == "1130.00"
    assert (values["item_name"], values["tax_rate"]) == ("*办公用品*打印纸", "13%")
    assert (values["amount"], values["tax_amount"]) == ("1000.00", "130.00")
    assert found.checks == {
        "sum_agrees": True, "words_agree": True, "buyer_tax_id_valid": True, "seller_tax_id_valid": True,
    }  # fmt: skip


def test_a_digital_invoice_with_its_sum_label_set_apart():
    found = find_fields(
        laid_out(
            ("电子发票（增值税专用发票）", 520, 30), ("发票号码：24312000000012345678", 1050, 40),
            ("开票日期：2024年03月15日", 1050, 80), ("合", 60, 710), ("计", 200, 710), ("￥10000.00", 900, 711),
            ("￥600.00", 1280, 709), ("价税合计（大写）", 60, 775), ("壹万零陆佰圆整", 400, 775),
            ("（小写）￥10,600.00", 1000, 775), ("合肥示例公司", 60, 850), ("￥1.00", 400, 850),
        ),
        "invoice",
    )  # fmt: skip
    values = {name: field.value for name, field in found.fields.items()}
    assert values["title"] == "电子发票(增值税专用发票)"
    assert (values["total_amount_excluding_tax"], values["total_tax_amount"]) == ("10000.00", "600.00")
    assert values["total_amount_numeric"] == "10600.00"
    assert found.checks == {"sum_agrees": True, "words_agree": True}


def test_plain_text_is_no_document():
    assert find_fields(laid_out(("今天天气很好", 40, 40)), "auto") is None
    assert find_fields(CARD, "none") is None


@pytest.mark.parametrize("kind", ["invoice", "idcard"])
def test_an_empty_page_has_no_fields(kind):
    found = find_fields([PageReading(number=1, width=10, height=10)], kind)
    assert (dict(found.fields), found.confidence) == ({}, 0.0)
