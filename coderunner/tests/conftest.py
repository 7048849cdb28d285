"""One real service for all tests that can share it, and the means to run programs on it."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from coderunner.tests.running import running_service
from servicekit.testing import Client

hypothesis.settings.register_profile("any machine", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def service():
    """The service on this host, with all its layers; tests that change or end one start their own."""
    with running_service(env={"MAX_MEMORY_MB": "2048", "MAX_CONCURRENT_RUNS": "16"}) as running:
        yield running


@pytest.fixture(scope="session")
def shared_root():
    """One folder of layers for the session, so that the installer's cache is warm."""
    root = Path(tempfile.mkdtemp(prefix="coderunner-environments-"))
    root.chmod(0o755)
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
async def client(service):
    client = Client(service.base_url)
    yield client
    client.close()


class Execute:
    """Runs a program over HTTP."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(self, code: str = "", *, waits_s: float = 60, **body: Any) -> dict[str, Any]:
        """The reply to a request that is a 200."""
        if code or "entrypoint" not in body:
            body["code"] = code
        reply = await self._client.request("POST", "/api/runner/execute", json=body, timeout_s=waits_s)
        assert reply.status == 200, reply.body[:2000]
        return reply.json()


@pytest.fixture
def execute(client):
    return Execute(client)
