"""Codes drawn with known content and spoiled in nine ways."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp

CONTENTS = {
    "QRCode": ["https://example.com/a?b=1&c=二维码", "发票号码 24312000000012345678", "x" * 120],
    "EAN13": ["4006381333931", "6901234567892", "9780306406157"],
    "Code128": ["ABC-12345", "SN20261121-0007", "99887766554433"],
    "DataMatrix": ["lot 42 / 2026-11", "数据矩阵", "0123456789" * 4],
    "PDF417": ["PDF417 carries more text than others", "姓名 张三", "A1B2C3" * 8],
    "Aztec": ["ticket 7 C 14", "阿兹特克", "9" * 60],
}


@dataclass(frozen=True)
class DrawnCode:
    name: str
    format: str
    text: str
    picture: np.ndarray


def draw(name: str, text: str, scale: int = 4, margin: int = 24) -> np.ndarray:
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat[name])
    drawn = np.array(zxingcpp.write_barcode_to_image(barcode, scale=scale))
    return cv2.copyMakeBorder(drawn, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255)


def turn(picture: np.ndarray, degrees: float) -> np.ndarray:
    height, width = picture.shape[:2]
    side = int(np.hypot(height, width)) + 8
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    return cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_CUBIC, borderValue=255)


def tilt(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    start = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    end = np.float32([[0.06 * width, 0.04 * height], [width, 0], [0.93 * width, height], [0, 0.94 * height]])
    matrix = cv2.getPerspectiveTransform(start, end)
    return cv2.warpPerspective(picture, matrix, (width, height), borderValue=255)


def noisy(picture: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    spoiled = picture.astype(np.float32) + generator.normal(0, 40, picture.shape)
    return np.clip(spoiled, 0, 255).astype(np.uint8)


def faint(picture: np.ndarray) -> np.ndarray:
    return (140 + picture.astype(np.float32) * (30 / 255)).astype(np.uint8)


def shaded(picture: np.ndarray) -> np.ndarray:
    shade = np.linspace(0.25, 1.0, picture.shape[1])[None, :]
    return (picture * shade).astype(np.uint8)


def small(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)


def distortions(generator: np.random.Generator) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    return {
        "clean": lambda picture: picture,
        "turned": lambda picture: turn(picture, 33),
        "tilted": tilt,
        "blurred": lambda picture: cv2.GaussianBlur(picture, (0, 0), 2.0),
        "noisy": lambda picture: noisy(picture, generator),
        "faint": faint,
        "shaded": shaded,
        "small": small,
        "inverted": lambda picture: 255 - picture,
    }


def drawn_codes() -> Iterator[DrawnCode]:
    for name, texts in CONTENTS.items():
        for text in texts:
            plain = draw(name, text)
            for way, spoil in distortions(np.random.default_rng(7)).items():
                yield DrawnCode(way, name, text, np.ascontiguousarray(spoil(plain)))
