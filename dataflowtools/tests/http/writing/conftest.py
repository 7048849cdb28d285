"""One service for all tests of this folder: its workers are warm after the first."""

import pytest_asyncio

from dataflowtools.tests.http_service import running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("writing")
    async with running(folder, document_timeout_s=45, document_memory_bytes=300 << 20) as connected:
        yield connected
