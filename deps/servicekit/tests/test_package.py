import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from servicekit.http import make_app
from servicekit.testing import serving

PACKAGE = Path(__file__).parents[1] / "servicekit"
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))


def logical_lines(path: Path) -> int:
    """Statements, whatever the formatter makes of them; docstrings and imports aside."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.stmt)]
    docstrings = (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in nodes)
    imports = (isinstance(node, ast.Import | ast.ImportFrom) for node in nodes)
    return len(nodes) - sum(docstrings) - sum(imports)


def test_the_kit_stays_small():
    product = [path for path in PACKAGE.glob("*.py") if path.stem != "testing"]

    assert sum(map(logical_lines, product)) <= 1000


def test_the_kit_has_few_public_names():
    names = [
        name
        for module in MODULES
        for name in getattr(importlib.import_module(f"servicekit.{module}"), "__all__", ())
    ]

    assert len(names) == len(set(names)) <= 25
    readme = (PACKAGE.parent / "README.md").read_text()
    assert [name for name in names if not re.search(rf"\b{name}\b", readme)] == []


def test_the_kit_knows_no_service():
    nouns = re.compile(r"coderunner|dataflow|sandboxed|guest|\bocr\b|notebook|spreadsheet", re.IGNORECASE)

    assert [path.name for path in PACKAGE.glob("*.py") if nouns.search(path.read_text())] == []


def test_importing_does_nothing():
    program = "import servicekit.%s, logging; assert not logging.getLogger().handlers"
    for module in MODULES:
        done = subprocess.run(
            [sys.executable, "-c", program % module],
            cwd=PACKAGE.parent,
            env={},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), module


async def test_the_readmes_example_works():
    readme = (PACKAGE.parent / "README.md").read_text()
    example: dict[str, Any] = {"__name__": "readme"}
    exec(compile(readme.partition("```python\n")[2].partition("\n```")[0], "README.md", "exec"), example)

    async def greet(tenant: str, name: str) -> str:
        return f"Hello {name} of {tenant}"

    app = make_app(example["routes"](greet, None), name="greeter", version="1", errors=example["ERROR_TABLE"])
    async with serving(app) as client:
        reply = await client.request("POST", "/api/greetings", json={"name": "Ada"})

    assert (reply.status, reply.json()) == (201, {"text": "Hello Ada of default"})
