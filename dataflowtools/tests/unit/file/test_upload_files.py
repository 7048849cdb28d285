"""Uploading with stores and catalogues of every mood."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from dataflowtools.src.common.stored_file import FileDescription, IncomingFile, Owner
from dataflowtools.src.errors import (
    DatabaseUnavailable,
    FileTooLarge,
    InvalidFileRequest,
    QuotaExceeded,
    StorageFull,
    StoreOfAnother,
    UploadInterrupted,
)
from dataflowtools.src.logics.file.file_limits import FileLimits
from dataflowtools.src.logics.file.sweep_orphans import SweepOrphans
from dataflowtools.src.logics.file.upload_files import UploadFiles
from dataflowtools.tests.fakes.file_catalogue import BrokenFileCatalogue, FakeFileCatalogue, utc_now
from dataflowtools.tests.fakes.file_store import BrokenFileStore, FakeFileStore
from dataflowtools.tests.stored_files import START, make_file

OWNER = Owner(tenant="acme", user="ada")
LIMITS = FileLimits(file_bytes=100, quota_bytes=150, upload_files=3, upload_s=60)


def incoming(name: str, *chunks: bytes) -> IncomingFile:
    async def pieces() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return IncomingFile(name=name, chunks=pieces())


async def parts(*given: IncomingFile | FileDescription) -> AsyncIterator[IncomingFile | FileDescription]:
    for part in given:
        yield part


def uploader(store=None, catalogue=None, now=utc_now) -> UploadFiles:
    return UploadFiles(
        store=store or FakeFileStore(), catalogue=catalogue or FakeFileCatalogue(), limits=LIMITS, now=now
    )


async def test_files_belong_to_their_owner_and_have_ids_nobody_can_guess():
    catalogue = FakeFileCatalogue()
    upload = uploader(catalogue=catalogue)
    ids = {(await upload(OWNER, parts(incoming("a", b"x"))))[0].file_id for _ in range(50)}
    assert len(ids) == 50
    assert all(len(file_id) == 32 for file_id in ids)
    assert {file.owner for file in catalogue.files.values()} == {OWNER}


async def test_descriptions_hold_for_all_files_wherever_they_stand():
    described = (
        FileDescription(tags=["a", "a"]),
        FileDescription(metadata={"n": 1}),
        FileDescription(tags=["b"]),
    )
    files = await uploader()(
        OWNER, parts(described[0], incoming("x"), described[1], incoming("y"), described[2])
    )
    assert [(file.name, file.tags, file.metadata) for file in files] == [
        ("x", ("a", "b"), {"n": 1}),
        ("y", ("a", "b"), {"n": 1}),
    ]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([incoming("a", b"x" * 60, b"x" * 60)], FileTooLarge),
        ([incoming("a", b"x" * 90), incoming("b", b"x" * 90)], QuotaExceeded),
        ([incoming(str(number)) for number in range(4)], InvalidFileRequest),
        (
            [incoming("a", b"x"), FileDescription(metadata={}), FileDescription(metadata={})],
            InvalidFileRequest,
        ),
        ([FileDescription(tags=["a"])], InvalidFileRequest),
    ],
)
async def test_what_goes_beyond_a_limit_leaves_nothing(given, error):
    store, catalogue = FakeFileStore(), FakeFileCatalogue()
    with pytest.raises(error):
        await uploader(store, catalogue)(OWNER, parts(*given))
    assert (store.blobs, catalogue.files) == ({}, {})


async def test_a_quota_that_others_filled_meanwhile_leaves_nothing():
    store, catalogue = FakeFileStore(), FakeFileCatalogue()

    async def meanwhile() -> AsyncIterator[IncomingFile]:
        yield incoming("a", b"x" * 90)
        for number in range(7):
            filler = make_file(str(number))
            catalogue.files[filler.file_id] = filler

    with pytest.raises(QuotaExceeded):
        await uploader(store, catalogue)(OWNER, meanwhile())
    assert store.blobs == {}


async def test_the_first_error_is_told_even_when_cleaning_up_fails_too():
    with pytest.raises(StorageFull):
        await uploader(BrokenFileStore(StorageFull))(OWNER, parts(incoming("a", b"x")))


async def test_after_a_lost_commit_the_bytes_stay_for_the_sweep_to_judge():
    store = FakeFileStore()
    with pytest.raises(DatabaseUnavailable):
        await uploader(store, BrokenFileCatalogue())(OWNER, parts(incoming("a", b"x")))
    assert len(store.blobs) == 1
    sweep = SweepOrphans(store=store, catalogue=FakeFileCatalogue(), age_s=0, now=utc_now)
    assert await sweep() == 1
    assert store.blobs == {}


async def test_an_upload_slower_than_the_sweep_allows_is_refused_whole():
    moments = iter(START + timedelta(seconds=second) for second in (0, 30, 61))
    store = FakeFileStore()
    with pytest.raises(UploadInterrupted):
        await uploader(store, now=lambda: next(moments))(OWNER, parts(incoming("a"), incoming("b")))
    assert store.blobs == {}


async def test_the_sweep_spares_what_is_known_and_what_is_young():
    store, catalogue = FakeFileStore(), FakeFileCatalogue()
    await uploader(store, catalogue)(OWNER, parts(incoming("known", b"x")))
    store.blobs["f" * 32] = (b"orphan", START - timedelta(days=2))
    store.blobs["e" * 32] = (b"young", utc_now())
    store.unfinished.add("half")
    sweep = SweepOrphans(store=store, catalogue=catalogue, age_s=3600, now=utc_now)
    assert await sweep() == 2
    assert "f" * 32 not in store.blobs
    assert len(store.blobs) == 2


async def test_a_database_started_afresh_makes_no_orphans_of_the_files_there_are():
    store = FakeFileStore()
    store.blobs["f" * 32] = (b"of the database before", START - timedelta(days=2))
    first = SweepOrphans(store=store, catalogue=catalogue_of(store), age_s=3600, now=utc_now)
    assert await first() == 0
    fresh = SweepOrphans(store=store, catalogue=FakeFileCatalogue(), age_s=3600, now=utc_now)
    with pytest.raises(StoreOfAnother):
        await fresh()
    assert "f" * 32 in store.blobs


def catalogue_of(store: FakeFileStore) -> FakeFileCatalogue:
    catalogue = FakeFileCatalogue()
    for blob_id in store.blobs:
        file = make_file()
        file = dataclasses.replace(file, content=dataclasses.replace(file.content, blob_id=blob_id))
        catalogue.files[file.file_id] = file
    return catalogue


async def test_an_id_of_the_callers_making_is_stored_under_once():
    store, catalogue = FakeFileStore(), FakeFileCatalogue()
    upload = uploader(store, catalogue)
    [first] = await upload(OWNER, parts(incoming("a", b"x")), file_id="f" * 32)
    [again] = await upload(OWNER, parts(incoming("b", b"other")), file_id="f" * 32)
    assert again == first
    assert first.file_id == "f" * 32
    assert list(catalogue.files) == [first.file_id]
    assert [blob.blob_id async for blob in store.list_blobs()] == [first.content.blob_id]
