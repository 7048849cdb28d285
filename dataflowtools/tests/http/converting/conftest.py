"""One service for all tests of converting: a LibreOffice takes seconds to start on a busy machine."""

import pytest_asyncio

from dataflowtools.tests.http_service import running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def client(tmp_path_factory):
    async with running(tmp_path_factory.mktemp("converting"), document_timeout_s=60) as connected:
        yield connected
