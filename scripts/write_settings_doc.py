"""Writes docs/settings.md from the settings models; with --check only says whether it is current."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "deps/servicekit"),
    str(ROOT / "deps/executor"),
    str(ROOT / "deps/rowkit"),
]

from coderunner.src.common.settings import Settings as CodeRunner  # noqa: E402 - the path comes first
from dataflowtools.src.common.settings import Settings as DataFlowTools  # noqa: E402
from servicekit.settings import settings_table  # noqa: E402

TARGET = ROOT / "docs" / "settings.md"
HEAD = """# Settings

Each service reads the environment and its own `.env` (`coderunner/.env`, `dataflowtools/.env`); the environment wins.
All faults are told at once when a service starts, and no secret is ever shown. This page is written by
`scripts/write_settings_doc.py`; a test holds it against the code.

Where a well-known name has another default or meaning here than people may expect:

- `HOST` is 127.0.0.1: without API keys a service listens on loopback only, unless `AUTH=none` says otherwise.
- `MAX_EXECUTION_TIME` bounds synchronous runs.
- A layer named in `SANDBOX_MIN_LAYERS` that the host cannot give means that no code runs (fail closed); `make doctor`
  says which layers stand.
"""


def text() -> str:
    """The whole page."""
    sections = (("coderunner", CodeRunner), ("dataflowtools", DataFlowTools))
    return HEAD + "".join(f"\n## {name}\n\n{settings_table(model)}" for name, model in sections)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.exists() and TARGET.read_text() == text() else "docs/settings.md is not current")
    TARGET.write_text(text())
