"""What only a local folder can get wrong: crashes, full disks, sweeps beside writes."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dataflowtools.src.drivenadapters.stores.local_file_store import LocalFileStore
from dataflowtools.src.errors import StorageFull, StoreUnavailable


@pytest.fixture
async def store(tmp_path):
    local = LocalFileStore(tmp_path)
    yield local
    local.close()


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_what_a_dead_process_left_is_removed_but_a_write_under_way_is_not(store, tmp_path):
    (tmp_path / "incoming" / secrets.token_hex(16)).write_bytes(b"half")
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(2_000_000)
        await go_on.wait()

    blob_id = secrets.token_hex(16)
    writing = asyncio.create_task(store.write(blob_id, slow()))
    while not (tmp_path / "incoming" / blob_id).exists():
        await asyncio.sleep(0)
    other_replica = LocalFileStore(tmp_path)
    assert await other_replica.remove_unfinished(older_than_s=0) == 1
    other_replica.close()
    go_on.set()
    assert await writing == 2_000_000


async def test_writes_and_sweeps_at_once_lose_nothing(store):
    async def sweep() -> None:
        for _ in range(50):
            await store.remove_unfinished(older_than_s=0)

    blob_ids = [secrets.token_hex(16) for _ in range(100)]
    await asyncio.gather(*(store.write(blob_id, chunked(b"x")) for blob_id in blob_ids), sweep(), sweep())
    assert {blob.blob_id async for blob in store.list_blobs()} == set(blob_ids)


async def test_files_are_for_the_service_alone(store, tmp_path):
    blob_id = secrets.token_hex(16)
    await store.write(blob_id, chunked(b"secret"))
    file = tmp_path / "blobs" / blob_id[:2] / blob_id
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "blobs").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    mount = await asyncio.create_subprocess_exec("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path)
    if await mount.wait() != 0:
        pytest.skip("mounting is not allowed here")
    try:
        small = LocalFileStore(tmp_path)
        with pytest.raises(StorageFull):
            await small.write(secrets.token_hex(16), chunked(*[bytes(1_000_000)] * 8))
        assert [blob async for blob in small.list_blobs()] == []
        assert list((tmp_path / "incoming").iterdir()) == []
        with pytest.raises(StorageFull):
            await small.check()
        small.close()
    finally:
        await (await asyncio.create_subprocess_exec("umount", tmp_path)).wait()


async def test_a_folder_that_went_away_is_told(store, tmp_path):
    (tmp_path / "incoming").rmdir()
    with pytest.raises(StoreUnavailable):
        await store.write(secrets.token_hex(16), chunked(b"x"))
    with pytest.raises(StoreUnavailable):
        await store.check()


async def test_no_descriptor_stays_open(store):
    before = open_descriptors()
    blob_id = secrets.token_hex(16)
    await store.write(blob_id, chunked(bytes(3_000_000)))
    for _ in range(20):
        writing = asyncio.create_task(store.write(secrets.token_hex(16), chunked(*[bytes(1_000_000)] * 30)))
        await asyncio.sleep(0.002)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        async with store.open(blob_id) as reader:
            await anext(reader.chunks())
    assert len(open_descriptors() - before) <= 1


def open_descriptors() -> set[str]:
    return {link.name for link in Path("/proc/self/fd").iterdir()}
