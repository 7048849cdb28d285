"""Pages drawn with known text."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

CHINESE_FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
LATIN_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
ZH = [
    "今年公司营业收入达到三千五百万元，同比增长百分之十二。",
    "研发投入继续提高，新产品的订单已经排到明年三月份。",
    "请各部门在本周五之前提交预算，并说明主要的变化原因。",
]
EN = [
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "Quarterly revenue rose by 12 percent to 35 million in total.",
    "Please return the signed contract before Friday afternoon.",
]
MIXED = [
    "项目编号 A-2026-118 已经审批通过，请尽快安排付款。",
    "客户 Contoso Ltd 的合同金额为 USD 48,200.50，有效期两年。",
    "会议时间 2026-11-21 14:30，地点 Room 305，联系人 Li Wei。",
]
VERTICAL = [
    "春眠不觉晓处处闻啼鸟夜来风雨声",
    "花落知多少床前明月光疑是地上霜",
    "举头望明月低头思故乡白日依山尽",
]


def font(size: int, path: str = CHINESE_FONT) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def page(
    lines: Sequence[str], *, size: int = 28, colour: int = 0, ground: int = 255, path: str = CHINESE_FONT
) -> Image.Image:
    face = font(size, path)
    width = int(max(face.getlength(line) for line in lines)) + 4 * size
    drawn = Image.new("L", (width, int(len(lines) * size * 1.9) + 3 * size), ground)
    pen = ImageDraw.Draw(drawn)
    for index, line in enumerate(lines):
        pen.text((2 * size, size * 1.5 + index * size * 1.9), line, font=face, fill=colour)
    return drawn


def columns(left: Sequence[str], right: Sequence[str], *, size: int = 24, gap: int = 50) -> Image.Image:
    face = font(size)
    wide = int(max(face.getlength(line) for line in left))
    width = wide + gap + int(max(face.getlength(line) for line in right)) + 120
    drawn = Image.new("L", (width, int(max(len(left), len(right)) * size * 1.6) + 120), 255)
    pen = ImageDraw.Draw(drawn)
    for start, lines in ((60, left), (60 + wide + gap, right)):
        for index, line in enumerate(lines):
            pen.text((start, 60 + index * size * 1.6), line, font=face, fill=0)
    return drawn


def vertical(lines: Sequence[str], *, size: int = 32) -> Image.Image:
    face = font(size)
    height = max(map(len, lines)) * int(size * 1.15) + 80
    width = len(lines) * size * 2 + 80
    drawn = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(drawn)
    for index, line in enumerate(lines):
        for row, letter in enumerate(line):
            at = (width - 40 - size - index * size * 2, 40 + row * int(size * 1.15))
            pen.text(at, letter, font=face, fill=0)
    return drawn


def ruled_table(rows: Sequence[Sequence[str]], *, size: int = 24, wide: int = 220) -> Image.Image:
    tall = size * 2
    drawn = Image.new("L", (wide * len(rows[0]) + 80, tall * len(rows) + 80), 255)
    pen = ImageDraw.Draw(drawn)
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            left, top = 40 + column * wide, 40 + row * tall
            pen.rectangle((left, top, left + wide, top + tall), outline=0, width=2)
            pen.text((left + 14, top + size // 2), text, font=font(size), fill=0)
    return drawn


def noisy(picture: Image.Image, strength: float = 25) -> Image.Image:
    noise = np.random.default_rng(3).normal(0, strength, (picture.height, picture.width))
    return Image.fromarray(np.clip(np.array(picture, dtype=float) + noise, 0, 255).astype(np.uint8))


def blurred(picture: Image.Image, radius: float = 1.2) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius))


def png(picture: Image.Image) -> bytes:
    return saved(picture, "PNG")


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def accuracy(found: str, wanted: str) -> float:
    """1 - edits / length, spaces and the width of punctuation aside."""
    table = str.maketrans("，。：；（）！？、", ",.:;()!?,")
    a, b = ("".join(text.translate(table).split()) for text in (found, wanted))
    before = list(range(len(b) + 1))
    for row, letter in enumerate(a, start=1):
        now = [row]
        for column, other in enumerate(b, start=1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (letter != other)))
        before = now
    return 1 - before[-1] / max(1, len(b))
