"""multipart/form-data read as it arrives, part by part, in flat memory."""

from collections import deque
from collections.abc import AsyncIterator
from email.message import Message
from email.utils import collapse_rfc2231_value

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from servicekit.http import Problem

MAX_FIELD_BYTES = 256 * 1024
MAX_PARTS = 1000
_MAX_BOUNDARY_BYTES = 200
_HEADERS, _DATA, _PART_END, _END = range(4)
_ESCAPED = {"%22": '"', "%0D": "\r", "%0A": "\n", "%0d": "\r", "%0a": "\n"}  # as browsers write names


class Part:
    """One part: its names, and its bytes once."""

    def __init__(self, disposition: bytes, body: "MultipartBody") -> None:
        self.name, self.filename = _names(disposition)
        self._body = body
        self._ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive."""
        while not self._ended:
            kind, data = await self._body.next_event()
            if kind == _DATA:
                yield data
            else:
                self._ended = True

    async def text(self) -> str:
        """Read a small field whole."""
        gathered = bytearray()
        async for chunk in self.chunks():
            gathered += chunk
            if len(gathered) > MAX_FIELD_BYTES:
                raise Problem(413, "field_too_large", f"A field has at most {MAX_FIELD_BYTES} bytes.")
        try:
            return gathered.decode()
        except UnicodeDecodeError:
            raise _broken(f"The field {self.name!r} is not UTF-8.") from None


class MultipartBody:
    """Parses a body; what is not a complete multipart body is a 400."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._events: deque[tuple[int, bytes]] = deque()
        self._field, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._finished = False
        self._parser = MultipartParser(
            _boundary(content_type),
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._take_field,
                "on_header_value": self._take_value,
                "on_header_end": self._end_header,
                "on_headers_finished": lambda: self._events.append((_HEADERS, self._disposition)),
                "on_part_data": self._take_data,
                "on_part_end": lambda: self._events.append((_PART_END, b"")),
                "on_end": lambda: self._events.append((_END, b"")),
            },
            max_header_count=16,
        )

    async def parts(self) -> AsyncIterator[Part]:
        """Yield the parts in order; what the taker leaves of one is skipped."""
        for _ in range(MAX_PARTS):
            kind, disposition = await self.next_event()
            if kind == _END:
                await self._skip_epilogue()
                return
            part = Part(disposition, self)
            yield part
            async for _rest in part.chunks():
                pass
        raise _broken(f"A body has at most {MAX_PARTS} parts.")

    async def next_event(self) -> tuple[int, bytes]:
        """Return what the parser found next."""
        while not self._events:
            chunk = await anext(self._chunks, b"")
            if not chunk:
                raise _broken("The body ends before its closing boundary.")
            try:
                self._parser.write(chunk)
            except MultipartParseError as exc:
                raise _broken("The body is not the multipart/form-data that its boundary announces.") from exc
        return self._events.popleft()

    async def _skip_epilogue(self) -> None:
        async for _chunk in self._chunks:
            pass

    def _begin_part(self) -> None:
        self._disposition = b""

    def _take_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._field.strip().lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append((_DATA, data[start:end]))


def _broken(detail: str) -> Problem:
    return Problem(400, "invalid_multipart", detail, title="Body is not valid multipart/form-data")


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_type() != "multipart/form-data":
        raise Problem(415, "unsupported_media_type", "Send the files as Content-Type: multipart/form-data.")
    boundary = message.get_param("boundary")
    if (
        not isinstance(boundary, str)
        or not 1 <= len(boundary) <= _MAX_BOUNDARY_BYTES
        or not boundary.isascii()
    ):
        raise _broken("The Content-Type names no usable boundary.")
    return boundary.encode()


def _names(disposition: bytes) -> tuple[str, str | None]:
    message = Message()
    message["Content-Disposition"] = _text(disposition)
    if message.get_content_disposition() != "form-data":
        raise _broken("A part has no Content-Disposition: form-data.")
    name = message.get_param("name", header="content-disposition")
    filename = message.get_param("filename", header="content-disposition")
    if not isinstance(name, str):
        raise _broken("A part has no name.")
    return name, _filename(filename)


def _filename(value: object) -> str | None:
    if isinstance(value, tuple):  # filename*=charset'language'text
        return collapse_rfc2231_value(value)
    if not isinstance(value, str):
        return None
    for escape, character in _ESCAPED.items():
        value = value.replace(escape, character)
    return value


def _text(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
