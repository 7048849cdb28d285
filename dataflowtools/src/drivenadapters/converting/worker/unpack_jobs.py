"""Files out of a zip from a stranger, by number and never by name."""

import os
from collections.abc import Mapping
from typing import Any

from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.drivenadapters.workers.job import Job

_OTHERS = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_UTF8 = 0x800


def members(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """List the files of the first file; raises CorruptFile, DecompressionLimit or PasswordRequired."""
    del arguments
    package = ZipPackage(job.files[0])
    found = []
    for index, name in enumerate(package.names()):
        entry = package.entry(name)
        if not entry.is_dir() and not name.startswith(_OTHERS[0]) and not name.endswith(_OTHERS[1:]):
            written = name if entry.flag_bits & _UTF8 else _decoded(name)
            found.append({"index": index, "name": written, "size_bytes": entry.file_size})
    return {"members": found}


def extract(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write one of them to the second file."""
    package = ZipPackage(job.files[0])
    name = package.names()[int(arguments["index"])]
    with os.fdopen(os.dup(job.files[-1].fileno()), "wb") as output:
        for chunk in package.chunks(name):
            output.write(chunk)
    return {}


def _decoded(name: str) -> str:
    """Names without the mark of UTF-8 are what the writer's system used: UTF-8 anyway, or GB18030."""
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name
