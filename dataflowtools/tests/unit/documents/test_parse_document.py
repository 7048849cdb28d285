"""The use case: one run for many, what is kept, and pages that have to be recognised."""

import asyncio
import hashlib
from contextlib import asynccontextmanager, suppress

import pytest

from dataflowtools.src.drivenadapters.documents.result_caches import MemoryResultCache
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.parse_document import CacheChoice, ParseDocument
from dataflowtools.src.logics.file.documents.ports.document_reader import (
    DocumentReader,
    RenderedDocument,
    TakenDocument,
)
from dataflowtools.src.logics.file.documents.ports.text_recogniser import Recognition, TextRecogniser
from dataflowtools.src.logics.file.documents.recognised import RecognisedBlock
from dataflowtools.tests.fakes.file_catalogue import FakeFileCatalogue
from dataflowtools.tests.fakes.file_store import FakeFileStore


class FakeReader(DocumentReader):
    """Gives the bytes back as a string; waits while `gate` is closed."""

    def __init__(self):
        self.reads, self.cancelled, self.unrecognised = [], 0, ()
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def take(self, chunks):
        data = b"".join([chunk async for chunk in chunks])
        yield TakenDocument(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), handle=data)

    async def read(self, document, name, options, *, password=None, recognised=None):
        self.reads.append((name, options, recognised))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if document.handle == b"bad":
            raise CorruptFile("broken")
        seen = recognised or {}
        missing = tuple(page for page in self.unrecognised if page not in seen)
        return RenderedDocument(content=b'"text"', metadata={}, warnings=[], unrecognised=missing)


class FakeRecogniser(TextRecogniser):
    def __init__(self):
        self.asked = []

    async def recognise(self, document, pages, *, password=None, on_progress=None):
        self.asked.append(tuple(pages))
        if on_progress is not None:
            on_progress(len(pages), len(pages))
        return Recognition(
            pages={page: [RecognisedBlock("seen", (0, 0, 1, 1))] for page in pages}, engine="eye"
        )


@pytest.fixture
def reader():
    return FakeReader()


@pytest.fixture
def recogniser():
    return FakeRecogniser()


@pytest.fixture
def parse(reader, recogniser):
    cache = MemoryResultCache(max_bytes=10_000, ttl_s=60)
    return ParseDocument(
        catalogue=FakeFileCatalogue(),
        store=FakeFileStore(),
        reader=reader,
        cache=cache,
        recogniser=recogniser,
    )


def document(data=b"data"):
    return TakenDocument(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), handle=data)


async def test_many_who_ask_at_once_share_one_run(parse, reader):
    reader.gate.clear()
    tasks = [asyncio.create_task(parse.given("t", document(), "a.csv", ReadOptions())) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reader.gate.set()
    results = await asyncio.gather(*tasks)
    assert len(reader.reads) == 1
    assert {result.body for result in results} == {b'{"content":"text","metadata": {}, "warnings": []}'}
    assert (await parse.given("t", document(), "a.csv", ReadOptions())).from_cache


async def test_options_names_tenants_and_passwords_keep_results_apart(parse, reader):
    await parse.given("t", document(), "a.csv", ReadOptions())
    await parse.given("t", document(), "a.csv", ReadOptions(format="text"))
    await parse.given("t", document(), "a.txt", ReadOptions())
    await parse.given("u", document(), "a.csv", ReadOptions())
    await parse.given("t", document(), "a.csv", ReadOptions(), password="x")
    assert len(reader.reads) == 5
    await parse.given("t", document(), "other-name.csv", ReadOptions())
    assert len(reader.reads) == 5


async def test_the_caller_chooses_what_is_given_and_kept(parse, reader):
    for choice in (CacheChoice(may_keep=False), CacheChoice(), CacheChoice(may_give=False), CacheChoice()):
        await parse.given("t", document(), "a.csv", ReadOptions(), cache=choice)
    assert len(reader.reads) == 3


async def test_a_failure_is_everybody_s_and_is_not_kept(parse, reader):
    tasks = [parse.given("t", document(b"bad"), "a.csv", ReadOptions()) for _ in range(3)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [CorruptFile] * 3
    with pytest.raises(CorruptFile):
        await parse.given("t", document(b"bad"), "a.csv", ReadOptions())
    assert len(reader.reads) == 2


async def test_the_run_ends_only_when_the_last_who_waits_has_gone(parse, reader):
    reader.gate.clear()
    tasks = [asyncio.create_task(parse.given("t", document(), "a.csv", ReadOptions())) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for gone, task in enumerate(tasks, 1):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert reader.cancelled == (1 if gone == 3 else 0)
    reader.gate.set()
    assert not (await parse.given("t", document(), "a.csv", ReadOptions())).from_cache


async def test_pages_that_are_pictures_are_recognised_and_read_again(parse, reader, recogniser):
    reader.unrecognised = (2, 5)
    result = await parse.given("t", document(), "a.pdf", ReadOptions())
    assert recogniser.asked == [(2, 5)]
    assert [sorted(seen) if seen else seen for _, _, seen in reader.reads] == [None, [2, 5]]
    assert b'"ocr_engine": "eye"' in result.body
    await parse.given("t", document(), "a.pdf", ReadOptions(ocr="never"))
    assert recogniser.asked == [(2, 5)]
