"""Every store of blobs keeps the same promises."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from dataflowtools.src.drivenadapters.stores.local_file_store import LocalFileStore
from dataflowtools.src.drivenadapters.stores.s3_file_store import Bucket, S3FileStore
from dataflowtools.src.errors import StoreUnavailable
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.tests.fakes.file_store import FakeFileStore
from dataflowtools.tests.real_servers import s3_server


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(params=["fake", "local", "s3"])
async def store(request, tmp_path) -> AsyncIterator[FileStore]:
    if request.param == "fake":
        yield FakeFileStore()
    elif request.param == "local":
        local = LocalFileStore(tmp_path)
        yield local
        local.close()
    else:
        s3 = fresh_bucket(request.getfixturevalue("s3_address"))
        await s3.check()
        yield s3
        s3.close()


def fresh_bucket(address: str) -> S3FileStore:
    name = f"test-{secrets.token_hex(6)}"
    return S3FileStore(
        Bucket(name=name, endpoint_url=address, access_key="test", secret_key="test"), threads=4
    )


def new_id() -> str:
    return secrets.token_hex(16)


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def failing(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk
    raise ConnectionResetError


async def read(store: FileStore, blob_id: str, *span: int) -> bytes:
    async with store.open(blob_id) as reader:
        return b"".join([chunk async for chunk in reader.chunks(*span)])


async def listed(store: FileStore) -> list[str]:
    return [blob.blob_id async for blob in store.list_blobs()]


async def test_what_was_written_is_read_back_whole_and_in_part(store):
    blob_id = new_id()
    assert await store.write(blob_id, chunked(b"hello ", b"", b"world")) == 11
    assert await read(store, blob_id) == b"hello world"
    assert await read(store, blob_id, 6) == b"world"
    assert await read(store, blob_id, 4, 3) == b"o w"
    assert await read(store, blob_id, 3, 0) == b""
    async with store.open(blob_id) as reader:
        assert reader.size_bytes == 11


async def test_an_empty_blob_is_a_blob(store):
    blob_id = new_id()
    assert await store.write(blob_id, chunked()) == 0
    assert await read(store, blob_id) == b""
    assert await listed(store) == [blob_id]


async def test_a_large_blob_in_odd_chunks_arrives_bit_by_bit(store):
    blob_id, chunk = new_id(), secrets.token_bytes(999_983)
    assert await store.write(blob_id, chunked(*[chunk] * 21)) == 21 * 999_983
    digest = hashlib.sha256()
    async with store.open(blob_id) as reader:
        async for part in reader.chunks():
            assert len(part) <= 1024 * 1024
            digest.update(part)
    assert digest.digest() == hashlib.sha256(chunk * 21).digest()
    assert await read(store, blob_id, 999_980, 6) == chunk[-3:] + chunk[:3]


@pytest.mark.parametrize("size_bytes", [10, 20_000_000])
async def test_a_write_that_fails_leaves_nothing(store, size_bytes):
    with pytest.raises(ConnectionResetError):
        await store.write(new_id(), failing(bytes(size_bytes)))
    assert await listed(store) == []
    assert await store.remove_unfinished(older_than_s=0) == 0


@pytest.mark.parametrize("size_bytes", [10, 20_000_000])
async def test_a_cancelled_write_leaves_nothing_and_shows_nothing_before(store, size_bytes):
    reached, blob_id = asyncio.Event(), new_id()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(size_bytes)
        reached.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.write(blob_id, endless()))
    await reached.wait()
    assert await listed(store) == []
    with pytest.raises(StoreUnavailable):
        await read(store, blob_id)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await listed(store) == []
    assert await store.remove_unfinished(older_than_s=0) == 0


@pytest.mark.parametrize("blob_id", [new_id(), "../../../etc/passwd", "", "x" * 32, "A" * 32])
async def test_a_blob_that_is_not_there_cannot_be_opened(store, blob_id):
    with pytest.raises(StoreUnavailable):
        await read(store, blob_id)


async def test_a_write_under_way_is_not_taken_for_an_abandoned_one(store):
    async def swept() -> AsyncIterator[bytes]:
        yield bytes(9_000_000)
        await store.remove_unfinished(older_than_s=0)
        yield bytes(9_000_000)

    blob_id = new_id()
    assert await store.write(blob_id, swept()) == 18_000_000
    assert len(await read(store, blob_id)) == 18_000_000


async def test_a_removed_blob_is_gone_and_removing_it_again_is_no_error(store):
    blob_id = new_id()
    await store.write(blob_id, chunked(b"x"))
    await store.remove(blob_id)
    await store.remove(blob_id)
    assert await listed(store) == []
    with pytest.raises(StoreUnavailable):
        await read(store, blob_id)


async def test_who_reads_when_a_blob_is_removed_reads_to_the_end(store):
    blob_id, body = new_id(), secrets.token_bytes(3_000_000)
    await store.write(blob_id, chunked(body))
    async with store.open(blob_id) as reader:
        chunks = reader.chunks()
        first = await anext(chunks)
        await store.remove(blob_id)
        assert first + b"".join([chunk async for chunk in chunks]) == body


async def test_a_reader_that_stops_early_does_no_harm(store):
    blob_id = new_id()
    await store.write(blob_id, chunked(bytes(3_000_000)))
    async with store.open(blob_id) as reader:
        chunks = reader.chunks()
        await anext(chunks)
        await chunks.aclose()
    assert len(await read(store, blob_id)) == 3_000_000


async def test_listing_tells_ids_sizes_and_times(store):
    blob_ids = {new_id() for _ in range(5)}
    for blob_id in blob_ids:
        await store.write(blob_id, chunked(b"12345"))
    blobs = [blob async for blob in store.list_blobs()]
    assert {blob.blob_id for blob in blobs} == blob_ids
    assert {blob.size_bytes for blob in blobs} == {5}
    assert all(blob.stored_at.tzinfo is not None for blob in blobs)


async def test_many_writes_at_once_do_not_mix(store):
    bodies = {new_id(): secrets.token_bytes(50_000) for _ in range(20)}
    await asyncio.gather(*(store.write(blob_id, chunked(body)) for blob_id, body in bodies.items()))
    assert {blob_id: await read(store, blob_id) for blob_id in bodies} == bodies


async def test_a_store_belongs_to_the_catalogue_that_claims_it_first(store):
    assert await store.claim("a" * 32) == "a" * 32
    assert await store.claim("b" * 32) == "a" * 32
    assert await listed(store) == []


async def test_a_store_in_order_says_so(store):
    await store.check()


async def test_an_abandoned_multipart_upload_is_removed(s3_address):
    s3 = fresh_bucket(s3_address)
    await s3.check()
    s3._client.create_multipart_upload(Bucket=s3._bucket, Key=f"blobs/{new_id()}")
    assert await s3.remove_unfinished(older_than_s=1e9) == 0  # the server dates every upload to 2010
    assert await s3.remove_unfinished(older_than_s=0) == 1
    assert await s3.remove_unfinished(older_than_s=0) == 0
    s3.close()


async def test_a_bucket_that_is_away_is_told(unused_tcp_port):
    address = f"http://127.0.0.1:{unused_tcp_port}"
    s3 = S3FileStore(Bucket(name="away", endpoint_url=address, access_key="test", secret_key="test"))
    with pytest.raises(StoreUnavailable):
        await s3.check()
    with pytest.raises(StoreUnavailable):
        await read(s3, new_id())
    s3.close()
