"""Results as objects of an S3-compatible bucket."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from executor.common.settings import ExecutorSettings
from executor.errors import ResultGone, ResultStoreUnavailable
from executor.ports.results import ResultStore

T = TypeVar("T")
log = logging.getLogger(__name__)
PREFIX = "results/"
PART_BYTES = 8 << 20
READ_BYTES = 1 << 18
THREADS = 8
_MISSING = {"NoSuchKey", "NoSuchBucket", "404", "NotFound"}


class S3ResultStore(ResultStore):
    """One object a result; large ones go up in parts, which nobody sees before the last step."""

    def __init__(self, settings: ExecutorSettings) -> None:
        self._bucket = settings.s3_bucket
        self._region = settings.s3_region
        self._client = _connect(settings)
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="executor-results")

    async def close(self) -> None:
        """End the threads and the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        parts = _parts(chunks)
        first = await anext(parts, b"")
        if len(first) == PART_BYTES:
            return await self._put_in_parts(PREFIX + name, first, parts)
        await self._with_bucket("put_object", Key=PREFIX + name, Body=first)
        return len(first)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        body = (await self._call("get_object", Key=PREFIX + name))["Body"]
        try:
            with _translated():
                while chunk := await self._run(partial(body.read, READ_BYTES)):
                    yield chunk
        finally:
            body.close()

    async def delete(self, name: str) -> None:
        with suppress(ResultGone):  # without a bucket there is no result either
            await self._call("delete_object", Key=PREFIX + name)

    async def _put_in_parts(self, key: str, part: bytes, rest: AsyncIterator[bytes]) -> int:
        upload = {
            "Key": key,
            "UploadId": (await self._with_bucket("create_multipart_upload", Key=key))["UploadId"],
        }
        done: list[dict[str, Any]] = []
        size = 0
        try:
            while part:
                reply = await self._call("upload_part", **upload, PartNumber=len(done) + 1, Body=part)
                done.append({"PartNumber": len(done) + 1, "ETag": reply["ETag"]})
                size += len(part)
                part = await anext(rest, b"")
            await self._call("complete_multipart_upload", **upload, MultipartUpload={"Parts": done})
        except BaseException:
            with suppress(ResultStoreUnavailable, ResultGone):
                await self._call("abort_multipart_upload", **upload)
            raise
        return size

    async def _with_bucket(self, operation: str, **arguments: Any) -> Any:
        """The first result of an installation finds no bucket yet."""
        try:
            return await self._call(operation, **arguments)
        except ResultGone:
            await self._make_bucket()
            return await self._call(operation, **arguments)

    async def _make_bucket(self) -> None:
        place = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        await self._call("create_bucket", **({} if self._region == "us-east-1" else place))

    async def _call(self, operation: str, **arguments: Any) -> Any:
        with _translated():
            return await self._run(
                partial(getattr(self._client, operation), Bucket=self._bucket, **arguments)
            )

    async def _run(self, call: Callable[[], T]) -> T:
        """In a thread; who is cancelled waits for it, or a connection would be closed under its reader."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait({future})
            raise


async def _parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    gathered = bytearray()
    async for chunk in chunks:
        gathered += chunk
        while len(gathered) >= PART_BYTES:
            yield bytes(gathered[:PART_BYTES])
            del gathered[:PART_BYTES]
    if gathered:
        yield bytes(gathered)


def _connect(settings: ExecutorSettings) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url or None,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key.get_secret_value() or None,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value() or None,
        config=Config(
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=THREADS,
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path" if settings.s3_endpoint_url else "auto"},
            request_checksum_calculation="when_required",  # not every compatible server knows the newer ones
            response_checksum_validation="when_required",
        ),
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code", "") in _MISSING:
            raise ResultGone("The result was deleted or has expired.") from error
        log.warning("the result store refused: %s", error)
        raise ResultStoreUnavailable("The result store refused us.") from error
    except BotoCoreError as error:
        log.warning("the result store does not answer: %s", error)
        raise ResultStoreUnavailable("The result store does not answer.") from error
