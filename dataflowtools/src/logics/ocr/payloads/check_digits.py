"""Check digits of GS1 numbers."""


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is the GS1 check digit of those before it."""
    if len(digits) < 2 or not (digits.isascii() and digits.isdecimal()):  # noqa: PLR2004  # one to check, one to check by
        return False
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[-2::-1]))
    return (10 - weighted % 10) % 10 == int(digits[-1])
