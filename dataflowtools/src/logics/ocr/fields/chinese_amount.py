"""Amounts of money as Chinese invoices write them out: 壹佰贰拾叁圆肆角伍分."""

from decimal import Decimal

_DIGITS = {
    "零": 0, "〇": 0, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9,
    "貳": 2, "陸": 6, "弍": 2, "参": 3, "叄": 3, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5,
    "六": 6, "七": 7, "八": 8, "九": 9, "两": 2,
}  # fmt: skip
_UNITS = {"拾": 10, "佰": 100, "仟": 1000, "十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
_YUAN = {"圆", "元", "圓"}
_PARTS = {"角": Decimal("0.1"), "分": Decimal("0.01")}
_MAX_LENGTH = 60
_TEN_THOUSAND = 10_000


def chinese_amount(text: str) -> Decimal | None:
    """Read the amount; None when it is not written like one."""
    text = "".join(text.split()).removesuffix("整").removesuffix("正").removeprefix("人民币")
    if not text or len(text) > _MAX_LENGTH:
        return None
    total, section, digit, cents = 0, 0, 0, Decimal(0)
    seen_yuan = False
    for letter in text:
        if letter in _DIGITS:
            digit = _DIGITS[letter]
        elif letter in _UNITS:
            section += (digit or (1 if not section and not digit else 0)) * _UNITS[letter]
            digit = 0
        elif letter in _GROUPS:
            # 亿 counts all before it, 万 only what follows the last 亿
            larger = _GROUPS[letter] > _TEN_THOUSAND
            total = (
                (total + section + digit) * _GROUPS[letter]
                if larger
                else total + (section + digit) * _TEN_THOUSAND
            )
            section, digit = 0, 0
        elif letter in _YUAN and not seen_yuan:
            total, section, digit, seen_yuan = total + section + digit, 0, 0, True
        elif letter in _PARTS:
            cents += digit * _PARTS[letter]
            digit = 0
        else:
            return None
    return total + section + digit + cents if not seen_yuan else total + cents
