"""The workers that read documents; naming them imports no parser."""

from dataflowtools.src.drivenadapters.workers.families import WorkerFamily

_JOBS = "dataflowtools.src.drivenadapters.documents.jobs"
_CONVERTING = "dataflowtools.src.drivenadapters.converting.worker"


def _family(name: str, size: int, queue_limit: int, memory_bytes: int, *, may_execute: bool) -> WorkerFamily:
    return WorkerFamily(
        name=name,
        jobs={
            f"{name}.parse": f"{_JOBS}:parse",
            f"{name}.inspect": f"{_CONVERTING}.inspect_jobs:inspect",
            f"{name}.cells": f"{_CONVERTING}.cell_jobs:write",
            f"{name}.members": f"{_CONVERTING}.unpack_jobs:members",
            f"{name}.extract": f"{_CONVERTING}.unpack_jobs:extract",
        },
        warm_up=(f"{_JOBS}:warm_up",),
        size=size,
        queue_limit=queue_limit,
        memory_bytes=memory_bytes,
        may_execute=may_execute,
    )


def families(
    size: int, *, queue_limit: int, memory_bytes: int = 1 << 30
) -> tuple[WorkerFamily, WorkerFamily]:
    """List the workers that read by themselves, and the one that may start programs."""
    return (
        _family("documents", size, queue_limit, memory_bytes, may_execute=False),
        _family("programs", 1, queue_limit, memory_bytes, may_execute=True),
    )
