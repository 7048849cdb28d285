"""A service for each test."""

from collections.abc import AsyncIterator

import pytest

from dataflowtools.tests.http_service import running
from servicekit.testing import Client


@pytest.fixture
async def client(tmp_path) -> AsyncIterator[Client]:
    async with running(tmp_path) as connected:
        yield connected
