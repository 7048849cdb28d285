"""The number of a Chinese identity card: GB 11643-1999."""

import re
from datetime import date

_NUMBER = re.compile(r"\d{17}[\dX]", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_YEAR = 1850


def is_id_number(text: str) -> bool:
    """Whether the digits agree with the check digit, and the date is one."""
    return (
        _NUMBER.fullmatch(text) is not None and birth_date(text) is not None and text[17] == check_digit(text)
    )


def check_digit(text: str) -> str:
    """The last sign that belongs to the first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def birth_date(text: str) -> date | None:
    """The date within the number."""
    try:
        found = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return None
    return found if found.year >= _FIRST_YEAR else None


def gender(text: str) -> str:
    """What the number says: odd sequence numbers are men's."""
    return "男" if int(text[16]) % 2 else "女"


def find_id_number(text: str) -> str | None:
    """Find a number in running text; letters that look like digits and small x are put right."""
    for found in re.finditer(r"(?<!\d)[\dOoIl]{6}[ ]?[\dOoIl]{8}[ ]?[\dOoIl]{3}[\dOoIlXx×](?!\d)", text):
        number = found[0].replace(" ", "").translate(str.maketrans("OoIlx×", "0011XX"))
        if _NUMBER.fullmatch(number):
            return number
    return None
