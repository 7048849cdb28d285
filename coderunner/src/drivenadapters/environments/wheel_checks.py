"""A wheel is looked over as data: its name, its tags, and every entry of the archive; nothing is unpacked."""

import stat
import zipfile
import zlib
from email.parser import HeaderParser
from pathlib import PurePosixPath
from typing import IO

from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from coderunner.src.drivenadapters.environments.folders import LayerBounds
from coderunner.src.errors import WheelRefused

_POINTER = "/wheel"
_METADATA_BYTES = 4 << 20
_NAME_CHARACTERS = 1000
_LOCKED = 0x1


def named(filename: str) -> tuple[str, str, frozenset[str]]:
    """Canonical name, version and tags that a wheel's file name says; WheelRefused when it says none."""
    if "/" in filename or "\\" in filename or not filename.isascii() or not filename.isprintable():
        raise WheelRefused("a wheel's file name has no folders and plain characters only", pointer=_POINTER)
    try:
        name, version, _, tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, InvalidVersion) as fault:
        message = f"{filename[:100]!r} is not named as a wheel (name-version-python-abi-platform.whl)"
        raise WheelRefused(message, pointer=_POINTER) from fault
    return str(name), str(version), frozenset(map(str, tags))


def check_wheel(filename: str, file: IO[bytes], python: str, bounds: LayerBounds) -> tuple[str, str]:
    """Name and version of a wheel that may be kept."""
    name, version, tags = named(filename)
    _require_tags(filename, tags, python)
    try:
        with zipfile.ZipFile(file) as wheel:
            _check_entries(wheel, bounds)
            _check_metadata(wheel, name, version)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as fault:
        raise WheelRefused("the file is no readable wheel archive", pointer=_POINTER) from fault
    return name, version


def _require_tags(filename: str, tags: frozenset[str], python: str) -> None:
    version = tuple(int(part) for part in python.split(".")[:2])
    fitting = {*map(str, cpython_tags(version)), *map(str, compatible_tags(version))}
    if not tags & fitting:
        message = f"{filename[:100]!r} is for another Python or platform; this is Python {python}"
        raise WheelRefused(message, pointer=_POINTER)


def _check_entries(wheel: zipfile.ZipFile, bounds: LayerBounds) -> None:
    entries = wheel.infolist()
    size = sum(entry.file_size for entry in entries)
    if len(entries) > bounds.most_files or size > bounds.most_bytes:
        message = f"the wheel holds more than {bounds.most_bytes >> 20} MB or {bounds.most_files} files"
        raise WheelRefused(message, pointer=_POINTER)
    seen: set[str] = set()
    for entry in entries:
        if reason := _fault(entry, seen):
            raise WheelRefused(f"the entry {entry.orig_filename[:80]!r} {reason}", pointer=_POINTER)
        seen.add(entry.filename.rstrip("/"))


def _fault(entry: zipfile.ZipInfo, seen: set[str]) -> str:
    name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
    if not name or len(name) > _NAME_CHARACTERS or "\\" in name or any(ord(char) < ord(" ") for char in name):
        return "has a name that no file may have"
    if PurePosixPath(name).is_absolute() or {"..", "."} & set(name.split("/")) or ":" in name.split("/")[0]:
        return "would lie outside the package's folder"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is neither file nor folder"
    if entry.flag_bits & _LOCKED or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "is encrypted, or packed in a way that wheels are not"
    return "is there twice" if name.rstrip("/") in seen else ""


def _check_metadata(wheel: zipfile.ZipFile, name: str, version: str) -> None:
    """The one folder of metadata is that of the file's name and says the same."""
    infos = {path.split("/")[0] for path in wheel.namelist() if path.split("/")[0].endswith(".dist-info")}
    info = infos.pop() if len(infos) == 1 else ""
    said_name, _, said_version = info.removesuffix(".dist-info").rpartition("-")
    if not _same(said_name, said_version, name, version):
        raise WheelRefused(f"the wheel does not hold the metadata of {name} {version}", pointer=_POINTER)
    for part in ("METADATA", "WHEEL", "RECORD"):
        if f"{info}/{part}" not in wheel.namelist():
            raise WheelRefused(f"the wheel has no {part}", pointer=_POINTER)
    if wheel.getinfo(f"{info}/METADATA").file_size > _METADATA_BYTES:
        raise WheelRefused("the wheel's METADATA is too large", pointer=_POINTER)
    with wheel.open(f"{info}/METADATA") as file:
        text = file.read(_METADATA_BYTES).decode("utf-8", "replace")
    said = HeaderParser().parsestr(text)
    if not _same(said.get("Name", ""), said.get("Version", ""), name, version):
        raise WheelRefused(f"the wheel's METADATA is not that of {name} {version}", pointer=_POINTER)


def _same(said_name: str, said_version: str, name: str, version: str) -> bool:
    try:
        return canonicalize_name(said_name) == name and str(Version(said_version)) == version
    except InvalidVersion:
        return False
