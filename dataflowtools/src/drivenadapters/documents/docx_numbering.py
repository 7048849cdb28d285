"""Numbers of lists and headings in Word documents: the counters behind `1.2.3`, `a)` and bullets."""

from dataclasses import dataclass

from dataflowtools.src.drivenadapters.documents.safe_xml import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_CHINESE = "零一二三四五六七八九"
_MAX_NUMBER = 100_000


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list counts."""

    form: str = "bullet"
    text: str = ""
    start: int = 1


@dataclass(frozen=True, slots=True)
class Numbered:
    """The place of a paragraph in a list."""

    depth: int
    ordered: bool
    number: int
    marker: str


def _value(element: Element | None, default: str = "") -> str:
    return default if element is None else element.get(W + "val", default)


def _int(text: str, default: int = 0) -> int:
    try:
        return int(text)
    except ValueError:
        return default


class Numbering:
    """The lists of a document and where their counters stand."""

    def __init__(self, root: Element | None) -> None:
        self._abstract: dict[str, dict[int, Level]] = {}
        self._lists: dict[str, str] = {}
        self._overrides: dict[tuple[str, int], int] = {}
        self._counters: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        if root is not None:
            self._read(root)

    def _read(self, root: Element) -> None:
        for abstract in root.iterfind(W + "abstractNum"):
            levels = {
                _int(level.get(W + "ilvl", "0")): self._level(level) for level in abstract.iterfind(W + "lvl")
            }
            self._abstract[abstract.get(W + "abstractNumId", "")] = levels
        for entry in root.iterfind(W + "num"):
            number = entry.get(W + "numId", "")
            self._lists[number] = _value(entry.find(W + "abstractNumId"))
            for override in entry.iterfind(W + "lvlOverride"):
                start = _value(override.find(W + "startOverride"))
                if start:
                    self._overrides[number, _int(override.get(W + "ilvl", "0"))] = _int(start, 1)

    @staticmethod
    def _level(level: Element) -> Level:
        form = _value(level.find(W + "numFmt"), "decimal")
        return Level(form, _value(level.find(W + "lvlText")), _int(_value(level.find(W + "start"), "1"), 1))

    def next(self, number: str, depth: int) -> Numbered | None:
        """Count a paragraph of list `number` at a depth; None when the list numbers nothing."""
        abstract = self._lists.get(number)
        if abstract is None or number == "0":
            return None
        levels = self._abstract.get(abstract, {})
        level = levels.get(depth, Level())
        counters = self._counters.setdefault(abstract, {})
        if number not in self._begun:
            self._begun.add(number)
            for (owner, at), start in self._overrides.items():
                if owner == number:
                    counters[at] = start - 1
        counters[depth] = counters.get(depth, level.start - 1) + 1
        for deeper in [at for at in counters if at > depth]:
            del counters[deeper]
        ordered = level.form not in ("bullet", "none")
        marker = self._marker(level, levels, counters) if ordered else ""
        return Numbered(depth, ordered, counters[depth], marker)

    @staticmethod
    def _marker(level: Level, levels: dict[int, Level], counters: dict[int, int]) -> str:
        marker = level.text
        for at in range(9):
            if f"%{at + 1}" in marker:
                own = levels.get(at, Level("decimal"))
                marker = marker.replace(f"%{at + 1}", written(counters.get(at, own.start), own.form))
        return marker


def written(number: int, form: str) -> str:
    """Write a number as a list would."""
    if not 0 < number < _MAX_NUMBER:
        return str(number)
    match form:
        case "lowerLetter" | "upperLetter":
            text = chr(97 + (number - 1) % 26) * ((number - 1) // 26 % 100 + 1)
        case "lowerRoman" | "upperRoman":
            text = _roman(number)
        case "chineseCounting" | "chineseCountingThousand" | "japaneseCounting" | "ideographDigital":
            return _chinese(number)
        case "decimalZero":
            return f"{number:02d}"
        case _:
            return str(number)
    return text.upper() if form.startswith("upper") else text


def _roman(number: int) -> str:
    text = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        text += sign * count
    return text


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number >= 100:  # noqa: PLR2004  # beyond two digits people write them one by one
        return "".join(_CHINESE[int(digit)] for digit in str(number))
    lead = "" if tens == 0 else "十" if tens == 1 else _CHINESE[tens] + "十"
    return lead + (_CHINESE[ones] if ones or not tens else "")
