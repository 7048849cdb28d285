"""GET /api/file/download/{file_id}: the bytes, whole or in ranges, never for a browser to run."""

import secrets
from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote

from dataflowtools.src.common.stored_file import StoredFile
from dataflowtools.src.driveradapters.file.ranges import (
    ByteRange,
    Unsatisfiable,
    http_date,
    names_etag,
    parse_http_date,
    parse_ranges,
    range_applies,
)
from dataflowtools.src.logics.file.open_file import OpenedFile, OpenFile
from dataflowtools.src.logics.file.ports.file_store import BlobReader
from servicekit.http import ApiHandler, Problem, operation


class DownloadHandler(ApiHandler):
    """Serves what was stored, as an attachment."""

    def initialize(self, open_file: OpenFile) -> None:
        """Take the use case."""
        self._open_file = open_file

    @operation(
        summary="Download a file",
        tag="files",
        description="Honours Range (also several), If-Range, If-None-Match, If-Modified-Since, If-Match and "
        "If-Unmodified-Since. HEAD answers the same without the bytes.",
        path={"file_id": "The id that uploading returned."},
        replies={200: "application/octet-stream", 206: "application/octet-stream", 304: None},
        errors=("file_not_found", "precondition_failed", "store_unavailable"),
        scope="files",
    )
    async def get(self, file_id: str) -> None:
        """Send the file."""
        async with self._open_file(self.caller.tenant, file_id) as opened:
            self._set_validators(opened.file)
            self._check_preconditions(opened.file)
            if self._is_fresh(opened.file):
                self.set_status(304)
                return
            self.set_header("Content-Disposition", attachment(opened.file.name))
            ranges = self._ranges(opened.file)
            if ranges is None:
                size_bytes = opened.file.content.size_bytes
                await self.reply_stream(
                    opened.reader.chunks(), content_type=opened.file.content.media_type, length=size_bytes
                )
            elif len(ranges) == 1:
                await self._send_range(opened, ranges[0])
            else:
                await self._send_ranges(opened, ranges)

    def _set_validators(self, file: StoredFile) -> None:
        self.set_header("ETag", file.etag)
        self.set_header("Last-Modified", http_date(file.modified_at))
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Cache-Control", "private, no-cache")

    def _check_preconditions(self, file: StoredFile) -> None:
        headers = self.request.headers
        if "If-Match" in headers:
            holds = names_etag(headers["If-Match"], file.etag, weak=False)
        else:
            moment = parse_http_date(headers.get("If-Unmodified-Since", ""))
            holds = moment is None or file.modified_at.replace(microsecond=0) <= moment
        if not holds:
            raise Problem(412, "precondition_failed", "The file is no longer the version that you name.")

    def _is_fresh(self, file: StoredFile) -> bool:
        headers = self.request.headers
        if "If-None-Match" in headers:
            return names_etag(headers["If-None-Match"], file.etag, weak=True)
        moment = parse_http_date(headers.get("If-Modified-Since", ""))
        return moment is not None and file.modified_at.replace(microsecond=0) <= moment

    def _ranges(self, file: StoredFile) -> Sequence[ByteRange] | None:
        headers = self.request.headers
        if self.request.method != "GET" or "Range" not in headers:
            return None
        if "If-Range" in headers and not range_applies(headers["If-Range"], file.etag, file.modified_at):
            return None
        size_bytes = file.content.size_bytes
        try:
            return parse_ranges(headers["Range"], size_bytes)
        except Unsatisfiable:
            raise Problem(
                416,
                "range_not_satisfiable",
                f"The file has {size_bytes} bytes; none of the ranges lies within.",
                title="Range not satisfiable",
                headers={"Content-Range": f"bytes */{size_bytes}"},
            ) from None

    async def _send_range(self, opened: OpenedFile, wanted: ByteRange) -> None:
        self.set_header("Content-Range", _content_range(wanted, opened.file))
        await self.reply_stream(
            opened.reader.chunks(wanted.first, wanted.length),
            content_type=opened.file.content.media_type,
            length=wanted.length,
            status=206,
        )

    async def _send_ranges(self, opened: OpenedFile, ranges: Sequence[ByteRange]) -> None:
        boundary = secrets.token_hex(16)
        heads = [_part_head(boundary, wanted, opened.file) for wanted in ranges]
        end = f"\r\n--{boundary}--\r\n".encode()
        length = sum(map(len, heads)) + sum(wanted.length for wanted in ranges) + len(end)
        await self.reply_stream(
            _parts(opened.reader, ranges, heads, end),
            content_type=f"multipart/byteranges; boundary={boundary}",
            length=length,
            status=206,
        )


async def _parts(
    reader: BlobReader, ranges: Sequence[ByteRange], heads: Sequence[bytes], end: bytes
) -> AsyncIterator[bytes]:
    for wanted, head in zip(ranges, heads, strict=True):
        yield head
        async for chunk in reader.chunks(wanted.first, wanted.length):
            yield chunk
    yield end


def _content_range(wanted: ByteRange, file: StoredFile) -> str:
    return f"bytes {wanted.first}-{wanted.last}/{file.content.size_bytes}"


def _part_head(boundary: str, wanted: ByteRange, file: StoredFile) -> bytes:
    lines = (
        f"\r\n--{boundary}",
        f"Content-Type: {file.content.media_type}",
        f"Content-Range: {_content_range(wanted, file)}",
        "\r\n",
    )
    return "\r\n".join(lines).encode()


def attachment(name: str) -> str:
    """Write Content-Disposition as RFC 6266: a plain name for old clients, the true one beside it."""
    plain = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
