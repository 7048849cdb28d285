"""Folders of packages: checked, made read-only, described and removed; blocking, so run it in a thread."""

import os
import shutil
import stat
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from coderunner.src.errors import PackagesUnresolvable
from coderunner.src.logics.code.distributions import canonical

_RECORD_BYTES = 16 << 20
MIN_AGE_S = 3600.0  # another service may be building what no row names yet


@dataclass(frozen=True, slots=True)
class LayerBounds:
    """How large one layer, or one wheel unpacked, may be."""

    most_bytes: int
    most_files: int


def seal(folder: Path, bounds: LayerBounds) -> None:
    """Refuse what is no plain file or folder; give everything to the service, readable by all, writable by none."""
    files = size = 0
    for place, names, entries in os.walk(folder):
        for name in (*names, *entries):
            path = Path(place, name)
            status = path.lstat()
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise PackagesUnresolvable(f"a package holds what is neither file nor folder: {name[:80]!r}")
            files += 1
            size += status.st_size
            if files > bounds.most_files or size > bounds.most_bytes:
                raise PackagesUnresolvable(
                    f"the packages take more than {bounds.most_bytes >> 20} MB or {bounds.most_files} files"
                )
            _give(path, 0o755 if stat.S_ISDIR(status.st_mode) or status.st_mode & stat.S_IXUSR else 0o644)
    _give(folder, 0o755)


def _give(path: Path, mode: int) -> None:
    os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
    path.chmod(mode)


def imports_of(folder: Path) -> dict[str, tuple[str, ...]]:
    """What each distribution provides at the top level, as its RECORD says."""
    found: dict[str, tuple[str, ...]] = {}
    for info in sorted(folder.glob("*.dist-info")):
        record = info / "RECORD"
        if record.is_file() and record.stat().st_size <= _RECORD_BYTES:
            name = canonical(info.name.removesuffix(".dist-info").rpartition("-")[0])
            found[name] = _top_levels(record.read_text(encoding="utf-8", errors="replace"))
    return found


def _top_levels(record: str) -> tuple[str, ...]:
    names = set()
    for line in record.splitlines():
        first, slash, _ = line.split(",")[0].strip('"').partition("/")
        name = first if slash else first.partition(".")[0] if first.endswith((".py", ".so")) else ""
        if name.isidentifier() and not name.startswith("__"):
            names.add(name)
    return tuple(sorted(names))


def missing_from(folder: Path, pins: Collection[tuple[str, str]]) -> list[str]:
    """Distributions that should be there, in sentences."""
    if not pins:
        return []
    if not folder.is_dir():
        return ["its folder of packages is gone"]
    there = set()
    for info in folder.glob("*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        there.add((canonical(name), version))
    return [f"{name} {version} is missing" for name, version in sorted(set(pins) - there)]


def remove(folder: Path) -> None:
    """Delete a folder; one that is not there is no error."""
    if folder.is_dir():
        doomed = folder.with_name(f".gone-{folder.name}")
        folder.rename(doomed)  # nobody sees half a folder
        shutil.rmtree(doomed, ignore_errors=True)


def sweep(root: Path, used: Collection[str], *, min_age_s: float = MIN_AGE_S) -> int:
    """Delete what nobody names and nobody is building."""
    count = 0
    before = time.time() - min_age_s
    for folder in (*root.glob("layer_*"), *root.glob(".gone-*"), *root.glob(".building/*")):
        if folder.name not in used and folder.lstat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    return count
