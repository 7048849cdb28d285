"""What every text engine does, the fake one too."""

import asyncio
import os
import shutil
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from dataflowtools.src.drivenadapters.ocr.external_text_engine import ExternalTextEngine
from dataflowtools.src.drivenadapters.ocr.families import seeing_families
from dataflowtools.src.drivenadapters.ocr.rapid_text_engine import RapidTextEngine
from dataflowtools.src.drivenadapters.ocr.tesseract_text_engine import TesseractTextEngine
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.tests.fakes.text_engine import FakeTextEngine
from dataflowtools.tests.http.ocr import drawn_pages as drawn
from dataflowtools.tests.http.ocr.reference_ocr_server import reference_ocr_server

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXTS = ["Hello reader 42", "Second line here"]
PAGE = drawn.page(TEXTS, path=drawn.LATIN_FONT)
PICTURE, BLANK = drawn.png(PAGE), drawn.png(drawn.page([" " * 10], path=drawn.LATIN_FONT))


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["fake", "rapidocr", "tesseract", "external"]
)
async def engine(request):
    if request.param == "tesseract" and shutil.which("tesseract") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("tesseract-ocr is not installed")
    async with AsyncExitStack() as stack:
        if request.param == "fake":
            yield FakeTextEngine({PICTURE: TEXTS})
        elif request.param == "external":
            url, behaviour = await stack.enter_async_context(reference_ocr_server())
            known = {PICTURE: TEXTS}
            behaviour.answer = lambda png: [
                {"text": text, "box": [10, 40 * row, 200, 40 * row + 30]}
                for row, text in enumerate(known.get(png, ()))
            ]
            external = ExternalTextEngine(url, timeout_s=10)
            stack.callback(external.close)
            yield external
        else:
            workers = await stack.enter_async_context(
                LimitedWorkers(seeing_families(picture_workers=1, ocr_workers=1))
            )
            kind = RapidTextEngine if request.param == "rapidocr" else TesseractTextEngine
            yield kind(workers, timeout_s=60)


async def test_lines_are_read_and_lie_within_the_picture(engine):
    lines = await engine.recognise(PICTURE, languages=("en",), flips=False, dpi=None)
    assert sorted(line.text for line in lines) == TEXTS
    for line in lines:
        assert 0 <= line.rect.left < line.rect.right <= PAGE.width + 200
        assert 0 <= line.rect.top < line.rect.bottom <= PAGE.height
        assert 0 < line.confidence <= 1


async def test_no_text_is_an_empty_list(engine):
    assert await engine.recognise(BLANK, languages=("en",), flips=False, dpi=200.0) == []


async def test_a_cancelled_call_leaves_the_engine_usable(engine):
    task = asyncio.ensure_future(engine.recognise(PICTURE, languages=("en",), flips=False, dpi=None))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(await engine.recognise(PICTURE, languages=("en",), flips=False, dpi=None)) == 2


async def test_languages_are_codes(engine):
    assert all(language.islower() or "_" in language for language in await engine.languages())
