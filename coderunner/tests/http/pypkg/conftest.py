"""The service in this process, with real installs from the package index; nothing here runs code."""

import pytest

from coderunner.src.bootstrap import bootstrap
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.tests.packages import CERTIFICATES
from coderunner.tests.running import guest_dir
from servicekit.testing import serving


@pytest.fixture
def make_settings(tmp_path, shared_root):
    def make(**changes):
        given = {
            "guest_dir": guest_dir(),
            "data_dir": tmp_path,
            "stepflow_python_virtual_env_path": shared_root,
            "ssl_cert_file": CERTIFICATES,
            "max_load_per_core": 1000,  # tests go on however busy the machine is
            **changes,
        }
        return Settings(**given)

    return make


@pytest.fixture
async def client(make_settings):
    async with bootstrap(make_settings(), sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        yield client
