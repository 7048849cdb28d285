"""The files with known content that lie beside the repository."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Path:
    data = Path(__file__).resolve().parents[5] / "shared" / "data"
    if not data.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("the shared data are missing")
        pytest.skip("the shared data are not beside this repository")
    return data
