"""The program of a worker process: started by path in a clean interpreter, it serves job after job."""

import fcntl
import importlib
import json
import os
import resource
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataflowtools.src.drivenadapters.workers.job import Job

JobFunction = Callable[["Job", dict[str, Any]], Any]
_F_SETSIG = 10
_EXIT_MEMORY = 70


def main() -> None:
    """Confine, import, say ready, serve."""
    order = json.loads(sys.argv[1])
    sys.path[:0] = order["python_path"]
    from dataflowtools.src.drivenadapters.workers import confinement, frames

    connection = socket.socket(fileno=order["connection"])
    scratch = Path(order["scratch"])
    held = confinement.confine(
        scratch=scratch,
        read_paths=order["read_paths"],
        list_paths=order["python_path"],
        may_execute=order["may_execute"],
    )
    layers, missing = list(held.layers), list(held.missing)
    jobs = {name: _find(place) for name, place in order["jobs"].items()}
    for place in order["warm_up"]:
        _warm(place)
    if order["uid"] is not None:
        closed = not confinement.open_to_others([*order["python_path"], sys.base_prefix])
        confinement.become_nobody(order["uid"], keep_reading=closed and "landlock" in layers)
        layers.append("own_uid")
    else:
        missing.append("own_uid")
    confinement.limit_process(
        open_files=order["open_files"],
        file_bytes=order["file_bytes"],
        processes=order["processes"] if order["uid"] is not None else None,
    )
    confinement.hide()
    _die_with_the_service(order["lifeline"])
    room = _Room(scratch, frozenset(entry.name for entry in os.scandir(scratch)))
    connection.sendall(frames.encode({"type": "ready", "layers": layers, "missing": missing}))
    while True:
        try:
            message, descriptors = frames.receive_job(connection)
        except EOFError:
            return
        _serve(connection, room, jobs, message, descriptors)


def _find(place: str) -> JobFunction:
    module, _, name = place.partition(":")
    function: JobFunction = getattr(importlib.import_module(module), name)
    return function


def _warm(place: str) -> None:
    module, _, name = place.partition(":")
    loaded = importlib.import_module(module)
    if name:
        getattr(loaded, name)()


def _die_with_the_service(lifeline: int) -> None:
    """The service holds the other end and never writes: its death kills this whole group, busy or not."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, _F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)


def _serve(
    connection: socket.socket,
    room: "_Room",
    jobs: dict[str, JobFunction],
    message: dict[str, Any],
    descriptors: list[int],
) -> None:
    from dataflowtools.src.drivenadapters.workers import confinement, frames
    from dataflowtools.src.drivenadapters.workers.job import Job

    def progress(fraction: float, text: str) -> None:
        connection.sendall(frames.encode({"type": "progress", "fraction": fraction, "message": text}))

    files = [os.fdopen(descriptor, "rb") for descriptor in descriptors]
    job = Job(files, room.path, message["timeout_s"], message["memory_bytes"], progress)
    try:
        confinement.limit_job(memory_bytes=job.memory_bytes, cpu_s=message["cpu_s"])
        reply = _run(jobs[message["job"]], job, message["arguments"])
    except MemoryError:
        os.write(2, b"memory allocation failed\n")
        os._exit(_EXIT_MEMORY)
    finally:
        for file in files:
            file.close()
        room.empty()
    if reply["type"] == "done":
        for blob in job.blobs:
            frames.send_blob(connection, blob)
    reply["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    connection.sendall(frames.encode(reply))


def _run(function: JobFunction, job: "Job", arguments: dict[str, Any]) -> dict[str, Any]:
    from dataflowtools.src.drivenadapters.workers import wire_errors
    from dataflowtools.src.errors import DataflowError

    try:
        return {"type": "done", "value": function(job, arguments)}
    except DataflowError as error:
        return wire_errors.describe(error)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # this loop supervises code that reads hostile files
        trace = traceback.format_exc(limit=-12)
        return {"type": "failed", "error": type(error).__name__, "trace": trace[-4000:]}


@dataclass(frozen=True, slots=True)
class _Room:
    """The scratch folder, and what warming up left there, which stays."""

    path: Path
    kept: frozenset[str]

    def empty(self) -> None:
        """Remove what a job left."""
        for entry in os.scandir(self.path):
            if entry.name in self.kept:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)  # noqa: PTH108  # scandir's own entry


if __name__ == "__main__":
    main()
