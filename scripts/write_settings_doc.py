"""Writes docs/settings.md from the settings models; with --check only says whether it is current."""

import sys
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "deps/servicekit"),
    str(ROOT / "deps/executor"),
    str(ROOT / "deps/rowkit"),
]

from coderunner.src.common.settings import Settings as CodeRunner  # noqa: E402 - the path comes first
from dataflowtools.src.common.settings import Settings as DataFlowTools  # noqa: E402
from servicekit.parsing import takes_many  # noqa: E402
from servicekit.settings import variable  # noqa: E402

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
    return HEAD + "".join(f"\n## {name}\n\n{_table(model)}" for name, model in sections)


def _table(model: type[BaseModel]) -> str:
    """A service's settings: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        meaning = " ".join((field.description or "").replace("|", "\\|").split())
        rows.append(f"| `{variable(name, field)}` | {_default(field)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or isinstance(value, SecretStr):
        return ""
    text = ",".join(map(str, value)) if takes_many(field.annotation) else str(value)
    return f"`{text.lower() if isinstance(value, bool) else text}`" if text else ""


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.exists() and TARGET.read_text() == text() else "docs/settings.md is not current")
    TARGET.write_text(text())
