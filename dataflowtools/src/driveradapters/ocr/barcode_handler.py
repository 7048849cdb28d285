"""POST /api/ocr/barcode and POST /api/ocr/barcode/generate."""

import base64
from contextlib import AsyncExitStack

from dataflowtools.src.driveradapters.ocr.extract_handler import READING_ERRORS
from dataflowtools.src.driveradapters.ocr.incoming import SeeingHandler
from dataflowtools.src.driveradapters.ocr.models import BarcodeRequest, GenerateRequest
from dataflowtools.src.driveradapters.ocr.progress import replies_as_events, with_progress
from dataflowtools.src.driveradapters.ocr.replies import BarcodesReply, barcodes_reply
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.ocr.draw_code import DrawCode
from dataflowtools.src.logics.ocr.read_codes import ReadCodes
from servicekit.http import ApiHandler, Problem, operation

_FORM = {
    "file": {"type": "string", "format": "binary", "description": "A picture or a PDF."},
    **{
        name: {"type": "string", "description": field.description or "As in the JSON body."}
        for name, field in BarcodeRequest.model_fields.items()
    },
}
_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


class BarcodeHandler(SeeingHandler):
    """Reads codes."""

    def initialize(self, read_codes: ReadCodes, open_file: OpenFile, max_body_bytes: int) -> None:
        """Take the use cases and the largest body."""
        self._read_codes = read_codes
        self.take = read_codes.take
        self.open_file = open_file
        self.max_body_bytes = max_body_bytes

    @operation(
        summary="Read barcodes and QR codes",
        tag="ocr",
        description="Send the file as multipart/form-data, or JSON with a file_id. No code is an empty list.",
        form=_FORM,
        replies={200: BarcodesReply},
        errors=READING_ERRORS,
        scope="documents",
    )
    async def post(self) -> None:
        """Read the codes."""
        async with AsyncExitStack() as stack:
            file, asked = await self.receive(BarcodeRequest, stack)
            options = asked.as_options()
            if replies_as_events(self):
                await with_progress(self, lambda tell: self._read_codes(file, options, tell), barcodes_reply)
                return
            self.reply(barcodes_reply(await self._read_codes(file, options)))


class GenerateHandler(ApiHandler):
    """Draws codes."""

    def initialize(self, draw_code: DrawCode) -> None:
        """Take the use case."""
        self._draw_code = draw_code

    @operation(
        summary="Draw a barcode or QR code",
        tag="ocr",
        body=GenerateRequest,
        replies={200: "image/png"},
        errors=("invalid_code", "workers_busy", "workers_unavailable"),
        scope="documents",
    )
    async def post(self) -> None:
        """Draw the code."""
        asked = self.parse_body(GenerateRequest)
        picture = await self._draw_code(asked.as_order(_decoded(asked.bytes)))
        self.set_header("Content-Type", _TYPES[asked.output])
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.write(picture)


def _decoded(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # not ASCII, or binascii's own kind of it
        fault = {"pointer": "/bytes", "code": "invalid_field", "message": "Not Base64."}
        raise Problem(422, "validation_failed", "bytes is not Base64.", errors=[fault]) from None
