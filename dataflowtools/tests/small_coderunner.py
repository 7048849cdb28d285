"""A small real server that speaks coderunner's wire names, and really runs the programs it is given."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

_RUN = """
import ast, json, sys, traceback
asked = json.load(sys.stdin)
names = dict(asked["parameters"])
reply = {"status": "success", "result": "", "value": None, "exceptions": [], "outputs": []}
try:
    tree = ast.parse(asked["code"])
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "main.py", "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "main.py", "eval"), names)
        if hasattr(value, "to_dict"):
            value = {"columns": list(value.columns), "records": json.loads(value.to_json(orient="records"))}
        reply["value"] = value
except Exception as error:
    line = error.lineno if isinstance(error, SyntaxError) else traceback.extract_tb(error.__traceback__)[-1].lineno
    reply |= {"status": "error", "exceptions": [{"type": type(error).__name__, "message": str(error), "line": line}]}
print(json.dumps(reply))
"""


@dataclass
class SmallCoderunner:
    """What the server was asked, and what it is to answer instead."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    answer: tuple[int, dict[str, Any] | str] | None = None
    hold: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def body(self) -> dict[str, Any]:
        return self.requests[-1]["body"]


class _Handler(RequestHandler):
    def initialize(self, state: SmallCoderunner) -> None:
        self._state = state

    async def prepare(self) -> None:
        state, request = self._state, self.request
        body = json.loads(request.body) if request.body else None
        state.requests.append(
            {"path": request.path, "query": request.query, "headers": dict(request.headers), "body": body}
        )
        state.arrived.set()
        if state.hold:
            await asyncio.Event().wait()
        if state.answer is not None:
            status, content = state.answer
            self.set_status(status)
            self.finish(content)

    def on_connection_close(self) -> None:
        self._state.left.set()


class _Execute(_Handler):
    async def post(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", _RUN, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate(self.request.body)
        self.finish(json.loads(said))


class _Install(_Handler):
    def post(self) -> None:
        waited = json.loads(self.request.body).get("wait")
        self.set_status(200 if waited else 202)
        self.finish({"execution_id": "x1", "status": "succeeded" if waited else "queued"})


class _List(_Handler):
    def get(self) -> None:
        self.finish(
            {
                "packages": [
                    {
                        "name": "six",
                        "version": "1.17.0",
                        "source": "index",
                        "installed_at": "2026-11-21T00:00:00Z",
                    }
                ]
            }
        )


@asynccontextmanager
async def small_coderunner() -> AsyncIterator[SmallCoderunner]:
    state = SmallCoderunner()
    known = {"state": state}
    app = Application(
        [
            ("/api/runner/execute", _Execute, known),
            ("/api/pypkg/install", _Install, known),
            ("/api/pypkg/list", _List, known),
        ]
    )
    socket, port = bind_unused_port()
    server = HTTPServer(app, max_body_size=64 << 20)
    server.add_socket(socket)
    state.url = f"http://127.0.0.1:{port}"
    try:
        yield state
    finally:
        server.stop()
        await server.close_all_connections()
