"""Tag expressions: `finance and (2026 or "last year") and not draft`.

expression = term { "or" term }
term       = factor { ["and"] factor }
factor     = "not" factor | "(" expression ")" | tag

A tag is a path or an id; one with spaces or parentheses, or that reads like an operator, stands in quotes of either
kind, and a quote within is doubled. A ! right before a tag is a "not".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dataflowtools.src.common.tags import AllOf, AnyOf, HasTag, NoneOf, TagExpression
from dataflowtools.src.errors import InvalidTag, InvalidTagExpression
from dataflowtools.src.logics.tag.check_tags import check_reference

MAX_TAGS = 64
MAX_DEPTH = 32
MAX_CHARS = 4096

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()]|!(?=[^\s)!=]))
    |"(?P<quoted>(?:[^"]|"")*)"|'(?P<single>(?:[^']|'')*)'(?=[\s()]|$)
    |(?P<word>[^\s()"]+))""",
    re.VERBOSE,
)
_QUOTES = {"quoted": '"', "single": "'"}
_OPERATORS = {
    "and": "and",
    "&": "and",
    "&&": "and",
    "or": "or",
    "|": "or",
    "||": "or",
    "not": "not",
    "!": "not",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # and, or, not, (, ), tag, end
    text: str
    column: int


def parse_expression(text: str) -> TagExpression:
    """Parse the text; raises InvalidTagExpression that names the column."""
    if len(text) > MAX_CHARS:
        raise InvalidTagExpression(f"An expression has at most {MAX_CHARS} characters.", field="tag")
    tokens = list(_tokens(text))
    if sum(token.kind == "tag" for token in tokens) > MAX_TAGS:
        raise InvalidTagExpression(f"An expression names at most {MAX_TAGS} tags.", field="tag")
    parser = _Parser(tokens)
    expression = parser.any_of(0)
    parser.expect("end")
    return expression


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _fault("a closing quote is missing", _column_of_next(text, position))
        yield _token(match)
        position = match.end()
    yield _Token("end", "", len(text) + 1)


def _column_of_next(text: str, position: int) -> int:
    return len(text) - len(text[position:].lstrip()) + 1


def _token(match: re.Match[str]) -> _Token:
    kind = str(match.lastgroup)
    column, found = match.start(kind) + 1, match[kind]
    if kind == "mark":
        return _Token("not" if found == "!" else found, found, column)
    if kind in _QUOTES:
        return _Token("tag", found.replace(_QUOTES[kind] * 2, _QUOTES[kind]), column)
    return _Token(_OPERATORS.get(found.lower(), "tag"), found, column)


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def any_of(self, depth: int) -> TagExpression:
        parts = [self._all_of(depth)]
        while self._skip("or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def expect(self, kind: str) -> None:
        if not self._skip(kind):
            raise self._unexpected("the end" if kind == "end" else repr(kind))

    def _all_of(self, depth: int) -> TagExpression:
        parts = [self._factor(depth)]
        while self._skip("and") or self._here.kind in {"tag", "(", "not"}:
            parts.append(self._factor(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _factor(self, depth: int) -> TagExpression:
        if depth > MAX_DEPTH:
            raise _fault(f"it is nested more than {MAX_DEPTH} deep", self._here.column)
        if self._skip("not"):
            return NoneOf(self._factor(depth + 1))
        if self._skip("("):
            inner = self.any_of(depth + 1)
            self.expect(")")
            return inner
        return self._tag()

    def _tag(self) -> TagExpression:
        token = self._here
        if not self._skip("tag"):
            raise self._unexpected("a tag")
        try:
            return HasTag(check_reference(token.text))
        except InvalidTag as exc:
            raise _fault(f"{token.text!r} cannot be a tag", token.column) from exc

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at]

    def _skip(self, kind: str) -> bool:
        if self._here.kind != kind:
            return False
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return True

    def _unexpected(self, wanted: str) -> InvalidTagExpression:
        found = "it ends" if self._here.kind == "end" else f"{self._here.text!r} stands there"
        return _fault(f"{wanted} is expected, but {found}", self._here.column)


def _fault(what: str, column: int) -> InvalidTagExpression:
    return InvalidTagExpression(f"The tag expression does not parse: {what} (column {column}).", field="tag")
