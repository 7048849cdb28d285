"""One picture in many shapes, in which a code that was not read may be: larger, sharper, flatter, turned."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Back = NDArray[np.float64]
_LOCAL, _WHOLE = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram
_SMALL_PIXELS = 4_000_000
_LEAST_SIDE = 64
_NOISY_PX = 3
_LEAST_TURN_DEGREES = 4.0
_PROBE_SIDE = 800
_GROUND_SIDE = 800
_CLEAR_DIRECTION = 0.25


def _as_it_is() -> Back:
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True, slots=True)
class Attempt:
    """A picture to look at, how to tell dark from light in it, and the way back to the page's pixels."""

    picture: Grey
    binarizer: zxingcpp.Binarizer = _LOCAL
    back: Back = field(default_factory=_as_it_is)


def plain_looks(grey: Grey) -> Iterator[Attempt]:
    """The picture itself, and larger if it is small."""
    yield Attempt(grey)
    yield from _enlarged(grey)


def further_looks(grey: Grey) -> Iterator[Attempt]:
    """Cheap looks for more codes after some were found."""
    yield Attempt(grey, _WHOLE)
    yield from _enlarged(grey)


def attempts(grey: Grey) -> Iterator[Attempt]:
    """Every look, those that help most first."""
    yield from further_looks(grey)
    yield Attempt(_even(grey))
    for soft in (cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.medianBlur(grey, _NOISY_PX)):
        yield Attempt(_grey(soft))
        yield Attempt(_grey(soft), _WHOLE)
    if min(grey.shape) >= _LEAST_SIDE:
        half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        yield Attempt(_grey(half), back=_scaled(0.5))
    yield Attempt(_sharpened(grey, 2.0, 1.2))
    yield Attempt(_grey(cv2.createCLAHE(3.0, (8, 8)).apply(grey)))
    yield Attempt(_grey(cv2.bitwise_not(grey)))
    yield from _straightened(grey)
    for larger in _enlarged(grey):
        yield from _worked_on(larger)


def _worked_on(larger: Attempt) -> Iterator[Attempt]:
    grey, back = larger.picture, larger.back
    yield Attempt(grey, _WHOLE, back)
    yield Attempt(_grey(cv2.GaussianBlur(grey, (0, 0), 2.0)), back=back)
    for radius, strength in ((2.0, 1.2), (4.0, 3.0), (6.0, 5.0)):
        yield Attempt(_sharpened(grey, radius, strength), back=back)
    yield Attempt(_sharpened(grey, 6.0, 5.0), _WHOLE, back)
    yield Attempt(_grey(cv2.bitwise_not(grey)), back=back)
    dots = cv2.morphologyEx(grey, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    yield Attempt(_grey(dots), back=back)


def _enlarged(grey: Grey) -> Iterator[Attempt]:
    if grey.size <= _SMALL_PIXELS:
        double = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        yield Attempt(_grey(double), back=_scaled(2.0))


def _straightened(grey: Grey) -> Iterator[Attempt]:
    """Turn the picture so that bars stand upright, by the direction in which it changes most."""
    degrees = bar_direction(grey)
    if degrees is None or abs((degrees + 45) % 90 - 45) < _LEAST_TURN_DEGREES:
        return
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    side = int(math.hypot(width, height)) + 2
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    turned = cv2.warpAffine(
        grey, matrix, (side, side), flags=cv2.INTER_CUBIC, borderValue=int(np.median(grey))
    )
    back = np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)
    yield Attempt(_grey(turned), back=back)
    yield Attempt(_grey(turned), _WHOLE, back)
    for larger in _enlarged(_grey(turned)):
        lead = np.hstack([back[:, :2] / 2, back[:, 2:]])
        yield Attempt(larger.picture, back=lead)
        yield Attempt(_sharpened(larger.picture, 3.0, 2.0), back=lead)


def bar_direction(grey: Grey) -> float | None:
    """Degrees by which the steepest changes are off the horizontal; None when they go every way."""
    scale = min(1.0, _PROBE_SIDE / max(grey.shape))
    if min(grey.shape) * scale < _LEAST_SIDE / 4:
        return None
    probe = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    across = cv2.Sobel(probe, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(probe, cv2.CV_32F, 0, 1)
    xx, yy, xy = float((across**2).sum()), float((down**2).sum()), float((across * down).sum())
    clear = math.hypot(xx - yy, 2 * xy)
    if clear < _CLEAR_DIRECTION * (xx + yy) or xx + yy == 0:
        return None
    return math.degrees(0.5 * math.atan2(2 * xy, xx - yy))


def _even(grey: Grey) -> Grey:
    """Take out the light: divide by the ground as it is without dark marks.

    The ground changes slowly, so that of a large picture it is found on a small one.
    """
    scale = min(1.0, _GROUND_SIDE / min(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    size = max(15, min(small.shape) // 4 | 1)
    ground = cv2.GaussianBlur(cv2.dilate(small, np.ones((size, size), np.uint8)), (0, 0), size / 3)
    if scale < 1:
        ground = cv2.resize(ground, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _grey(cv2.divide(grey, ground, scale=255))


def _sharpened(grey: Grey, radius: float, strength: float) -> Grey:
    soft = cv2.GaussianBlur(grey, (0, 0), radius)
    return _grey(cv2.addWeighted(grey, 1 + strength, soft, -strength, 0))


def _scaled(scale: float) -> Back:
    return np.array([[1 / scale, 0.0, 0.0], [0.0, 1 / scale, 0.0]])


def _grey(picture: object) -> Grey:
    return np.asarray(picture, dtype=np.uint8)
