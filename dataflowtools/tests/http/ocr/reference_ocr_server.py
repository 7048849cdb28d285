"""An OCR engine as docs/ocr.md describes it: what an operator's own engine must do, and how one may fail."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import tornado.httpserver
import tornado.testing
import tornado.web


class RecogniseHandler(tornado.web.RequestHandler):
    def initialize(self, behaviour: "Behaviour") -> None:
        self.behaviour = behaviour

    async def post(self) -> None:
        self.behaviour.requests.append(
            (dict(self.request.query_arguments), self.request.headers, self.request.body)
        )
        match self.behaviour.mode:
            case "broken":
                self.set_status(500)
            case "rubbish":
                self.write("not json")
            case "infinite":
                self.write('{"lines":[{"text":"x","confidence":NaN,"box":[[0,0],[1,0],[1,1],[0,1]]}]}')
            case "slow":
                await asyncio.Event().wait()
            case _:
                self.write(json.dumps({"lines": self.behaviour.answer(self.request.body)}))


class Behaviour:
    def __init__(self) -> None:
        self.mode = "fine"
        self.answer = lambda png: self.lines
        self.requests: list[tuple] = []
        self.lines = [
            {"text": "second line", "confidence": 0.9, "box": [[10, 60], [200, 60], [200, 80], [10, 80]]},
            {
                "text": "first line", "confidence": 0.8, "box": [10, 20, 200, 40],
                "words": [{"text": "first", "confidence": 0.8, "box": [10, 20, 90, 40]}],
            },
        ]  # fmt: skip


@asynccontextmanager
async def reference_ocr_server() -> AsyncIterator[tuple[str, Behaviour]]:
    behaviour = Behaviour()
    app = tornado.web.Application([("/engine/v1/recognise", RecogniseHandler, {"behaviour": behaviour})])
    server = tornado.httpserver.HTTPServer(app)
    socket, port = tornado.testing.bind_unused_port()
    server.add_socket(socket)
    try:
        yield f"http://127.0.0.1:{port}/engine", behaviour
    finally:
        server.stop()
        await server.close_all_connections()
