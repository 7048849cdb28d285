"""Every file of the standard library parses, or is no Python for the compiler either."""

import io
import sysconfig
import tokenize
from pathlib import Path

import pytest

FILES = sorted(
    path
    for path in Path(sysconfig.get_path("stdlib")).rglob("*.py")
    if not {"site-packages", "dist-packages"} & set(path.parts)
)
SAMPLE = [
    path
    for path in FILES
    if path.name in {"typing.py", "ast.py", "dataclasses.py", "turtle.py", "_pydecimal.py", "hex_codec.py"}
]
SAMPLE += FILES[:: max(1, len(FILES) // 60)]


async def parses(client, path):
    raw = path.read_bytes()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="'
        + path.name.encode()
        + b'"\r\n\r\n'
        + raw
        + b"\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    reply = await client.request("POST", "/api/code/parse", body=body, headers=headers, timeout_s=60)
    if reply.status == 422:
        with pytest.raises((SyntaxError, ValueError)):
            compile(
                io.TextIOWrapper(
                    io.BytesIO(raw), tokenize.detect_encoding(io.BytesIO(raw).readline)[0]
                ).read(),
                str(path),
                "exec",
            )
        return
    assert reply.status == 200, (path, reply.body[:500])
    assert reply.json()["source_code"] is not None


async def test_a_sample_of_the_standard_library_parses(client):
    assert len(SAMPLE) > 50
    for path in SAMPLE:
        await parses(client, path)


@pytest.mark.soak
async def test_every_file_of_the_standard_library_parses(client):
    for path in FILES:
        await parses(client, path)
