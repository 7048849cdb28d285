"""How bytes reach a worker: as open files of their own, never as names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def opened_again(descriptor: int) -> Iterator[int]:
    """Open a held file once more, so that every job has an offset of its own."""
    fresh = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fresh
    finally:
        os.close(fresh)


@contextmanager
def in_memory(data: bytes) -> Iterator[int]:
    """Give bytes as an open file without a name."""
    descriptor = os.memfd_create("page", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:  # a descriptor, no path
            file.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
