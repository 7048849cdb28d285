"""Learns which pages a run touches, so that a parked child gets its own copies of them in a few calls.

A fork shares every page until somebody writes, and then each page costs a fault. One child rehearses a run; the
kernel's page map says what it had to copy; every later child asks for just those pages at once.
"""

from __future__ import annotations

import array
import json
import os
from typing import Any

from coderunner.guest import kernel

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PRESENT, _FILE, _EXCLUSIVE = 1 << 63, 1 << 61, 1 << 56
_REQUEST: dict[str, Any] = {
    "args": [],
    "parameters": {},
    "function_name": None,
    "entrypoint": None,
    "as_module": False,
    "policy": {},
    "figure": {"formats": ["png"], "dpi": 100, "size": None},
    "limits": {"value_bytes": 1 << 20, "outputs": 10, "output_bytes": 1 << 20},
}
_PROGRAMS = {
    "slim": "print(1)",
    "tables": "import pandas as pd\nprint(pd.DataFrame({'a': range(9), 'b': [0.5] * 9}).describe())",
    "data_science": "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('one')",
}
_LEVELS = ("restricted", "isolated")

Ranges = list[tuple[int, int]]


def hot_pages(kind: str) -> tuple[kernel.Populating, kernel.Populating]:
    """What every run of this kind copies, and what it reads of files, to be faulted in by each child."""
    before = _mappings()
    seen = [_rehearsed(kind, level, before) for level in _LEVELS]
    copied, read = (set.intersection(*(set(pages[part]) for pages in seen)) for part in (0, 1))
    return (
        kernel.Populating(_merged(copied), kernel.MADV_POPULATE_WRITE),
        kernel.Populating(_merged(read), kernel.MADV_POPULATE_READ),
    )


def _rehearsed(kind: str, level: str, before: Ranges) -> list[list[int]]:
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _rehearse(kind, level, write_end, before)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    pages: list[list[int]] = json.loads(text or "[[], []]")
    return pages


def _rehearse(kind: str, level: str, write_end: int, before: Ranges) -> None:
    """In the child: one run, then a look at the page map; what fails here only costs speed."""
    try:
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.chdir("/")
        from coderunner.guest import language

        language.reseed()
        language.run({**_REQUEST, "code": _PROGRAMS[kind], "security_level": level}, _encode)
        touched = _touched(before)
        with os.fdopen(write_end, "w") as pipe:
            json.dump(touched, pipe)
    finally:
        os._exit(0)


def _encode(message: dict[str, Any]) -> None:
    json.dumps(message)


def _mappings() -> Ranges:
    """Private mappings as first and last address."""
    found: Ranges = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, permissions, *_ = line.split()
            if permissions.endswith("p") and "[v" not in line:
                first, last = (int(part, 16) for part in span.split("-"))
                found.append((first, last))
    return found


def _touched(before: Ranges) -> tuple[list[int], list[int]]:
    copied: list[int] = []
    read: list[int] = []
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        for first, last in before:
            entries = array.array(
                "Q", os.pread(pagemap.fileno(), (last - first) // _PAGE * 8, first // _PAGE * 8)
            )
            for number, entry in enumerate(entries):
                if entry & _PRESENT:
                    if entry & _FILE:
                        read.append(first + number * _PAGE)
                    elif entry & _EXCLUSIVE:
                        copied.append(first + number * _PAGE)
    return copied, read


def _merged(pages: set[int]) -> Ranges:
    ranges: list[list[int]] = []
    for page in sorted(pages):
        if ranges and page == ranges[-1][1]:
            ranges[-1][1] = page + _PAGE
        else:
            ranges.append([page, page + _PAGE])
    return [(first, last - first) for first, last in ranges]
