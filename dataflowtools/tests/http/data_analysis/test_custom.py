import asyncio

import pytest
import pytest_asyncio

from dataflowtools.tests.http_service import make_keys, running
from dataflowtools.tests.small_coderunner import small_coderunner
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")
DATA = [{"城市": "北京", "n": 1, "x": 1.5}, {"城市": "上海", "n": 2, "x": None}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("custom")
    path, (key,) = make_keys(folder, "acme", scopes=("run", "files", "documents"))
    async with (
        small_coderunner() as coderunner,
        running(
            folder, coderunner_url=coderunner.url, coderunner_api_key="secret-key", api_key_file=str(path),
            analysis_custom_bytes=200_000, analysis_workers=1,
        ) as client,
    ):  # fmt: skip
        client.headers["Authorization"] = f"Bearer {key}"
        yield client, coderunner


@pytest.fixture
def client(pair):
    pair[1].answer, pair[1].hold = None, False
    return pair[0]


@pytest.fixture
def coderunner(pair):
    return pair[1]


async def custom(client, **body):
    return await client.request("POST", "/api/data_analysis/custom", json={"data": DATA, **body})


async def test_free_code_gets_tables_as_data_frames_and_returns_a_value(client, coderunner):
    reply = await custom(
        client,
        code="joined = df.merge(tables['other'], on='城市')\nfloat((joined['n'] * joined['w']).sum()) * parameters['k']",
        tables={"other": {"data": [{"城市": "上海", "w": 10}, {"城市": "北京", "w": 5}]}},
        parameters={"k": 2},
    )
    assert reply.status == 200, reply.body
    assert (reply.json()["status"], reply.json()["value"]) == ("success", 50.0)
    headers = coderunner.requests[-1]["headers"]
    assert headers["X-Tenant"] == "acme"
    assert headers["Authorization"] == "Bearer secret-key"
    assert headers["X-Request-Id"] == reply.headers["X-Request-ID"]
    assert headers["Traceparent"].split("-")[1] == reply.headers["traceparent"].split("-")[1]


async def test_wishes_reach_coderunner_by_its_own_names(client, coderunner):
    await custom(client, code="1", options={"timeout": 7.5, "memory_limit": 99, "security_level": "isolated"})
    body = coderunner.body
    assert (body["timeout"], body["memory_limit"], body["security_level"]) == (7.5, 99, "isolated")
    await custom(client, code="1")
    assert set(coderunner.body) == {"code", "parameters"}


async def test_types_arrive_as_they_are(client):
    data = [{"d": "2024-02-29", "t": "2024-02-29T12:30:00", "i": 1, "b": True, "s": None, "l": [1, 2]}]
    code = "[str(df.dtypes[c]) for c in ('i', 'b')] + [str(df['d'][0]), str(df['t'][0]), list(map(int, df['l'][0]))]"
    reply = await custom(client, data=data, code=code)
    assert reply.json()["value"] == ["int64", "bool", "2024-02-29", "2024-02-29 12:30:00", [1, 2]]


async def test_a_failing_program_is_an_answer_with_the_callers_own_lines(client):
    reply = await custom(client, code="a = 1\nb = a / 0")
    assert reply.status == 200
    assert reply.json()["status"] == "error"
    assert reply.json()["exceptions"] == [
        {"type": "ZeroDivisionError", "message": "division by zero", "line": 2}
    ]


async def test_a_table_that_comes_back_is_stored(client):
    reply = await custom(client, code="df[df['n'] > 1]", to="csv")
    assert reply.status == 200, reply.body
    file = reply.json()["file"]
    download = await client.request("GET", f"/api/file/download/{file['file_id']}")
    assert download.body.decode() == "城市,n,x\n上海,2,\n"
    assert_problem(await custom(client, code="1 + 1", to="csv"), 422, "invalid_analysis")


async def test_tables_too_large_for_free_code_are_refused_with_their_size(client):
    import random

    data = [{"a": random.random(), "b": random.random()} for _ in range(30_000)]
    found = assert_problem(await custom(client, data=data, code="1"), 422, "table_too_large")
    assert "200000" in found["detail"]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ((422, {"code": "limit_above_maximum", "detail": "timeout: at most 30"}), 422, "coderunner_refused"),
        (
            (403, {"code": "security_level_not_allowed", "detail": "isolated is not allowed"}),
            403,
            "coderunner_forbade",
        ),
        ((403, {"code": "forbidden", "detail": "delegate"}), 503, "coderunner_unavailable"),
        ((401, {"code": "unauthenticated"}), 503, "coderunner_unavailable"),
        ((429, {"code": "capacity_exceeded"}), 503, "coderunner_unavailable"),
        ((500, {"code": "internal_error"}), 503, "coderunner_unavailable"),
        ((200, "<html>"), 503, "coderunner_unavailable"),
        ((200, "[1]"), 503, "coderunner_unavailable"),
    ],
)
async def test_what_coderunner_refuses_is_told_as_what_it_is(client, coderunner, answer, status, code):
    coderunner.answer = answer
    found = assert_problem(await custom(client, code="1"), status, code)
    if status < 500:
        assert answer[1]["detail"] in found["detail"]
        assert found["upstream"]["code"] == answer[1]["code"]


async def test_a_client_that_leaves_ends_the_run_there(client, coderunner):
    coderunner.hold = True
    coderunner.arrived.clear()
    _, writer = await asyncio.open_connection("127.0.0.1", int(client.base_url.rpartition(":")[2]))
    body = b'{"data": [{"a": 1}], "code": "1"}'
    head = f"POST /api/data_analysis/custom HTTP/1.1\r\nHost: x\r\nAuthorization: {client.headers['Authorization']}\r\n"
    writer.write(
        head.encode()
        + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    async with asyncio.timeout(60):
        await coderunner.arrived.wait()
        coderunner.left.clear()
        writer.close()
        await coderunner.left.wait()


async def test_no_coderunner_is_a_503(tmp_path):
    async with running(tmp_path, coderunner_url="http://127.0.0.1:9", analysis_workers=1) as client:
        assert_problem(await custom(client, code="1"), 503, "coderunner_unavailable")
