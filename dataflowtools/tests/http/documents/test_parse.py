"""POST /api/file/parse over a real socket, with real workers: rows 56-64, 66-68."""

import asyncio
import os
import signal
from contextlib import suppress

import pytest
from tornado.simple_httpclient import HTTPTimeoutError

from dataflowtools.tests.http.documents.parsing import children, parse
from dataflowtools.tests.http_service import running, stored
from dataflowtools.tests.multipart_bodies import Form
from dataflowtools.tests.unit.documents.making import (
    bomb,
    docx,
    mutated,
    paragraph,
    pdf,
    png,
    png_bomb,
    show,
    workbook,
    xlsx,
)
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")
CSV = b"a,b\n1,2\n"


def metric(text: str, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


async def jobs_done(client) -> float:
    reply = await client.request("GET", "/metrics")
    return metric(reply.body.decode(), 'dataflow_worker_jobs_total{job="documents.parse"')


async def test_a_stored_document_is_read_once_and_given_again(client):
    file = await stored(client, "名.csv", CSV)
    replies = [
        await client.request("POST", "/api/file/parse", json={"file_id": file["file_id"], "format": "json"})
        for _ in range(2)
    ]
    assert [reply.status for reply in replies] == [200, 200]
    assert [reply.headers["X-Cache"] for reply in replies] == ["miss", "hit"]
    content = replies[0].json()
    assert set(content) == {"content", "metadata", "warnings"}
    assert content["content"]["blocks"][0]["rows"][1][0]["text"] == "1"
    assert content["metadata"]["format"] == "csv"
    assert replies[1].body == replies[0].body


async def test_the_cache_can_be_passed_by(client):
    async def call(wish):
        reply = await parse(client, b"x,y\n5,6\n", "c.csv", headers={"Cache-Control": wish} if wish else {})
        return reply.headers["X-Cache"]

    assert [await call(wish) for wish in ("no-store", "", "", "no-cache", "no-store", "")] == [
        "miss", "miss", "hit", "miss", "miss", "hit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("markdown", "# Title\n\nplain **bold**\n"),
        ("text", "Title\n\nplain bold\n"),
        ("html", "<h1>Title</h1>\n<p>plain <strong>bold</strong></p>"),
    ],
)
async def test_the_document_is_given_as_it_is_asked_for(client, target, expected):
    body = paragraph("Title", '<w:outlineLvl w:val="0"/>') + (
        "<w:p><w:r><w:t xml:space='preserve'>plain </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>bold</w:t></w:r></w:p>"
    )
    reply = await parse(client, docx(body), "a.docx", format=target)
    assert reply.status == 200, reply.body
    content = reply.json()["content"]
    assert content == expected if target != "html" else expected in content


async def test_fields_of_a_form_are_options(client):
    def fill(book):
        book.active.append([1, 2])
        book.create_sheet("two").append([3])

    reply = await parse(client, workbook(fill), "a.xlsx", sheets="two", max_rows="5", formulas="true")
    assert [block["sheet"] for block in reply.json()["content"]["blocks"] if block["type"] == "table"] == [
        "two"
    ]
    assert_problem(await parse(client, CSV, "a.csv", max_rows="many"), 422, "validation_failed")
    assert_problem(await parse(client, CSV, "a.csv", nonsense="1"), 422, "validation_failed")
    assert_problem(await parse(client, CSV, "a.csv", pages="z"), 422, "invalid_selection")


@pytest.mark.parametrize("target", ["../x", "docx", "", "JSON"])
async def test_a_format_that_is_none_lists_what_there_is(client, target):
    problem = assert_problem(await parse(client, CSV, "a.csv", format=target), 422, "unsupported_conversion")
    assert "markdown" in problem["detail"]


BAD = {
    "empty": (b"", "a.pdf", 422, "empty_file"),
    "cut docx": (docx(paragraph("x" * 9000))[:-100], "a.docx", 422, "corrupt_file"),
    "cut png": (png(200, 200)[:-40], "a.png", 422, "corrupt_file"),
    "html named docx": (b"<html>x</html>", "a.docx", 415, "type_mismatch"),
    "program": (b"\x7fELF" + bytes(100), "a.bin", 415, "unsupported_type"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "a.svg", 415, "unsupported_type"),
    "bomb": (bomb(size=200 << 20), "a.docx", 422, "decompression_limit"),
    "traversal": (docx("", **{"../x": "y"}), "a.docx", 422, "decompression_limit"),
    "corner": (
        xlsx('<row r="1"><c r="A1"><v>1</v></c></row><row r="9"><c r="XFD1048576"><v>1</v></c></row>'),
        "a.xlsx", 422, "sheet_too_large",
    ),
    "laughs": (docx(paragraph("&a;"), prolog='<!DOCTYPE l [<!ENTITY a "ha">]>'), "a.docx", 422, "forbidden_xml"),
    "long line": (b"x" * (5 << 20), "a.csv", 413, "document_too_large"),
    "png bomb": (png_bomb(50_000, 50_000), "a.png", 422, "image_too_large"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_input_is_one_clear_error(client, case):
    data, name, status, code = BAD[case]
    problem = assert_problem(await parse(client, data, name), status, code)
    assert "/tmp" not in str(problem)
    assert "Traceback" not in str(problem)


async def test_a_picture_waits_for_its_recognition(client):
    reply = await parse(client, png(), "a.png", ocr="never")
    assert reply.json()["content"]["pages"] == [
        {"page": 1, "width": 40, "height": 20, "rotation": 0, "source": "ocr", "needs_ocr": True}
    ]


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.csv", "C:\\x.csv", "CON.csv", "-rf.csv", "中\u202e文🎉.csv", "n" * 300 + ".csv"],
)
async def test_a_strange_name_is_only_a_name(client, name):
    reply = await parse(client, CSV, name)
    assert reply.status == 200, reply.body


async def test_ids_that_are_none_and_addresses_are_refused(client):
    for file_id in ("0" * 32, "../../etc/passwd", "file:///etc/passwd", "http://169.254.169.254/latest"):
        reply = await client.request("POST", "/api/file/parse", json={"file_id": file_id})
        assert_problem(reply, 404, "file_not_found")
    url = {"url": "http://169.254.169.254/", "format": "json"}
    assert_problem(await client.request("POST", "/api/file/parse", json=url), 422, "validation_failed")


async def test_forms_without_file_with_two_and_broken_ones_are_refused(client):
    async def send(form, **headers):
        return await client.request(
            "POST", "/api/file/parse", body=form.body, headers={**form.headers, **headers}
        )

    assert_problem(await send(Form().text("format", "json")), 422, "validation_failed")
    assert_problem(await send(Form().file("a.csv", CSV).file("b.csv", CSV)), 422, "validation_failed")
    broken = await send(Form().file("a.csv", CSV), **{"Content-Type": "multipart/form-data; boundary=other"})
    assert broken.status == 400
    plain = await client.request("POST", "/api/file/parse", body=b"x", headers={"Content-Type": "text/plain"})
    assert_problem(plain, 415, "unsupported_media_type")


async def test_active_content_is_left_out_of_html(client):
    page = b"<html><body><script>alert(1)</script><p onclick='x()'>text <a href='javascript:x()'>link</a></p></body></html>"
    reply = await parse(client, page, "a.html", format="html")
    content = reply.json()["content"]
    assert "script" not in content
    assert "onclick" not in content
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_same_document_many_times_at_once_is_read_once(client):
    data = pdf([show(f"page {n} of the one that all ask for") for n in range(30)])
    before = await jobs_done(client)
    replies = await asyncio.gather(*(parse(client, data, "same.pdf") for _ in range(50)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert await jobs_done(client) - before <= 2


async def test_a_worker_killed_in_the_middle_costs_one_request(client):
    assert (await parse(client, CSV, "warm.csv", headers={"Cache-Control": "no-store"})).status == 200
    slow = xlsx("".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 200_000)))
    task = asyncio.create_task(parse(client, slow, "slow.xlsx", headers={"Cache-Control": "no-store"}))
    async with asyncio.timeout(60):
        while True:
            health = (await client.request("GET", "/api/health")).json()
            if '"running": 1' in str(health).replace("'", '"'):
                break
            await asyncio.sleep(0.005)
    for pid in children():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    problem = assert_problem(await task, 503, "worker_lost")
    assert problem["status"] == 503
    assert (await parse(client, CSV, "next.csv")).status == 200


async def test_damaged_documents_never_hurt_the_service(client):
    whole = {
        "a.docx": docx(paragraph("text " * 200)),
        "a.xlsx": workbook(lambda book: [book.active.append([n, str(n)]) for n in range(50)]),
        "a.pdf": pdf([show("words on a page") for _ in range(3)]),
    }
    cases = [(name, mutated(data, seed)) for name, data in whole.items() for seed in range(25)]
    few = asyncio.Semaphore(20)

    async def one(name, data):
        async with few:
            return await parse(client, data, name)

    replies = await asyncio.gather(*(one(name, data) for name, data in cases))
    assert {reply.status for reply in replies} <= {200, 413, 415, 422}
    assert {reply.status for reply in replies} >= {200, 422}


async def test_a_document_over_the_limit_is_refused_early(tmp_path):
    async with running(tmp_path, document_max_bytes=10_000) as small:
        assert_problem(await parse(small, b"x" * 20_000, "a.txt"), 413, "document_too_large")
        assert_problem(await parse(small, b"x" * 3_000_000, "a.txt"), 413, "body_too_large")


async def test_a_document_that_takes_too_long_is_a_504_and_the_next_is_read(tmp_path):
    slow = xlsx("".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 150_000)))
    async with running(tmp_path, document_timeout_s=0.2) as hasty:
        assert_problem(await parse(hasty, slow, "a.xlsx"), 504, "time_limit")
        assert (await parse(hasty, CSV, "a.csv")).status == 200


async def test_a_document_that_needs_too_much_memory_is_refused(tmp_path):
    rows = "".join(
        f'<row r="{n}">' + "".join(f'<c r="{c}{n}"><v>{n}</v></c>' for c in "ABCDEFGHIJ") + "</row>"
        for n in range(1, 40_000)
    )
    async with running(tmp_path, document_memory_bytes=64 << 20) as poor:
        assert_problem(await parse(poor, xlsx(rows), "a.xlsx"), 422, "memory_limit")
        assert (await parse(poor, CSV, "a.csv")).status == 200


async def test_a_full_queue_is_a_503_that_says_when_to_come_back(tmp_path):
    slow = xlsx("".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 60_000)))
    async with running(tmp_path, document_workers=1, document_queue=1) as small:
        replies = await asyncio.gather(*(parse(small, slow + bytes([n]), "a.xlsx") for n in range(6)))
    refused = [reply for reply in replies if reply.status != 200]
    assert refused
    for reply in refused:
        assert_problem(reply, 503, "workers_busy")
        assert int(reply.headers["Retry-After"]) >= 1


async def test_when_the_client_leaves_its_worker_stops(tmp_path):
    slow = xlsx("".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 200_000)))
    async with running(tmp_path, document_workers=1) as own:
        assert (await parse(own, CSV, "warm.csv")).status == 200
        (worker,) = children()[-1:]
        with pytest.raises(HTTPTimeoutError):
            await parse(own, slow, "a.xlsx", timeout_s=0.3)
        async with asyncio.timeout(60):
            while worker in children():
                await asyncio.sleep(0.02)
        assert (await parse(own, CSV, "after.csv")).status == 200


async def test_without_its_redis_the_cache_hurts_nobody(tmp_path):
    async with running(tmp_path, redis_host="127.0.0.1", redis_port=1) as lonely:
        replies = [await parse(lonely, CSV, "a.csv") for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    assert [reply.headers["X-Cache"] for reply in replies] == ["miss", "miss"]


async def test_nothing_is_left_behind(tmp_path):
    before = set(children())
    async with running(tmp_path) as own:
        assert (await parse(own, CSV, "a.csv")).status == 200
        assert set(children()) - before
    assert set(children()) <= before
