"""The program's own files: where a module of that name is, and what the policy refuses in those a program imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coderunner.guest.language.compiling import check_file
from coderunner.guest.language.static_members import is_library

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from coderunner.guest.language.policy import Policy


def find_module(folders: Iterable[Path], name: str) -> tuple[Path, bool] | None:
    """The file of a module and whether it is a package's."""
    return next((found for folder in folders if (found := _module_in(folder, name))), None)


def _module_in(folder: Path, name: str) -> tuple[Path, bool] | None:
    base = folder.joinpath(*name.split("."))
    if (base / "__init__.py").is_file():
        return base / "__init__.py", True
    module = base.with_suffix(".py")
    if module.is_file():
        return module, False
    return (base, True) if base.is_dir() else None


def refusals_in(policy: Policy, imported: Iterable[str], folders: list[Path]) -> list[dict[str, Any]]:
    """All refusals in the files that these imports lead to, one file after the other."""
    waiting, seen, refused = sorted(imported), set[str](), list[dict[str, Any]]()
    while waiting:
        name = waiting.pop()
        if name in seen or is_library(policy, name):
            continue
        seen.add(name)
        found = find_module(folders, name)
        if found is None or not found[0].is_file():
            continue
        path, is_package = found
        source = path.read_text(encoding="utf-8-sig", errors="replace")
        violations, more = check_file(
            policy, source, str(path.relative_to(folders[-1])), in_package=is_package or "." in name
        )
        refused += violations
        waiting += sorted(more)
    return refused
