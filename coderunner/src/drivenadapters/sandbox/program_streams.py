"""What a program writes to its streams, kept within bounds."""

import codecs
import os

READ_BYTES = 256 * 1024


class Stream:
    """A bounded tail of bytes from one of the program's streams."""

    def __init__(self, name: str, fd: int, limit_bytes: int) -> None:
        self.name = name
        self.fd = fd
        self.limit_bytes = limit_bytes
        self.kept = bytearray()
        self.seen = 0
        self.ended = False

    @property
    def truncated(self) -> bool:
        return self.seen > self.limit_bytes

    def read(self) -> bytes:
        """What is there now, and nothing beyond the limit; b"" when there is nothing or no more."""
        try:
            data = os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            self.ended = True
        self.seen += len(data)
        fresh = data[: max(self.limit_bytes - len(self.kept), 0)]
        self.kept += fresh
        return fresh


class Utf8:
    """Decodes a stream piece by piece; what is no UTF-8 becomes U+FFFD."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def decode(self, data: bytes) -> str:
        return self._decoder.decode(data)
