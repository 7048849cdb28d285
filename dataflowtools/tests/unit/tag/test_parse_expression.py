"""The grammar of tag expressions."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflowtools.src.common.tags import AllOf, AnyOf, HasTag, NoneOf
from dataflowtools.src.errors import InvalidTagExpression
from dataflowtools.src.logics.tag.parse_expression import parse_expression

A, B, C = HasTag("a"), HasTag("b"), HasTag("c")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a", A),
        (" a ", A),
        ("/a/b/", HasTag("a/b")),
        ("a and b", AllOf((A, B))),
        ("a b", AllOf((A, B))),
        ("a & b && c", AllOf((A, B, C))),
        ("a or b and c", AnyOf((A, AllOf((B, C))))),
        ("(a or b) and c", AllOf((AnyOf((A, B)), C))),
        ("not a b", AllOf((NoneOf(A), B))),
        ("NOT (a OR b)", NoneOf(AnyOf((A, B)))),
        ("not not a", NoneOf(NoneOf(A))),
        ("a | b || c", AnyOf((A, B, C))),
        ('"last year" and "not"', AllOf((HasTag("last year"), HasTag("not")))),
        ("财务/发票 and not 作废", AllOf((HasTag("财务/发票"), NoneOf(HasTag("作废"))))),
        ("((((a))))", A),
        ("android or notes", AnyOf((HasTag("android"), HasTag("notes")))),
        ('a"b"', AllOf((A, B))),
        ("a and 'last year'", AllOf((A, HasTag("last year")))),
        ('\'it\'\'s\' or "say ""no"""', AnyOf((HasTag("it's"), HasTag('say "no"')))),
        ("O'Neil", HasTag("O'Neil")),
        ("!a and !(b or c)", AllOf((NoneOf(A), NoneOf(AnyOf((B, C)))))),
        ("a!", HasTag("a!")),
        ("R&D", HasTag("R&D")),
    ],
)
def test_expressions_bind_as_people_expect(text, expression):
    assert parse_expression(text) == expression


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("   ", 4),
        ("a and", 6),
        ("or a", 1),
        ("a or or b", 6),
        ("(a", 3),
        ("a)", 2),
        ("()", 2),
        ("not", 4),
        ('a and "b', 7),
        ('a and ""', 8),
        ("a and b//c", 7),
        ("(" * 40 + "a" + ")" * 40, 34),
        ("not " * 40 + "a", 133),
    ],
)
def test_what_does_not_parse_is_told_with_its_column(text, column):
    with pytest.raises(InvalidTagExpression, match=rf"\(column {column}\)"):
        parse_expression(text)


@pytest.mark.parametrize("text", ["a " * 65, "a" * 5000])
def test_expressions_have_limits(text):
    with pytest.raises(InvalidTagExpression, match="at most"):
        parse_expression(text)


@given(st.text(alphabet='ab ()"andortx/!|&', max_size=60))
def test_any_text_parses_or_is_told(text):
    with contextlib.suppress(InvalidTagExpression):  # anything else fails the test
        parse_expression(text)
