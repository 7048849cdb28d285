"""Many pictures one after the other: memory stays where it was, in the service and in its workers."""

import os
from pathlib import Path

import pytest

from dataflowtools.tests.http.ocr import drawn_pages as drawn

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEBIBYTE = 1 << 20
PICTURES = [
    drawn.png(drawn.page([f"Order {number} of {size}", "Total 48.20 EUR"], size=size, path=drawn.LATIN_FONT))
    for number, size in enumerate((18, 22, 26, 31, 37))
]


def resident_bytes() -> dict[str, int]:
    """What this process and each kind of worker below it hold."""
    held = {"service": _resident(os.getpid())}
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        for pid in (task / "children").read_text().split():
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            for family in (b"rapid_jobs", b"page_jobs", b"tesseract_jobs"):
                if family in command:
                    held[family.decode()] = held.get(family.decode(), 0) + _resident(int(pid))
    return held


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def grown(seeing, *, warm: int, calls: int) -> dict[str, float]:
    for call in range(warm):
        await seeing.extract(PICTURES[call % len(PICTURES)])
    before = resident_bytes()
    for call in range(calls):
        found = await seeing.extract(PICTURES[call % len(PICTURES)])
        assert "48.20" in found["text"]
    after = resident_bytes()
    assert before.keys() == after.keys() >= {"service", "rapid_jobs", "page_jobs"}
    return {name: (after[name] - before[name]) / MEBIBYTE for name in after}


async def test_memory_is_flat(seeing):
    growth = await grown(seeing, warm=5, calls=10)
    assert max(growth.values()) < 60, growth


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_memory_is_flat_over_500_calls(seeing):
    growth = await grown(seeing, warm=20, calls=500)
    assert max(growth.values()) < 120, growth
