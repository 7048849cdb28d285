"""The unified social credit code of Chinese companies (GB 32100-2015), which is their tax number too."""

import re

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_CODE = re.compile(rf"[{_ALPHABET}]{{18}}")
_LENGTH = 18
_MODULUS = 31


def is_credit_code(text: str) -> bool:
    """Whether the check character is right."""
    return _CODE.fullmatch(text) is not None and text[-1] == credit_check(text)


def credit_check(text: str) -> str:
    """The last character that belongs to the first 17."""
    total = sum(_ALPHABET.index(letter) * weight for letter, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _ALPHABET[(_MODULUS - total % _MODULUS) % _MODULUS]


def is_tax_number(text: str) -> bool:
    """A credit code with its check, or one of the older numbers of 15 or 20 characters, which have none."""
    if len(text) == _LENGTH:
        return is_credit_code(text)
    return re.fullmatch(r"[0-9A-Z]{15}|[0-9A-Z]{20}", text) is not None
