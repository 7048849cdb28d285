"""The way back: places on the upright page become places on the page as it was given."""

from collections.abc import Sequence
from dataclasses import replace

from dataflowtools.src.logics.ocr.model import Block, Line, Point, Quad

Matrix = Sequence[Sequence[float]]
_STILL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def place_back(blocks: Sequence[Block], back: Matrix, factor: float) -> list[Block]:
    """Map every box through the inverse of what was done to the page."""
    if factor == 1.0 and tuple(tuple(row) for row in back) == _STILL:
        return list(blocks)

    def quad(shape: Quad) -> Quad:
        first, second, third, fourth = (_mapped(point, back, factor) for point in shape)
        return first, second, third, fourth

    def line(one: Line) -> Line:
        words = [replace(word, quad=quad(word.quad)) for word in one.words]
        return replace(one, quad=quad(one.quad), words=words)

    return [
        replace(
            block,
            lines=[line(one) for one in block.lines],
            quad=quad(block.quad),
            cells=[replace(cell, quad=quad(cell.quad)) for cell in block.cells],
        )
        for block in blocks
    ]


def _mapped(point: Point, back: Matrix, factor: float) -> Point:
    x, y = point
    (a, b, c), (d, e, f) = back
    return (a * x + b * y + c) * factor, (d * x + e * y + f) * factor
