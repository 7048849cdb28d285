"""Functions on numbers; what has no result is null, never NaN or infinity."""

import math
from collections.abc import Callable

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.signature import Function

_MAX_DECIMALS = 15


def _real(build: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Expr], pl.Expr]:
    def run(value: pl.Expr) -> pl.Expr:
        found = build(value.cast(pl.Float64))
        return pl.when(found.is_finite()).then(found)

    return run


def _round(value: pl.Expr, decimals: int = 0) -> pl.Expr:
    """Half away from zero, as people round."""
    if not 0 <= decimals <= _MAX_DECIMALS:
        raise ValueError(f"decimals lie between 0 and {_MAX_DECIMALS}")
    return value.cast(pl.Float64).round(decimals, mode="half_away_from_zero")


def _log(value: pl.Expr, base: pl.Expr | None = None) -> pl.Expr:
    logarithm = _real(lambda number: number.log())
    if base is None:
        return logarithm(value)
    divisor = logarithm(base)
    return logarithm(value) / pl.when(divisor != 0).then(divisor)


def _power(value: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    found = value.cast(pl.Float64).pow(exponent.cast(pl.Float64))
    return pl.when(found.is_finite()).then(found)


def _mod(value: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    one, other = value.cast(pl.Float64), divisor.cast(pl.Float64)
    safe = pl.when(other != 0).then(other)
    return one - (one / safe).floor() * safe


def _clip(value: pl.Expr, low: pl.Expr, high: pl.Expr) -> pl.Expr:
    number = value.cast(pl.Float64)
    raised = pl.when(number < low).then(low).otherwise(number)
    return pl.when(raised > high).then(high).otherwise(raised)


def _sign(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Float64).sign().cast(pl.Int64)


def _whole(build: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Expr], pl.Expr]:
    return lambda value: build(value.cast(pl.Float64)).cast(pl.Int64)


def _plain(name: str, build: Callable[[pl.Expr], pl.Expr], about: str) -> Function:
    return Function(name, ("number",), "number", _real(build), about)


NUMBER_FUNCTIONS = (
    Function("abs", ("number",), "first", lambda value: value.abs(), "Without its sign."),
    Function("round", ("number", "constant_integer?"), "number", _round, "Half away from zero."),
    Function("floor", ("number",), "integer", _whole(lambda v: v.floor()), "The next integer below."),
    Function("ceil", ("number",), "integer", _whole(lambda v: v.ceil()), "The next integer above."),
    Function("trunc", ("number",), "integer", _whole(lambda v: v.truncate()), "The decimals cut off."),
    Function("sign", ("number",), "integer", _sign, "-1, 0 or 1."),
    _plain("sqrt", lambda v: v.sqrt(), "Square root; null below zero."),
    _plain("cbrt", lambda v: v.cbrt(), "Cube root."),
    _plain("exp", lambda v: v.exp(), "e to that power; null when too large."),
    _plain("ln", lambda v: v.log(), "Natural logarithm; null at and below zero."),
    _plain("log10", lambda v: v.log(10), "Decimal logarithm; null at and below zero."),
    _plain("log2", lambda v: v.log(2), "Binary logarithm; null at and below zero."),
    Function("log", ("number", "number?"), "number", _log, "Logarithm, natural or to a base."),
    Function("power", ("number", "number"), "number", _power, "The first to the power of the second."),
    Function("mod", ("number", "number"), "number", _mod, "Rest of a division, with the divisor's sign."),
    Function("clip", ("number", "number", "number"), "number", _clip, "Held between two bounds."),
    _plain("sin", lambda v: v.sin(), "Sine of radians."),
    _plain("cos", lambda v: v.cos(), "Cosine of radians."),
    _plain("tan", lambda v: v.tan(), "Tangent of radians."),
    _plain("asin", lambda v: v.arcsin(), "Arc sine in radians."),
    _plain("acos", lambda v: v.arccos(), "Arc cosine in radians."),
    _plain("atan", lambda v: v.arctan(), "Arc tangent in radians."),
    _plain("radians", lambda v: v * (math.pi / 180), "Degrees as radians."),
    _plain("degrees", lambda v: v * (180 / math.pi), "Radians as degrees."),
)
