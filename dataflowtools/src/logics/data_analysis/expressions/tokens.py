"""Text to tokens; a character that is no part of the language is refused where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dataflowtools.src.errors import InvalidExpression, OperationNotAllowed

MAX_CHARACTERS = 10_000
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<quoted>`(?:[^`]|``)+`)
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>\*\*|//|==|!=|<>|<=|>=|[-+*/%^()=<>,])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "0": "\0"}
_REASONS = {
    "@": "variables from outside are not part of the language",
    ".": "attribute access is not part of the language; a column with a dot in its name is written `a.b`",
    "[": "indexing is not part of the language; a column with such a name is written in backticks",
    "]": "indexing is not part of the language; a column with such a name is written in backticks",
    "{": "dictionaries and templates are not part of the language",
    "}": "dictionaries and templates are not part of the language",
    ";": "only one expression is taken",
    ":": "assignment and slices are not part of the language",
    "\\": "a backslash stands only inside a text",
    "$": "variables from outside are not part of the language",
    "#": "comments are not part of the language",
    "!": "write not, or != between two values",
    "&": "write and",
    "|": "write or",
    "~": "write not",
    "?": "write if(condition, a, b)",
}
_WORDS = {
    "lambda": "functions cannot be made",
    "import": "nothing can be imported",
    "def": "functions cannot be made",
    "class": "classes cannot be made",
    "exec": "text is never run",
    "eval": "text is never run",
    "yield": "there are no generators",
    "await": "there are no coroutines",
    "for": "there are no loops",
    "while": "there are no loops",
    "del": "nothing can be deleted",
    "global": "there are no variables",
}
KEYWORDS = frozenset(
    "and or not in is null true false between case when then else end".split()  # noqa: SIM905  # a list reads worse
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text as it counts, and where it starts, from one."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> list[Token]:
    """Split an expression; raises InvalidExpression or OperationNotAllowed."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidExpression(
            f"an expression has at most {MAX_CHARACTERS} characters", position=MAX_CHARACTERS + 1
        )
    return [*_scan(text), Token("end", "", len(text) + 1)]


def _scan(text: str) -> Iterator[Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _refusal(text, place)
        kind = match.lastgroup or ""
        if kind != "space":
            yield _token(kind, match.group(), place + 1)
        place = match.end()


def _token(kind: str, text: str, position: int) -> Token:
    if kind == "string":
        quote = text[0]
        return Token(kind, _unescaped(text[1:-1].replace(quote * 2, quote), position), position)
    if kind == "quoted":
        return Token("column", text[1:-1].replace("``", "`"), position)
    if kind == "name" and text.lower() in KEYWORDS:
        return Token("keyword", text.lower(), position)
    if kind == "name" and text in _WORDS:
        raise OperationNotAllowed(
            f"{text!r} is not part of the language: {_WORDS[text]}", position=position, near=text
        )
    return Token(kind, text, position)


def _unescaped(text: str, position: int) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            return match[0]  # regular expressions keep their own backslashes
        return _ESCAPES[code]

    found = _ESCAPE.sub(one, text) if "\\" in text else text
    if any("\ud800" <= letter <= "\udfff" for letter in found):
        raise InvalidExpression("half a character pair is no text", position=position)
    return found


def _refusal(text: str, place: int) -> InvalidExpression | OperationNotAllowed:
    character, position = text[place], place + 1
    near = text[place : place + 20]
    if character in "'\"`":
        return InvalidExpression("this quote is never closed", position=position, near=near)
    reason = _REASONS.get(character)
    if reason is None:
        return InvalidExpression(f"{character!r} is not part of the language", position=position, near=near)
    return OperationNotAllowed(f"{character!r} is not allowed: {reason}", position=position, near=near)
