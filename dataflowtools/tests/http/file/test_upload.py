"""POST /api/file/upload."""

import asyncio
import hashlib
import io
import json
import zipfile
from urllib.parse import unquote

import pytest

from dataflowtools.tests.http_service import blobs_in, make_keys, running, stored, upload
from dataflowtools.tests.multipart_bodies import BOUNDARY, Form
from servicekit.testing import assert_problem

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def docx(*more: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in ("[Content_Types].xml", "_rels/.rels", "word/document.xml", *more):
            package.writestr(name, "<x/>")
    return buffer.getvalue()


async def test_one_file_is_answered_by_itself(client):
    reply = await upload(client, Form().file("report.docx", docx()))
    assert reply.status == 201
    document = reply.json()
    assert (
        document.items()
        >= {
            "name": "report.docx",
            "size": len(docx()),
            "media_type": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "sha256": hashlib.sha256(docx()).hexdigest(),
        }.items()
    )
    assert len(document["file_id"]) == 32
    back = await client.request("GET", reply.headers["Location"])
    assert (back.status, back.body) == (200, docx())


async def test_several_files_are_answered_in_order_with_what_is_said_of_them(client):
    form = Form().file("a.txt", b"a").text("tags", '["x/y", "z"]').file("b.pdf", PDF)
    reply = await upload(client, form.text("metadata", '{"客户": "王", "n": 3}').text("tags", " w , z "))
    assert reply.status == 201
    files = reply.json()["files"]
    assert [file["name"] for file in files] == ["a.txt", "b.pdf"]
    for file in files:
        assert (file["tags"], file["metadata"]) == (["w", "x/y", "z"], {"n": 3, "客户": "王"})


async def test_an_empty_file_is_a_file(client):
    assert (await stored(client, "empty.docx", b""))["size"] == 0


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("page.docx", b"<!DOCTYPE html><html><script>alert(1)</script></html>", "text/html"),
        ("text.pdf", b"just some text\n", "text/plain"),
        ("sheet.xlsx", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("plain.docx", docx()[:0] + b"PK\x05\x06" + bytes(18), "application/zip"),
        ("picture.png", PDF, "application/pdf"),
        ("notes.txt", PDF, "application/pdf"),
        ("data.csv", b"\x7fELF" + bytes(60), "application/x-executable"),
        ("photo.jpg", b"\x89PNG\r\n\x1a\n" + bytes(50), "image/png"),
    ],
)
async def test_content_that_belies_its_name_is_a_415_that_names_the_type(
    client, tmp_path, name, content, found
):
    document = assert_problem(await upload(client, Form().file(name, content)), 415, "type_mismatch")
    assert document["found"] == found
    assert found in document["detail"]
    assert document["errors"][0]["pointer"] == "/file"
    assert blobs_in(tmp_path) == []


async def test_a_mismatch_of_a_large_file_is_told_before_it_has_arrived(tmp_path):
    async with running(tmp_path, upload_max_bytes=2**34) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(client.base_url.rpartition(":")[2]))
        head = Form().file("big.pdf", b"<html>" + b" " * 200_000).parts[0]
        request = (
            "POST /api/file/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000000\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
        )
        writer.write(request.encode() + head)
        async with asyncio.timeout(60):
            assert (await reader.readline()).split()[1] == b"415"
        writer.close()
        assert blobs_in(tmp_path) == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\合同.docx", "合同.docx"),
        ("a%0D%0ASet-Cookie: x=1.txt", "a  Set-Cookie: x=1.txt"),
        ("annual\u202efdp.exe.txt", "annualfdp.exe.txt"),
        ("-rf", "-rf"),
        ("CON", "CON"),
        ("cafe\u0301.txt", "café.txt"),
        ("👩‍🔬 data.csv", "👩‍🔬 data.csv"),
        ('say "hi".txt', 'say "hi".txt'),
        ("..", "unnamed"),
        ("\u200b", "unnamed"),
    ],
)
async def test_names_are_cleaned_but_keep_their_meaning(client, sent, kept):
    file = await stored(client, sent, docx() if sent.endswith("docx") else b"x")
    assert file["name"] == kept
    back = await client.request("GET", f"/api/file/download/{file['file_id']}")
    disposition = back.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="')
    assert unquote(disposition.partition("filename*=UTF-8''")[2]) == kept


async def test_a_long_name_keeps_its_extension(client):
    name = (await stored(client, "长" * 200 + ".tar.gz", b"\x1f\x8b\x08"))["name"]
    assert len(name.encode()) <= 255
    assert name.startswith("长" * 80)
    assert name.endswith(".gz")


async def test_a_name_in_the_old_chinese_encoding_is_read(client):
    reply = await upload(client, Form().file("财务报表.txt".encode("gb18030"), b"x"))
    assert reply.json()["name"] == "财务报表.txt"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{}", "application/json", 415, "unsupported_media_type"),
        (b"", f"multipart/form-data; boundary={BOUNDARY}", 400, "invalid_multipart"),
        (b"x", "multipart/form-data", 400, "invalid_multipart"),
        (b"x", "multipart/form-data; boundary=" + "b" * 500, 400, "invalid_multipart"),
        (Form().file("a", b"a").body, "multipart/form-data; boundary=other", 400, "invalid_multipart"),
        (
            Form().file("a", b"a").body[:-20],
            f"multipart/form-data; boundary={BOUNDARY}",
            400,
            "invalid_multipart",
        ),
        (Form().body, f"multipart/form-data; boundary={BOUNDARY}", 422, "invalid_file_request"),
        (Form().file("", b"").body, f"multipart/form-data; boundary={BOUNDARY}", 422, "invalid_file_request"),
        (
            Form().text("file", "x").body,
            f"multipart/form-data; boundary={BOUNDARY}",
            422,
            "validation_failed",
        ),
        (Form().text("tag", "x").body, f"multipart/form-data; boundary={BOUNDARY}", 422, "validation_failed"),
    ],
)
async def test_a_body_that_is_no_upload_is_told_why(client, tmp_path, body, content_type, status, code):
    reply = await client.request(
        "POST", "/api/file/upload", body=body, headers={"Content-Type": content_type}
    )
    assert_problem(reply, status, code)
    assert blobs_in(tmp_path) == []


@pytest.mark.parametrize(
    ("field", "value", "status", "code"),
    [
        ("metadata", "{", 422, "validation_failed"),
        ("metadata", "[]", 422, "validation_failed"),
        ("metadata", '{"a": {"b": 1}}', 422, "validation_failed"),
        ("metadata", '{"a": NaN}', 422, "invalid_file_request"),
        ("metadata", json.dumps({"k" * 65: 1}), 422, "invalid_file_request"),
        ("metadata", json.dumps({"k": "v" * 1001}), 422, "invalid_file_request"),
        ("metadata", json.dumps({str(number): 1 for number in range(65)}), 422, "invalid_file_request"),
        ("metadata", '{"a": 1' + "0" * 30 + "}", 422, "invalid_file_request"),
        ("metadata", '"' + "x" * 300_000 + '"', 413, "field_too_large"),
        ("tags", '["a", 1]', 422, "validation_failed"),
        ("tags", "a//b", 422, "invalid_tag"),
        ("tags", "x" * 65, 422, "invalid_tag"),
        ("tags", ",".join(str(number) for number in range(65)), 422, "invalid_file_request"),
    ],
)
async def test_what_is_said_of_a_file_is_checked_and_nothing_stored(
    client, tmp_path, field, value, status, code
):
    assert_problem(await upload(client, Form().file("a.txt", b"a").text(field, value)), status, code)
    assert blobs_in(tmp_path) == []
    assert (await client.request("GET", "/api/file/list")).json()["files"] == []


async def test_limits_are_413_and_507_and_leave_nothing(tmp_path):
    limits = {
        "file_max_bytes": 1000,
        "upload_max_bytes": 5000,
        "tenant_quota_bytes": 2500,
        "upload_max_files": 3,
    }
    async with running(tmp_path, **limits) as client:
        assert_problem(await upload(client, Form().file("a", bytes(1001))), 413, "file_too_large")
        assert_problem(await upload(client, Form().file("a", bytes(5001))), 413, "body_too_large")
        several = Form().file("a", bytes(900)).file("b", bytes(900)).file("c", bytes(900))
        assert_problem(await upload(client, several), 507, "quota_exceeded")
        many = Form().file("a", b"").file("b", b"").file("c", b"").file("d", b"")
        assert_problem(await upload(client, many), 422, "invalid_file_request")
        assert blobs_in(tmp_path) == []
        await stored(client, "fits", bytes(1000))
        await stored(client, "fits too", bytes(1000))
        assert_problem(await upload(client, Form().file("a", bytes(600))), 507, "quota_exceeded")
        assert len(blobs_in(tmp_path)) == 2


async def test_quota_is_each_tenants_own(tmp_path):
    path, (acme, other) = make_keys(tmp_path, "acme", "other")
    async with running(tmp_path, api_key_file=str(path), tenant_quota_bytes=100) as client:
        await stored(client, "a", bytes(90), Authorization=f"Bearer {acme}")
        await stored(client, "a", bytes(90), Authorization=f"Bearer {other}")
        full = await upload(client, Form().file("a", bytes(20)), Authorization=f"Bearer {acme}")
        assert_problem(full, 507, "quota_exceeded")


async def test_a_client_that_leaves_leaves_nothing(client, tmp_path):
    _, writer = await asyncio.open_connection("127.0.0.1", int(client.base_url.rpartition(":")[2]))
    part = Form().file("half.bin", bytes(3_000_000)).parts[0]
    head = (
        "POST /api/file/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99000000\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    writer.write(head.encode() + part[:-2])
    await writer.drain()
    async with asyncio.timeout(60):
        while not any(path.stat().st_size for path in blobs_in(tmp_path)):
            await asyncio.sleep(0.01)
        writer.close()
        while blobs_in(tmp_path):
            await asyncio.sleep(0.01)
    assert (await client.request("GET", "/api/file/list")).json()["files"] == []


async def test_a_client_that_stalls_is_a_408_and_leaves_nothing(tmp_path):
    async with running(tmp_path, upload_idle_s=0.3) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(client.base_url.rpartition(":")[2]))
        head = (
            "POST /api/file/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99000000\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
        )
        writer.write(head.encode() + Form().file("half.bin", bytes(1_500_000)).parts[0][:-2])
        async with asyncio.timeout(60):
            assert (await reader.readline()).split()[1] == b"408"
            while blobs_in(tmp_path):
                await asyncio.sleep(0.01)
        writer.close()


async def test_a_chunked_body_without_length_is_taken_and_an_endless_one_is_cut(tmp_path):
    async with running(tmp_path, upload_max_bytes=3_000_000) as client:
        port = int(client.base_url.rpartition(":")[2])
        body = Form().file("c.txt", b"chunked").body
        assert b" 201 " in await chunked(port, [body[:50], body[50:]])
        start = Form().file("endless.bin", b"").parts[0][:-2]
        assert b" 413 " in await chunked(port, [start, *[bytes(100_000)] * 40])
        async with asyncio.timeout(60):
            while len(blobs_in(tmp_path)) > 1:
                await asyncio.sleep(0.01)


async def chunked(port: int, chunks: list[bytes]) -> bytes:
    """Send a chunked body and return the status line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        "POST /api/file/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    try:
        writer.write(head.encode())
        for chunk in chunks:
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    except ConnectionError:
        pass  # refused in the middle: the answer is there already
    async with asyncio.timeout(60):
        line = await reader.readline()
    writer.close()
    return line


async def test_uploads_at_once_are_all_kept(client):
    contents = [bytes([number]) * 70_000 for number in range(30)]
    files = await asyncio.gather(*(stored(client, f"{n}.bin", content) for n, content in enumerate(contents)))
    assert len({file["file_id"] for file in files}) == 30
    for file, content in zip(files, contents, strict=True):
        assert (await client.request("GET", f"/api/file/download/{file['file_id']}")).body == content


async def test_a_repeated_upload_is_answered_like_the_first_and_stores_nothing(client, tmp_path):
    key = {"Idempotency-Key": "once"}
    first = await upload(client, Form().file("a.txt", b"a").text("tags", "t"), **key)
    again = await upload(client, Form().file("a.txt", b"a").text("tags", "t"), **key)
    assert (again.status, again.json()) == (201, first.json())
    assert len(blobs_in(tmp_path)) == 1
    other = await upload(client, Form().file("a.txt", b"b").text("tags", "t"), **key)
    assert_problem(other, 422, "idempotency_key_reused")
    assert len(blobs_in(tmp_path)) == 1


async def test_an_upload_is_documented(client):
    document = (await client.request("GET", "/openapi.json")).json()
    post = document["paths"]["/api/file/upload"]["post"]
    form = post["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(form) == {"file", "tags", "metadata"}
    assert "201" in post["responses"]
