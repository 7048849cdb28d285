"""Runs in the sandbox, as any program does: unpacks a source archive, says what building needs, and builds.

Only the text of this file leaves the service; the service itself imports none of it.
"""

import base64
import importlib
import io
import os
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

_LEGACY = {"requires": ["setuptools>=70.1"], "build-backend": "setuptools.build_meta:__legacy__"}
_SHOWN = 100


def _unpacked() -> Path:
    raw = base64.b64decode(Path("archive.txt").read_text(encoding="ascii"))
    place = Path("source").absolute()
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            archive.extractall(place)  # noqa: S202 - the sandbox is the wall
    else:
        with tarfile.open(fileobj=io.BytesIO(raw)) as packed:
            packed.extractall(place)  # noqa: S202 - the sandbox is the wall
    inside = list(place.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else place


def _system(source: Path) -> dict[str, Any]:
    project = source / "pyproject.toml"
    if not project.is_file() and not (source / "setup.py").is_file():
        message = "the source holds neither pyproject.toml nor setup.py"
        raise SystemExit(message)
    said = tomllib.loads(project.read_text(encoding="utf-8")) if project.is_file() else {}
    found = said.get("build-system", {})
    if "build-backend" not in found:
        return {**_LEGACY, "requires": found.get("requires", _LEGACY["requires"])}
    return dict(found)


def requires() -> list[str]:
    """What has to be installed before the build."""
    return [str(text) for text in _system(_unpacked())["requires"]]


def build() -> dict[str, str]:
    """File name and content of the wheel, base64."""
    source = _unpacked()
    system = _system(source)
    for folder in reversed(system.get("backend-path", [])):
        sys.path.insert(0, str(source / folder))
    module, _, member = str(system["build-backend"]).partition(":")
    backend = importlib.import_module(module)
    for name in filter(None, member.split(".")):
        backend = getattr(backend, name)
    os.chdir(source)
    more: list[str] = getattr(backend, "get_requires_for_build_wheel", list)()
    if unknown := [text for text in more if not any(text.startswith(known) for known in system["requires"])]:
        sys.stderr.write(f"the build asks for more than pyproject.toml says: {', '.join(unknown[:_SHOWN])}\n")
    target = source.parent.parent / "wheels"
    target.mkdir()
    filename = backend.build_wheel(str(target))
    content = base64.b64encode((target / filename).read_bytes()).decode("ascii")
    return {"filename": filename, "content": content}
