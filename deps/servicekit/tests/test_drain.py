import asyncio
import os
import signal
import socket
import sys

import pytest

from deps.servicekit.tests.example import example_app
from deps.servicekit.tests.raw import connected, head, post, until
from servicekit.server import make_server
from servicekit.testing import spawn_service

ARGV = [sys.executable, "-m", "deps.servicekit.tests.example"]
ENV = {"PYTHONPATH": f".:deps/servicekit:{os.environ.get('PYTHONPATH', '')}"}


async def hammer(base_url: str, tally: dict[str, int], stop: asyncio.Event, *, keep: bool) -> None:
    while not stop.is_set():
        try:
            async with connected(base_url) as connection:
                while not stop.is_set():
                    await connection.send(head("GET", "/api/slow"))
                    tally["sent"] += 1
                    reply = await connection.reply()
                    tally["answered"] += reply.status == 200
                    if reply.headers.get("Connection") == "close" or not keep:
                        break
        except ConnectionRefusedError:
            return  # never accepted, so never lost


@pytest.mark.parametrize("keep", [True, False])
async def test_drain_under_load_loses_no_request(keep):
    tally, stop = {"sent": 0, "answered": 0}, asyncio.Event()
    async with spawn_service(ARGV, env=ENV) as service:
        clients = [asyncio.create_task(hammer(service.base_url, tally, stop, keep=keep)) for _ in range(40)]
        await until(lambda: tally["answered"] > 100, deadline_s=20)

        service.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(service.process.wait(), 10)
        stop.set()
        await asyncio.gather(*clients)

    assert code == 0
    assert tally["sent"] == tally["answered"] > 100


async def test_while_draining_the_service_is_not_ready_and_closes_connections():
    async with spawn_service(ARGV, env=ENV) as service, connected(service.base_url) as kept:
        await kept.send(head("GET", "/api/things"))
        assert "Connection" not in (await kept.reply()).headers
        async with connected(service.base_url) as busy:
            await busy.send(head("GET", "/api/slow"))
            await asyncio.sleep(0.03)
            service.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.03)
            await kept.send(head("GET", "/api/health"))
            reply = await kept.reply()

            assert (reply.status, reply.json()["status"]) == (503, "draining")
            assert reply.headers["Connection"] == "close"
            assert (await busy.reply()).headers["Connection"] == "close"
        with pytest.raises(ConnectionRefusedError):
            async with connected(service.base_url):
                pass
        assert await asyncio.wait_for(service.process.wait(), 5) == 0


async def test_the_deadline_ends_what_does_not_end(tmp_path):
    async with (
        spawn_service(ARGV, env={**ENV, "DRAIN_S": "0.3"}) as service,
        connected(service.base_url) as stuck,
    ):
        await stuck.send(post("/api/wait", {}))
        await asyncio.sleep(0.1)
        service.process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(service.process.wait(), 5) == 0
        assert await stuck.closed_by_peer()


async def test_a_second_signal_ends_at_once():
    async with (
        spawn_service(ARGV, env={**ENV, "DRAIN_S": "60"}) as service,
        connected(service.base_url) as stuck,
    ):
        await stuck.send(post("/api/wait", {}))
        await asyncio.sleep(0.1)
        service.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        assert service.process.returncode is None
        service.process.send_signal(signal.SIGINT)

        assert await asyncio.wait_for(service.process.wait(), 5) == 0


async def test_endless_events_end_with_the_service():
    async with (
        spawn_service(ARGV, env={**ENV, "DRAIN_S": "60"}) as service,
        connected(service.base_url) as stream,
    ):
        await stream.send(head("GET", "/api/events/endless"))
        await stream.reader.readuntil(b"data: on\n\n")
        service.process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(service.process.wait(), 5) == 0
        assert (await stream.reader.read()).endswith(b"0\r\n\r\n")


async def test_a_connection_that_waits_to_be_accepted_is_answered():
    server = make_server(example_app())
    port = server.bind_to("127.0.0.1", 0)
    with socket.create_connection(
        ("127.0.0.1", port)
    ) as client:  # the loop has not run, so nobody accepted it
        client.sendall(head("GET", "/api/things").encode())
        server.stop_accepting()

        reply = await asyncio.to_thread(client.recv, 65536)
    await server.close_all_connections()

    assert reply.startswith(b"HTTP/1.1 200 OK")
