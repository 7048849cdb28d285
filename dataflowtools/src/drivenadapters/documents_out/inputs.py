"""What comes with a job: several files in one, each seen through a window of its own."""

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

from dataflowtools.src.drivenadapters.workers.job import Job


class Window(io.RawIOBase):
    """A part of an open file as a file; it moves no offset but its own."""

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        super().__init__()
        self._descriptor, self._start, self._length = descriptor, start, length
        self._place = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be moved in."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._length}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        """Say where it is."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read."""
        wanted = min(len(buffer), max(self._length - self._place, 0))
        data = os.pread(self._descriptor, wanted, self._start + self._place)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def inputs_of(job: Job, listed: Sequence[Mapping[str, Any]]) -> dict[str, BinaryIO]:
    """Open every file that came with the job, by its id."""
    descriptor = job.files[0].fileno()
    return {
        one["file_id"]: cast("BinaryIO", io.BufferedReader(Window(descriptor, one["start"], one["length"])))
        for one in listed
    }


def output_of(job: Job) -> BinaryIO:
    """Open what the job writes to."""
    return os.fdopen(os.dup(job.files[-1].fileno()), "w+b")
