"""The service in this process with its real workers; nothing here runs code, so the sandbox refuses."""

import pytest

from coderunner.src.bootstrap import bootstrap
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.tests.running import guest_dir
from servicekit.testing import serving


@pytest.fixture
def make_settings(tmp_path, shared_root):
    def make(**changes):
        return Settings(
            guest_dir=guest_dir(),
            data_dir=tmp_path,
            stepflow_python_virtual_env_path=shared_root,
            max_body_bytes=64 << 20,
            max_load_per_core=1000,  # tests go on however busy the machine is
            **changes,
        )

    return make


@pytest.fixture
async def client(make_settings):
    async with bootstrap(make_settings(), sandbox=RefusingSandbox("not here")) as app, serving(app) as client:
        yield client


@pytest.fixture
async def roomy(make_settings):
    """A service that takes large sources, gives them little time and one worker."""
    settings = make_settings(stepflow_python_max_code_size=32 << 20, code_worker_timeout=5, code_workers=1)
    async with bootstrap(settings, sandbox=RefusingSandbox("not here")) as app, serving(app) as client:
        yield client
