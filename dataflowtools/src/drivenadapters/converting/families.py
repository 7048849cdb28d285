"""The workers that hold LibreOffice or start pandoc; naming them imports neither.

Pictures are converted where pictures are read, and documents are looked at where documents are read.
"""

from collections.abc import Mapping
from pathlib import Path

from dataflowtools.src.drivenadapters.workers.families import WorkerFamily

_WORKER = "dataflowtools.src.drivenadapters.converting.worker"
_CONFIGURATION = (
    *("/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice"),
    *("/etc/fonts", "/var/cache/fontconfig", "/usr/local/share/fonts"),
)


def converting_families(
    *, size: int, queue_limit: int, memory_bytes: int, recycle_after_jobs: int, libreoffice: Path | None
) -> list[WorkerFamily]:
    """List the workers that hold a LibreOffice, where there is one, and those that start pandoc."""
    pandoc = WorkerFamily(
        name="pandoc",
        jobs={"pandoc.convert": f"{_WORKER}.pandoc_jobs:convert"},
        warm_up=(f"{_WORKER}.pandoc_jobs",),
        may_execute=True,
        size=size,
        queue_limit=queue_limit,
        memory_bytes=memory_bytes,
    )
    if libreoffice is None:
        return [pandoc]
    office = WorkerFamily(
        name="libreoffice",
        jobs={"libreoffice.convert": f"{_WORKER}.office_jobs:convert"},
        warm_up=(f"{_WORKER}.office_jobs:warm_up",),
        open_files=512,
        recycle_after_jobs=recycle_after_jobs,
        growth_bytes=512 << 20,
        read_paths=(str(libreoffice), str(libreoffice.parent), *_CONFIGURATION),
        environment=_office_environment(libreoffice),
        size=size,
        queue_limit=queue_limit,
        memory_bytes=memory_bytes,
    )
    return [pandoc, office]


def _office_environment(libreoffice: Path) -> Mapping[str, str]:
    return {
        "LIBREOFFICE_PROGRAM": str(libreoffice),
        "SAL_USE_VCLPLUGIN": "svp",  # draws into memory; needs no display
        "LC_ALL": "C.UTF-8",
        "FONTCONFIG_FILE": str(Path(__file__).with_name("fonts.conf")),
    }
