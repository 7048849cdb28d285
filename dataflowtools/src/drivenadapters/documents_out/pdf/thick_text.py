"""Bold text in fonts that have no bold letters: their outlines are drawn along."""

from typing import Any

from reportlab.pdfgen.textobject import PDFTextObject

from dataflowtools.src.drivenadapters.documents_out.pdf import fonts

_PART_OF_SIZE = 0.03


class ThickText(PDFTextObject):  # type: ignore[misc]  # the library has no types
    """Text whose fonts may be thickened."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._ink: Any = self._canvas._fillColorObj  # noqa: SLF001  # taken before the text began
        self._is_thick = False

    def _setFont(self, name: str, size: float) -> None:  # noqa: N802  # the library's name
        super()._setFont(name, size)
        self._thicken(name, size)

    def setFont(self, name: str, size: float, leading: float | None = None) -> None:  # noqa: N802  # the same
        """Take a font."""
        super().setFont(name, size, leading)
        self._thicken(name, size)

    def setFillColor(self, color: Any, alpha: float | None = None) -> None:  # noqa: N802  # the same
        """Take a colour."""
        super().setFillColor(color, alpha)
        self._ink = color
        if self._is_thick:
            self.setStrokeColor(color)

    def getCode(self) -> str:  # noqa: N802  # the same
        """Give the text, and leave the way of drawing as it was."""
        if self._is_thick:
            self.setTextRenderMode(0)
        return str(super().getCode())

    def _thicken(self, name: str, size: float) -> None:
        wanted = fonts.is_thickened(name)
        if wanted:
            self.setStrokeColor(self._ink)
            self._code.append(f"{size * _PART_OF_SIZE:.3f} w")
        if wanted != self._is_thick:
            self.setTextRenderMode(2 if wanted else 0)
            self._is_thick = wanted
