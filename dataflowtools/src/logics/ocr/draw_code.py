"""Draw a code."""

from dataflowtools.src.errors import InvalidCode
from dataflowtools.src.logics.ocr.payloads.gs1 import parse_gs1
from dataflowtools.src.logics.ocr.ports.codes import CodeOrder, CodeWriter


class DrawCode:
    """Draws codes of every symbology that can be made."""

    def __init__(self, *, writer: CodeWriter) -> None:
        self._writer = writer

    async def __call__(self, order: CodeOrder) -> bytes:
        """Draw; raises InvalidCode and the errors of workers."""
        if order.gs1:
            _check_digits(order.text)
        return await self._writer.draw(order)


def _check_digits(text: str) -> None:
    for element in (parse_gs1(text, b"") or {}).get("elements", ()):
        if element.get("valid") is False:
            told = f"The check digit of ({element['ai']}){element['value']} is wrong."
            raise InvalidCode(told, field="/text")
