"""Chinese VAT invoices, electronic ones of the old and the fully digital kind."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from dataflowtools.src.logics.ocr.fields.chinese_amount import chinese_amount
from dataflowtools.src.logics.ocr.fields.reading import SeenLine, after_label, first_match
from dataflowtools.src.logics.ocr.fields.tax_number import is_tax_number
from dataflowtools.src.logics.ocr.model import DocumentFields, Field

_LIKELY = ("发票", "发票号码", "开票日期", "价税合计", "购买方", "销售方", "纳税人识别号", "税率")
_MONEY = r"¥?-?\d{1,3}(?:,\d{3})+\.\d{2}|¥?-?\d{1,12}\.\d{2}"
_WORDS = r"[零〇壹贰叁肆伍陆柒捌玖拾佰仟万亿圆元角分整正貳陸]{2,40}"
_TAX_NUMBER = r"[0-9A-Z]{15,20}"
_COMPANY = r"[\u3400-\u9fffA-Za-z0-9()·&.\-]{2,60}"
_CENT = Decimal("0.02")
_ALL = (
    "invoice_code", "invoice_number", "title", "issue_date", "buyer_name", "buyer_tax_id", "item_name", "amount",
    "total_amount_in_words", "total_amount_numeric", "seller_name", "seller_tax_id",
    "total_amount_excluding_tax", "total_tax_amount", "verification_code", "tax_rate", "tax_amount",
)  # fmt: skip


def likeness(lines: Sequence[SeenLine]) -> float:
    """How much the text looks like an invoice, from 0 to 1."""
    text = "".join(line.text for line in lines)
    return min(1.0, sum(word in text for word in _LIKELY) / 4)


def read_invoice(lines: Sequence[SeenLine]) -> DocumentFields:
    """Find the fields; sums that agree make them credible."""
    found: dict[str, Field | None] = {
        "invoice_code": after_label(lines, "发票代码", r"\d{10,12}"),
        "invoice_number": after_label(lines, "发票号码", r"\d{8,20}"),
        "title": _title(lines),
        "issue_date": _date(lines),
        "verification_code": after_label(lines, "校验码", r"[0-9A-Za-z]{5,20}"),
        "total_amount_in_words": _words(lines),
        "total_amount_numeric": _total(lines),
    }
    found |= _parties(lines)
    found |= _sums(lines)
    found |= _item(lines)
    fields = {name: field for name in _ALL if (field := found.get(name)) is not None}
    checks = _checks(fields)
    return DocumentFields(
        kind="invoice", fields=fields, checks=checks, confidence=_confidence(fields, checks)
    )


def _title(lines: Sequence[SeenLine]) -> Field | None:
    found = first_match(
        lines, r"([\u3400-\u9fff]{2,14}发票(?!代码|号码|专用章|监制)(?:\([\u3400-\u9fff]{2,12}\))?)"
    )
    return None if found is None else found[0].field(found[1][1])


def _date(lines: Sequence[SeenLine]) -> Field | None:
    pattern = r"(\d{4})[年\-/.](\d{1,2})[月\-/.](\d{1,2})日?"
    found = first_match(lines, "日期:?" + pattern) or first_match(lines, pattern)
    if found is None:
        return None
    line, match = found
    return line.field(f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}")


def _words(lines: Sequence[SeenLine]) -> Field | None:
    found = first_match(lines, rf"({_WORDS}[圆元][零〇壹贰叁肆伍陆柒捌玖角分整正]{{0,8}})")
    return None if found is None else found[0].field(found[1][1])


def _total(lines: Sequence[SeenLine]) -> Field | None:
    found = after_label(lines, r"\(小写\)|小写", _MONEY) or after_label(lines, r"价税合计\(?大写\)?", _MONEY)
    return None if found is None else replace(found, value=_plain(found.value))


def _parties(lines: Sequence[SeenLine]) -> dict[str, Field | None]:
    """Names and tax numbers: the buyer's stands above the seller's, or to the left of it."""
    names = _all(lines, r"(?<![\u3400-\u9fff])(?:名称|称):(" + _COMPANY + ")")
    numbers = _all(lines, r"(?:识别号|信用代码|纳税人识别号\)?):(" + _TAX_NUMBER + ")")
    found: dict[str, Field | None] = {}
    for kind, values in (("name", names), ("tax_id", numbers)):
        for party, field in zip(("buyer", "seller"), values[:2], strict=False):
            found[f"{party}_{kind}"] = field
    return found


def _all(lines: Sequence[SeenLine], pattern: str) -> list[Field]:
    """Every match, in the order of rows and from the left; a value may stand right of a bare label."""
    found: list[Field] = []
    for line in lines:
        for match in re.finditer(pattern, line.text):
            value = re.split(r"(?:统一社会|纳税人|名称:)", match[1])[0]
            if value:
                found.append(line.field(value))
    return found


def _sums(lines: Sequence[SeenLine]) -> dict[str, Field | None]:
    """The row that begins with 合计, often set as 合 and 计 far apart, holds the amount without tax and the tax."""
    labels = (line for line in lines if re.match(r"合(?:计(?!\(大写)|$)", line.text))
    rows = ([label, *(other for other in _row_of(lines, label) if other is not label)] for label in labels)
    row = next((row for row in rows if "".join(line.text for line in row).startswith("合计")), [])
    amounts = [line.field(_plain(value)) for line in row for value in re.findall(_MONEY, line.text)]
    names = ("total_amount_excluding_tax", "total_tax_amount")
    return dict(zip(names, amounts, strict=False))


def _row_of(lines: Sequence[SeenLine], one: SeenLine) -> list[SeenLine]:
    """The lines that stand in a row with one, from the left."""
    height = one.rect.height
    row = (
        other
        for other in lines
        if other.page == one.page and abs(other.rect.centre[1] - one.rect.centre[1]) < 0.8 * height
    )
    return sorted(row, key=lambda other: other.rect.left)


def _item(lines: Sequence[SeenLine]) -> dict[str, Field | None]:
    """The first row of goods: *kind*name … amount, rate, tax."""
    found = first_match(lines, r"(\*[\u3400-\u9fffA-Za-z]{1,20}\*[^\s*¥]{1,60})")
    if found is None:
        return {}
    line, match = found
    row = _row_of(lines, line)
    rates = [other.field(rate) for other in row for rate in re.findall(r"\d{1,2}%|免税|不征税", other.text)]
    amounts = [other.field(_plain(value)) for other in row for value in re.findall(_MONEY, other.text)]
    return {
        "item_name": line.field(match[1]),
        "tax_rate": rates[0] if rates else None,
        "amount": amounts[-2] if len(amounts) > 1 else None,
        "tax_amount": amounts[-1] if len(amounts) > 1 else None,
    }


def _plain(value: str) -> str:
    return value.replace("¥", "").replace(",", "")


def _number(fields: dict[str, Field], name: str) -> Decimal | None:
    if name not in fields:
        return None
    try:
        return Decimal(_plain(fields[name].value))
    except InvalidOperation:
        return None


def _checks(fields: dict[str, Field]) -> dict[str, bool]:
    checks: dict[str, bool] = {}
    total = _number(fields, "total_amount_numeric")
    net, tax = _number(fields, "total_amount_excluding_tax"), _number(fields, "total_tax_amount")
    if total is not None and net is not None and tax is not None:
        checks["sum_agrees"] = abs(net + tax - total) <= _CENT
    if "total_amount_in_words" in fields and total is not None:
        checks["words_agree"] = chinese_amount(fields["total_amount_in_words"].value) == total
    for party in ("buyer", "seller"):
        if f"{party}_tax_id" in fields:
            checks[f"{party}_tax_id_valid"] = is_tax_number(fields[f"{party}_tax_id"].value)
    return checks


def _confidence(fields: dict[str, Field], checks: dict[str, bool]) -> float:
    """The mean of the fields, less for every check that fails."""
    if not fields:
        return 0.0
    mean = sum(field.confidence for field in fields.values()) / len(fields)
    return mean * 0.7 ** sum(not passed for passed in checks.values())
