"""Calls of the reading endpoint."""

import json
import os
from pathlib import Path

from dataflowtools.tests.multipart_bodies import Form


async def parse(client, data: bytes, name: str, *, headers=None, timeout_s=60.0, **fields):
    """Send a document with the request."""
    form = Form().file(name, data)
    for field, value in fields.items():
        form.text(field, value if isinstance(value, str) else json.dumps(value))
    return await client.request(
        "POST",
        "/api/file/parse",
        body=form.body,
        headers={**form.headers, **(headers or {})},
        timeout_s=timeout_s,
    )


def children(command: str = "worker_main") -> list[int]:
    """List the worker processes of this process."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            if (
                int(status[1]) == os.getpid()
                and status[0] != "Z"
                and command in (entry / "cmdline").read_text()
            ):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
