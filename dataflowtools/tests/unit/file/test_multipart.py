"""Multipart bodies cut at every place."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflowtools.src.driveradapters.file.multipart import MultipartBody
from dataflowtools.tests.multipart_bodies import BOUNDARY, Form
from servicekit.http import Problem

CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


async def pieces(body: bytes, size_bytes: int) -> AsyncIterator[bytes]:
    for position in range(0, len(body), size_bytes):
        yield body[position : position + size_bytes]


async def read(body: bytes, size_bytes: int = 1 << 20, content_type: str = CONTENT_TYPE):
    parts = MultipartBody(content_type, pieces(body, size_bytes)).parts()
    return [
        (part.name, part.filename, b"".join([chunk async for chunk in part.chunks()])) async for part in parts
    ]


@given(
    st.lists(st.tuples(st.sampled_from(["file", "tags"]), st.binary(max_size=300)), min_size=1, max_size=4),
    st.integers(1, 120),
)
async def test_parts_arrive_whole_wherever_the_network_cuts(parts, size_bytes):
    form = Form()
    for name, content in parts:
        form.file("n.bin", content, field_name=name)
    assert await read(form.body, size_bytes) == [(name, "n.bin", content) for name, content in parts]


async def test_content_that_looks_like_a_boundary_is_content():
    tricky = f"\r\n--{BOUNDARY[:-1]}x\r\n--\r\n\r\n--".encode()
    for size_bytes in range(1, 40):
        assert await read(Form().file("a", tricky).body, size_bytes) == [("file", "a", tricky)]


async def test_a_part_that_is_not_read_is_skipped():
    body = MultipartBody(CONTENT_TYPE, pieces(Form().file("a", bytes(5000)).text("b", "x").body, 64))
    assert [part.name async for part in body.parts()] == ["file", "b"]


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        (b'form-data; name="file"; filename="a\\"b.txt"', 'a"b.txt'),
        (b'form-data; name="file"; filename="C:\\x\\y.txt"', "C:\\x\\y.txt"),
        (b'FORM-DATA; NAME=file; FILENAME="x"', "x"),
        (b"form-data; name=file; filename*=UTF-8''%e4%b8%ad.txt", "中.txt"),
        (b'form-data; name="file"; filename="a;b=c.txt"', "a;b=c.txt"),
        (b'form-data; name="file"', None),
        (b'form-data; name="file"; filename="100%.txt"', "100%.txt"),
    ],
)
async def test_names_are_read_as_clients_write_them(disposition, filename):
    body = f"--{BOUNDARY}\r\nContent-Disposition: ".encode() + disposition + b"\r\n\r\nx\r\n"
    [(name, found, content)] = await read(body + f"--{BOUNDARY}--\r\n".encode())
    assert (name, found, content) == ("file", filename, b"x")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        Form().file("a", b"x").body[:-8],
        f"--{BOUNDARY}\r\n\r\nno headers\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: attachment\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\n".encode() + b"X: y\r\n" * 50 + b"\r\nx",
        f"--{BOUNDARY}\r\nX: ".encode() + b"y" * 100_000,
    ],
)
@pytest.mark.parametrize("size_bytes", [7, 1 << 20])
async def test_what_is_no_multipart_body_is_a_400(body, size_bytes):
    with pytest.raises(Problem) as caught:
        await read(body, size_bytes)
    assert (caught.value.status, caught.value.code) == (400, "invalid_multipart")


@given(st.binary(max_size=500), st.integers(1, 50))
async def test_any_bytes_are_parts_or_a_400(noise, size_bytes):
    with contextlib.suppress(Problem):  # anything else fails the test
        await read(f"--{BOUNDARY}\r\n".encode() + noise, size_bytes)
