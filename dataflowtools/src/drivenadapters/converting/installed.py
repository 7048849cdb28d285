"""Which programs this machine has for converting."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_FOLDERS = (
    "/usr/lib/libreoffice/program",
    "/usr/lib64/libreoffice/program",
    "/opt/libreoffice/program",
)
_OFFICE = ("libmergedlo.so", "libsofficeapp.so")
_PARTS = {"writer": "libswlo.so", "calc": "libsclo.so", "impress": "libsdlo.so"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Where LibreOffice is, which of its parts are there, and whether pandoc is."""

    libreoffice: Path | None
    parts: frozenset[str]
    pandoc: bool

    def missing_part(self, part: str) -> str:
        """Name what to install for a part of LibreOffice, or nothing when it is there."""
        return "" if self.libreoffice is not None and part in self.parts else f"LibreOffice {part.title()}"

    @property
    def missing_pandoc(self) -> str:
        """Name what to install, or nothing."""
        return "" if self.pandoc else "pandoc"


def find_installed(wanted: Path | None) -> Installed:
    """Look in the folder that was set, otherwise where distributions put it."""
    program = _office_in((wanted,) if wanted is not None else map(Path, _FOLDERS))
    parts = frozenset(part for part, library in _PARTS.items() if program and (program / library).exists())
    return Installed(libreoffice=program, parts=parts, pandoc=shutil.which("pandoc") is not None)


def _office_in(folders: Iterable[Path]) -> Path | None:
    return next((folder for folder in folders if any((folder / name).exists() for name in _OFFICE)), None)
