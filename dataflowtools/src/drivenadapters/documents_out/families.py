"""The workers that make, change and fill documents; naming them imports no library."""

from dataflowtools.src.drivenadapters.workers.families import WorkerFamily

_PLACE = "dataflowtools.src.drivenadapters.documents_out"


def writing_families(size: int, *, queue_limit: int, memory_bytes: int) -> list[WorkerFamily]:
    """List the one family."""
    return [
        WorkerFamily(
            name="writing",
            jobs={
                "writing.write": f"{_PLACE}.write_job:write",
                "writing.edit": f"{_PLACE}.edit_job:edit",
                "writing.slots": f"{_PLACE}.fill_job:slots",
                "writing.validate": f"{_PLACE}.fill_job:validate",
                "writing.fill": f"{_PLACE}.fill_job:fill",
                "writing.pack": f"{_PLACE}.fill_job:pack",
            },
            warm_up=(f"{_PLACE}.warm_up:warm_up",),
            size=size,
            queue_limit=queue_limit,
            memory_bytes=memory_bytes,
        )
    ]
