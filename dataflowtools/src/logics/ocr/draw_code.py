"""Draw a code."""

from dataflowtools.src.logics.ocr.ports.codes import CodeOrder, CodeWriter


class DrawCode:
    """Draws codes of every symbology that can be made."""

    def __init__(self, *, writer: CodeWriter) -> None:
        self._writer = writer

    async def __call__(self, order: CodeOrder) -> bytes:
        """Draw; raises InvalidCode and the errors of workers."""
        return await self._writer.draw(order)
