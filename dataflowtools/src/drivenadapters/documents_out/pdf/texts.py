"""Runs as the markup that reportlab lays out; everything from the document is escaped."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph

from dataflowtools.src.drivenadapters.documents_out.pdf import fonts
from dataflowtools.src.logics.file.documents import model
from dataflowtools.src.logics.file.documents.render_html import safe_link

_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_CONTROL = {code: None for code in range(32) if code != 10}  # noqa: PLR2004  # the line end stays
_ALIGN = {"": TA_LEFT, "left": TA_LEFT, "center": TA_CENTER, "right": TA_RIGHT, "justify": TA_JUSTIFY}
_LINE = 1.35
_HANGING = 18.0
_LONG_WORD = 60


@dataclass(frozen=True, slots=True)
class Look:
    """How paragraphs of a kind look; sizes in points."""

    size: float = 10.5
    bold: bool = False
    italic: bool = False
    mono: bool = False
    color: str = "000000"
    background: str = ""
    align: str = ""
    before: float = 0.0
    after: float = 6.0
    line: float = _LINE
    keep: bool = False

    def style(self, text: str, align: str = "", *, indent: float = 0.0, mark: str = "") -> ParagraphStyle:
        """Make reportlab's style for a text: Chinese breaks between characters, so do overlong words."""
        loose = (
            self.mono or bool(_CHINESE.search(text)) or any(len(word) > _LONG_WORD for word in text.split())
        )
        return ParagraphStyle(
            "own", fontName="Helvetica", fontSize=self.size, leading=self.size * self.line,
            textColor=HexColor(f"#{self.color}"), alignment=_ALIGN[align or self.align], spaceBefore=self.before,
            spaceAfter=self.after, wordWrap="CJK" if loose else None, keepWithNext=self.keep,
            backColor=HexColor(f"#{self.background}") if self.background else None,
            borderPadding=4 if self.background else 0, leftIndent=indent, bulletIndent=max(indent - _HANGING, 0),
            bulletFontName=next(fonts.spans(mark), ("Helvetica", ""))[0], bulletFontSize=self.size,
        )  # fmt: skip


def paragraph(
    runs: Sequence[model.Run], look: Look, align: str = "", *, indent: float = 0.0, mark: str = ""
) -> Paragraph:
    """Lay out runs as one paragraph, with the mark of its list before it."""
    text = "".join(run.text for run in runs)
    marked = "".join(_run(run, look) for run in runs)
    style = look.style(text, align, indent=indent, mark=mark)
    return Paragraph(marked, style, bulletText=mark or None)


def _run(run: model.Run, look: Look) -> str:
    text = (run.note or run.text).expandtabs(4).translate(_CONTROL)
    bold, italic, mono = run.bold or look.bold, run.italic or look.italic, run.code or look.mono
    if mono:
        text = text.replace("  ", "\u00a0\u00a0").replace("\n ", "\n\u00a0")
    size = f' size="{run.size:g}"' if run.size else ""
    color = f' color="#{run.color.lstrip("#")}"' if run.color else ""
    parts = [
        f'<font name="{font}"{size}{color}>{escape(part).replace(chr(10), "<br/>")}</font>'
        for font, part in fonts.spans(text, bold=bold, italic=italic, mono=mono)
    ]
    return _marked("".join(parts), run)


def _marked(written: str, run: model.Run) -> str:
    script = "super" if run.note else run.script
    for wanted, tag in ((script, script), (run.struck, "strike"), (run.underline, "u")):
        if wanted:
            written = f"<{tag}>{written}</{tag}>"
    address = safe_link(run.link)
    if address and not address.startswith("#"):
        return f'<a href={quoteattr(address)} color="#0563C1">{written}</a>'
    return written


def draw_line(canvas: Any, text: str, middle: float, height: float, size: float = 9.0) -> None:
    """Draw a line of text around a point, with the fonts that its characters need."""
    stretches = list(fonts.spans(text.translate(_CONTROL).replace("\n", " ")))
    left = middle - sum(canvas.stringWidth(part, font, size) for font, part in stretches) / 2
    for font, part in stretches:
        canvas.setFont(font, size)
        canvas.drawString(left, height, part)
        left += canvas.stringWidth(part, font, size)
