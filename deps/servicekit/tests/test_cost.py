import asyncio
import io
import json
import logging
import time

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from deps.servicekit.tests.example import Thing, example_app
from deps.servicekit.tests.raw import Connection, connected, post
from servicekit.logs import JsonFormatter
from servicekit.testing import serving

MAX_RATIO = 2.2  # 1.6 is usual: CPU time against CPU time, so that a slow or busy machine changes nothing
REQUEST = post("/api/things", {"name": "Ada", "size": 2}).encode()


class Plain(RequestHandler):
    async def post(self) -> None:
        body = Thing.model_validate_json(self.request.body)
        self.write(json.dumps({"name": body.name, "size": body.size}))


@pytest.fixture
async def plain_url():
    listener, port = bind_unused_port()
    server = HTTPServer(Application([("/api/things", Plain)], log_function=lambda handler: None))
    server.add_socket(listener)
    yield f"http://127.0.0.1:{port}"
    server.stop()


async def cpu_ms(connection: Connection) -> float:
    started = time.process_time()
    for _ in range(200):
        connection.writer.write(REQUEST)
        assert (await connection.reply()).status in (200, 201)
    return (time.process_time() - started) * 1000 / 200


async def test_the_kit_costs_little_above_plain_tornado(plain_url):
    log = logging.getLogger("servicekit.access")
    sink = logging.StreamHandler(io.StringIO())
    sink.setFormatter(JsonFormatter())
    log.addHandler(sink)
    log.propagate, log.level = False, logging.INFO
    try:
        async with (
            serving(example_app()) as client,
            connected(plain_url) as plain,
            connected(client.base_url) as kit,
        ):
            costs = [(await cpu_ms(plain), await cpu_ms(kit)) for _ in range(6)]
            await asyncio.sleep(0)
    finally:
        log.removeHandler(sink)
        log.propagate, log.level = True, logging.NOTSET

    assert min(kit for _, kit in costs) < MAX_RATIO * min(plain for plain, _ in costs)
