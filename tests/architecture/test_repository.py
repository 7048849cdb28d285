"""What must be true of the repository as a whole."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_stands_in_docs_settings():
    script = ROOT / "scripts" / "write_settings_doc.py"

    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr + "\nrun scripts/write_settings_doc.py"


def test_both_readmes_show_the_same_commands():
    def commands(name: str) -> list[str]:
        blocks = (ROOT / name).read_text().split("```")[1::2]
        lines = [line for block in blocks for line in block.splitlines()[1:]]
        return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]

    assert commands("README.md") == commands("README_zh.md")


def test_main_starts_from_its_own_folder():
    """`cd coderunner && python src/main.py` finds every package: a faulty setting is told, not an import error."""
    for service in ("coderunner", "dataflowtools"):
        started = subprocess.run(
            [sys.executable, "src/main.py"],
            cwd=ROOT / service,
            env={"PORT": "not a port"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert started.returncode != 0
        assert "PORT" in started.stderr
        assert "Traceback" not in started.stderr
