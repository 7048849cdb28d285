"""One service for all pictures of a module: starting the engines takes longer than most pictures."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from dataflowtools.tests.http.ocr.drawn_pages import CHINESE_FONT
from dataflowtools.tests.http.ocr.seeing_client import SeeingClient
from dataflowtools.tests.http_service import running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seeing(tmp_path_factory) -> AsyncIterator[SeeingClient]:
    async with running(tmp_path_factory.mktemp("seeing")) as client:
        yield SeeingClient(client)


@pytest.fixture(scope="session")
def needs_chinese_font() -> None:
    _need("fonts-wqy-microhei", there=Path(CHINESE_FONT).exists())


@pytest.fixture(scope="session")
def needs_tesseract() -> None:
    _need("tesseract-ocr", there=shutil.which("tesseract") is not None)


def _need(package: str, *, there: bool) -> None:
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{package} is not installed")
    pytest.skip(f"{package} is not installed")
