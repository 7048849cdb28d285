"""Blobs as objects of an S3-compatible bucket."""

import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dataflowtools.src.drivenadapters.stores.blocks import blocks_of
from dataflowtools.src.errors import StorageFull, StoreUnavailable
from dataflowtools.src.logics.file.ports.file_store import BlobReader, FileStore, StoredBlob
from rowkit.threads import BoundedThreads

_log = logging.getLogger(__name__)

_PART_BYTES = 8 * 1024 * 1024
_READ_BYTES = 256 * 1024
_PREFIX = "blobs/"
_MARKER = "catalogue"
_MISSING = {"NoSuchKey", "NoSuchBucket", "404", "NotFound"}
_NO_ROOM = {"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "507"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where a bucket is and how to get in; empty keys use the machine's own role."""

    name: str
    endpoint_url: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = ""


class S3FileStore(FileStore):
    """One object a blob; large blobs go up in parts, which nobody sees before the last step."""

    def __init__(self, bucket: Bucket, *, threads: int = 8) -> None:
        self._bucket = bucket.name
        self._region = bucket.region
        self._client = _connect(bucket, threads)
        self._making = threading.Lock()
        self._under_way: set[str] = set()
        self._threads = BoundedThreads(threads, name="s3-store")

    def close(self) -> None:
        """End the threads and the connections."""
        self._threads.close()
        self._client.close()

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> int:
        parts = blocks_of(chunks, _PART_BYTES)
        first = await anext(parts, b"")
        if len(first) < _PART_BYTES:
            await self._put_whole(blob_id, first)
            return len(first)
        self._under_way.add(_PREFIX + blob_id)
        try:
            return await self._put_in_parts(blob_id, first, parts)
        finally:
            self._under_way.discard(_PREFIX + blob_id)

    @asynccontextmanager
    async def open(self, blob_id: str) -> AsyncIterator[BlobReader]:
        head = await self._call("head_object", Key=_PREFIX + blob_id)
        yield _S3Reader(self, blob_id, head["ContentLength"])

    async def remove(self, blob_id: str) -> None:
        await self._call("delete_object", Key=_PREFIX + blob_id)

    async def list_blobs(self) -> AsyncIterator[StoredBlob]:
        more: dict[str, str] = {}
        while True:
            page = await self._call("list_objects_v2", Prefix=_PREFIX, **more)
            for entry in page.get("Contents", ()):
                yield StoredBlob(
                    blob_id=entry["Key"].removeprefix(_PREFIX),
                    size_bytes=entry["Size"],
                    stored_at=entry["LastModified"],
                )
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def remove_unfinished(self, *, older_than_s: float) -> int:
        before = datetime.now(UTC) - timedelta(seconds=older_than_s)
        page = await self._call("list_multipart_uploads", Prefix=_PREFIX)
        old = [upload for upload in page.get("Uploads", ()) if upload["Initiated"] <= before]
        abandoned = [upload for upload in old if upload["Key"] not in self._under_way]
        for upload in abandoned:
            await self._call("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])
        return len(abandoned)

    async def claim(self, catalogue_id: str) -> str:
        with _translated():
            return await self._threads.run(self._claim, catalogue_id)

    async def check(self) -> None:
        with _translated():
            await self._threads.run(self._make_bucket_if_missing)

    async def _put_whole(self, blob_id: str, body: bytes) -> None:
        try:
            await self._call("put_object", Key=_PREFIX + blob_id, Body=body)
        except BaseException:
            await self.remove(blob_id)  # a request that was cut off may have arrived
            raise

    async def _put_in_parts(self, blob_id: str, first: bytes, rest: AsyncIterator[bytes]) -> int:
        key = _PREFIX + blob_id
        upload_id = (await self._call("create_multipart_upload", Key=key))["UploadId"]
        done: list[dict[str, Any]] = []
        size_bytes = 0
        try:
            part = first
            while part:
                number = len(done) + 1
                reply = await self._call(
                    "upload_part", Key=key, UploadId=upload_id, PartNumber=number, Body=part
                )
                done.append({"PartNumber": number, "ETag": reply["ETag"]})
                size_bytes += len(part)
                part = await anext(rest, b"")
            await self._call(
                "complete_multipart_upload", Key=key, UploadId=upload_id, MultipartUpload={"Parts": done}
            )
        except BaseException:
            with contextlib.suppress(StoreUnavailable):  # already complete: then the object goes
                await self._call("abort_multipart_upload", Key=key, UploadId=upload_id)
            await self.remove(blob_id)
            raise
        return size_bytes

    async def _call(self, operation: str, **arguments: Any) -> Any:
        with _translated():
            return await self._threads.run(getattr(self._client, operation), Bucket=self._bucket, **arguments)

    def _make_bucket_if_missing(self) -> None:
        with self._making:  # to some servers, making a bucket again empties it
            self._look_or_make()

    def _look_or_make(self) -> None:
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in _MISSING:
                raise
            place = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
            self._client.create_bucket(Bucket=self._bucket, **({} if self._region == "us-east-1" else place))

    def _claim(self, catalogue_id: str) -> str:
        try:
            return self._read_marker()
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in _MISSING:
                raise
            self._client.put_object(Bucket=self._bucket, Key=_MARKER, Body=catalogue_id.encode())
            return self._read_marker()

    def _read_marker(self) -> str:
        body: bytes = self._client.get_object(Bucket=self._bucket, Key=_MARKER)["Body"].read()
        return body.decode()

    async def stream(self, blob_id: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Yield a part of a blob; the object is held by the one request that reads it."""
        span = f"bytes={start}-{start + length - 1}"
        body = (await self._call("get_object", Key=_PREFIX + blob_id, Range=span))["Body"]
        try:
            with _translated():
                while chunk := await self._threads.run(body.read, _READ_BYTES):
                    yield chunk
        finally:
            body.close()


class _S3Reader(BlobReader):
    def __init__(self, store: S3FileStore, blob_id: str, size_bytes: int) -> None:
        self._store = store
        self._blob_id = blob_id
        self._size_bytes = size_bytes

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    async def chunks(self, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        wanted = self._size_bytes - start if length is None else length
        if wanted > 0:
            async for chunk in self._store.stream(self._blob_id, start, wanted):
                yield chunk


def _connect(bucket: Bucket, threads: int) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=bucket.endpoint_url or None,
        region_name=bucket.region,
        aws_access_key_id=bucket.access_key or None,
        aws_secret_access_key=bucket.secret_key or None,
        config=Config(
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=threads,
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path" if bucket.endpoint_url else "auto"},
            request_checksum_calculation="when_required",  # not every compatible server knows the newer ones
            response_checksum_validation="when_required",
        ),
    )


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as exc:
        code = exc.response.get("Error", {}).get("Code", "")
        if code in _MISSING:
            raise StoreUnavailable("The file's stored bytes are missing.") from exc
        if code in _NO_ROOM:
            raise StorageFull("There is no room left to store files.") from exc
        _log.warning("The file store refused: %s", exc)
        raise StoreUnavailable("The file store refused us.") from exc
    except BotoCoreError as exc:
        _log.warning("The file store does not answer: %s", exc)
        raise StoreUnavailable("The file store does not answer.") from exc
