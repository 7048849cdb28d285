import asyncio
import os
import signal
import socket
import sys
import time
from collections import Counter

import pytest

from deps.servicekit.tests.example import example_app
from deps.servicekit.tests.raw import HANG_S, Connection, connected, head, post, until
from servicekit.server import QUIET_S, make_server
from servicekit.testing import Reply, Service, spawn_service

ARGV = [sys.executable, "-m", "deps.servicekit.tests.example"]
ENV = {"PYTHONPATH": f".:deps/servicekit:{os.environ.get('PYTHONPATH', '')}"}


async def hammer(base_url: str, tally: Counter[str], stop: asyncio.Event, *, keep: bool) -> None:
    """Ask and ask again. Who lets an open connection rest longer than the service waits may find it closed."""
    while not stop.is_set():
        begun, late = time.monotonic(), False
        try:
            async with connected(base_url) as connection:
                while not stop.is_set():
                    late = time.monotonic() - begun > QUIET_S
                    begun = time.monotonic()
                    await connection.send(head("GET", "/api/slow"))
                    reply = await connection.reply()
                    tally["answered"] += reply.status == 200
                    if reply.headers.get("Connection") == "close" or not keep:
                        break
        except ConnectionRefusedError:
            return  # never accepted, so never lost
        except (ConnectionError, asyncio.IncompleteReadError):
            tally["late" if late else "lost"] += 1


@pytest.mark.parametrize("keep", [True, False])
async def test_drain_under_load_loses_no_request(keep):
    tally, stop = Counter[str](), asyncio.Event()
    async with spawn_service(ARGV, env=ENV) as service:
        clients = [asyncio.create_task(hammer(service.base_url, tally, stop, keep=keep)) for _ in range(40)]
        await until(lambda: tally["answered"] > 100)

        service.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(service.process.wait(), HANG_S)
        stop.set()
        await asyncio.gather(*clients)

    assert code == 0
    assert tally["lost"] == 0, tally


async def in_flight(service: Service, count: int) -> None:
    """Return when the service is answering so many requests beside this one."""
    async with asyncio.timeout(HANG_S):
        while f"http_requests_in_flight {count + 1}.0" not in await metrics(service):
            await asyncio.sleep(0.02)


async def metrics(service: Service) -> str:
    return (await service.request("GET", "/metrics")).body.decode()


async def draining(kept: Connection) -> Reply:
    """The reply that tells of it, once the signal has arrived."""
    while True:
        await kept.send(head("GET", "/api/health"))
        reply = await kept.reply()
        if reply.status == 503:
            return reply
        assert "Connection" not in reply.headers


async def test_while_draining_the_service_is_not_ready_and_closes_connections():
    async with (
        spawn_service(ARGV, env=ENV) as service,
        connected(service.base_url) as kept,
        connected(service.base_url) as busy,
    ):
        whole = post("/api/things", {"name": "Ada"})
        await busy.send(whole[:-1])
        await in_flight(service, 1)
        service.process.send_signal(signal.SIGTERM)
        reply = await draining(kept)

        assert reply.json()["status"] == "draining"
        assert reply.headers["Connection"] == "close"
        with pytest.raises(ConnectionRefusedError):
            async with connected(service.base_url):
                pass
        await busy.send(whole[-1])
        reply = await busy.reply()
        assert (reply.status, reply.headers["Connection"]) == (201, "close")
        assert await asyncio.wait_for(service.process.wait(), HANG_S) == 0


async def test_the_deadline_ends_what_does_not_end():
    async with (
        spawn_service(ARGV, env={**ENV, "DRAIN_S": "0.3"}) as service,
        connected(service.base_url) as stuck,
    ):
        await stuck.send(post("/api/wait", {}))
        await in_flight(service, 1)
        service.process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(service.process.wait(), HANG_S) == 0
        assert await stuck.closed_by_peer()


async def test_a_second_signal_ends_at_once():
    async with (
        spawn_service(ARGV, env={**ENV, "DRAIN_S": str(10 * HANG_S)}) as service,
        connected(service.base_url) as kept,
        connected(service.base_url) as stuck,
    ):
        await stuck.send(post("/api/wait", {}))
        await in_flight(service, 1)
        service.process.send_signal(signal.SIGTERM)
        await draining(kept)
        assert service.process.returncode is None
        service.process.send_signal(signal.SIGINT)

        assert await asyncio.wait_for(service.process.wait(), HANG_S) == 0


async def test_endless_events_end_with_the_service():
    async with (
        spawn_service(ARGV, env={**ENV, "DRAIN_S": str(10 * HANG_S)}) as service,
        connected(service.base_url) as stream,
    ):
        await stream.send(head("GET", "/api/events/endless"))
        await stream.reader.readuntil(b"data: on\n\n")
        service.process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(service.process.wait(), HANG_S) == 0
        assert (await stream.reader.read()).endswith(b"0\r\n\r\n")


async def test_a_connection_that_has_begun_comes_in_and_a_new_one_does_not():
    server = make_server(example_app())
    port = server.bind_to("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", port)) as early:
        server.turn_away()
        with socket.socket() as newcomer:
            newcomer.settimeout(0.2)
            with pytest.raises(TimeoutError):
                newcomer.connect(("127.0.0.1", port))
        early.sendall(head("GET", "/api/things").encode())
        reply = await asyncio.to_thread(early.recv, 65536)
    server.stop()
    await server.close_all_connections()

    assert reply.startswith(b"HTTP/1.1 200 OK")


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
