"""Both sides of a Chinese identity card."""

import re
from collections.abc import Sequence

from dataflowtools.src.logics.ocr.fields.id_number import birth_date, find_id_number, gender, is_id_number
from dataflowtools.src.logics.ocr.fields.reading import SeenLine, after_label, first_match
from dataflowtools.src.logics.ocr.model import DocumentFields, Field

_PEOPLES = (
    "汉|蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|"
    "柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|"
    "塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺"
)
_DATE = r"(\d{4})年(\d{1,2})月(\d{1,2})日?"
_SPAN = r"(\d{4})[.\-](\d{2})[.\-](\d{2})[-—–~至]+(?:(\d{4})[.\-](\d{2})[.\-](\d{2})|(长期))"
_ADDRESS_END = re.compile(r"公民身份|身份号码|\d{17}[\dXx]")
_LIKELY = ("公民身份号码", "居民身份证", "签发机关", "出生", "民族", "有效期限")
_ALL = (
    "name", "gender", "date_of_birth", "ethnicity", "address", "id_number", "issuing_authority",
    "expiration_date",
)  # fmt: skip


def likeness(lines: Sequence[SeenLine]) -> float:
    """How much the text looks like an identity card, from 0 to 1."""
    text = "".join(line.text for line in lines)
    return min(1.0, sum(word in text for word in _LIKELY) / 3)


def read_idcard(lines: Sequence[SeenLine]) -> DocumentFields:
    """Find the fields of either side or both."""
    found: dict[str, Field | None] = {
        "name": after_label(lines, "姓名", r"[\u3400-\u9fff·]{2,15}"),
        "gender": after_label(lines, "性[别別]", "[男女]"),
        "ethnicity": after_label(lines, "民族", _PEOPLES),
        "date_of_birth": _birth(lines),
        "address": _address(lines),
        "id_number": _number(lines),
        "issuing_authority": after_label(lines, "签发机关", r"[\u3400-\u9fff]{4,30}"),
        "expiration_date": _validity(lines),
    }
    fields = {name: found[name] for name in _ALL}
    known = {name: field for name, field in fields.items() if field is not None}
    checks = _checks(known)
    return DocumentFields(kind="idcard", fields=known, checks=checks, confidence=_confidence(known, checks))


def _birth(lines: Sequence[SeenLine]) -> Field | None:
    found = first_match(lines, "出生:?" + _DATE) or first_match(lines, _DATE)
    if found is None:
        return None
    line, match = found
    return line.field(f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}")


def _address(lines: Sequence[SeenLine]) -> Field | None:
    """The address runs over lines below each other, down to the number."""
    found = first_match(lines, "住址:?(.*)")
    if found is None:
        return None
    line, match = found
    parts, confidence, bottom = [match[1]], line.line.confidence, line.rect.bottom
    left = line.rect.left
    for other in lines:
        follows = other.page == line.page and other.rect.top > bottom - 0.5 * line.rect.height  # the next row
        if not follows or other is line:
            continue
        if (
            _ADDRESS_END.search(other.text) or other.rect.top - bottom > 1.6 * line.rect.height
        ):  # not the next row
            break
        if other.rect.left >= left - line.rect.height:
            parts.append(other.text)
            confidence, bottom = min(confidence, other.line.confidence), other.rect.bottom
    value = "".join(parts)
    return line.field(value, confidence) if value else None


def _number(lines: Sequence[SeenLine]) -> Field | None:
    for line in lines:
        number = find_id_number(line.text)
        if number is not None:
            return line.field(number)
    return None


def _validity(lines: Sequence[SeenLine]) -> Field | None:
    found = first_match(lines, _SPAN)
    if found is None:
        return None
    line, match = found
    return line.field("长期" if match[7] else f"{match[4]}-{match[5]}-{match[6]}")


def _checks(fields: dict[str, Field]) -> dict[str, bool]:
    checks: dict[str, bool] = {}
    if "id_number" not in fields:
        return checks
    number = fields["id_number"].value
    checks["id_number_check_digit"] = is_id_number(number)
    born = birth_date(number)
    if "date_of_birth" in fields:
        checks["date_of_birth_agrees"] = (
            born is not None and born.isoformat() == fields["date_of_birth"].value
        )
    if "gender" in fields:
        checks["gender_agrees"] = gender(number) == fields["gender"].value
    return checks


def _confidence(fields: dict[str, Field], checks: dict[str, bool]) -> float:
    """The mean of the fields, less for every check that fails."""
    if not fields:
        return 0.0
    mean = sum(field.confidence for field in fields.values()) / len(fields)
    return mean * 0.5 ** sum(not passed for passed in checks.values())
