"""Known weaknesses are listed when the operator turns it on, and nothing depends on who answers."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coderunner.src.bootstrap import bootstrap
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.tests.packages import install, send_form, wheel_bytes
from servicekit.testing import assert_problem, serving

KNOWN = {
    "id": "PYSEC-2099-1", "aliases": ["CVE-2099-1"], "summary": "", "details": "all of it", "fixed_in": ["2.0"],
    "link": "https://example.org/1", "source": "osv", "withdrawn": None,
}  # fmt: skip
ANSWERS = {
    "/six/1.17.0/json": (200, json.dumps({"vulnerabilities": [KNOWN, {**KNOWN, "withdrawn": "2099-02-01"}]})),
    "/toolz/1.0.0/json": (200, "[" * 100_000),
    "/iniconfig/2.0.0/json": (500, "broken"),
}


@contextmanager
def index():
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            return

        def do_GET(self):
            asked.append(self.path)
            status, text = ANSWERS.get(self.path, (404, "{}"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def listed(client, path="/api/pypkg/advisories"):
    reply = await client.request("GET", path, timeout_s=60)
    assert reply.status == 200, reply.body
    return reply.json()


async def test_what_is_known_is_listed_and_what_is_not_is_told(make_settings):
    with index() as (url, asked):
        settings = make_settings(package_advisories=True, package_advisories_url=url)
        async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
            assert (await listed(client))["advisories"] == []
            await install(client, "six==1.17.0", "toolz==1.0.0", "iniconfig==2.0.0")
            wheel = wheel_bytes("sent", {"sent.py": ""})
            await send_form(client, "/api/pypkg/install", ("wheel", "sent-1.0-py3-none-any.whl", wheel))
            found = await listed(client)
            assert found["enabled"]
            assert found["advisories"] == [
                {
                    "package": "six", "version": "1.17.0", "id": "PYSEC-2099-1", "aliases": ["CVE-2099-1"],
                    "summary": "all of it", "fixed_in": ["2.0"], "link": "https://example.org/1",
                }
            ]  # fmt: skip
            assert {one["name"]: one["reason"] for one in found["unchecked"]} == {
                "iniconfig": "the index answered 500",
                "sent": "it did not come from a package index",
                "toolz": "the index does not answer in JSON",
            }
            await listed(client)
            assert asked.count("/six/1.17.0/json") == 1  # remembered
            one = (await client.request("GET", "/api/pypkg/list")).json()["environment_id"]
            assert await listed(client, f"/api/environments/{one}/advisories") == found
            other = await client.request("GET", "/api/environments/env_nobodys/advisories")
            assert_problem(other, 404, "environment_not_found")


@pytest.mark.parametrize(
    "changes", [{}, {"package_advisories": True, "package_advisories_url": "http://127.0.0.1:9"}]
)
async def test_nothing_fails_where_nobody_may_be_asked_or_nobody_answers(make_settings, changes):
    settings = make_settings(**changes)
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        await install(client, "six==1.17.0")
        found = await listed(client)
    assert found["advisories"] == []
    assert found["enabled"] == bool(changes)
    if changes:
        assert found["unchecked"] == [{"name": "six", "reason": "the index does not answer"}]
