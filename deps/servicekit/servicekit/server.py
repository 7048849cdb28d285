"""Listen, serve, and on a signal finish what was begun."""

import asyncio
import logging
import resource
import signal
import sys
import weakref
from collections.abc import Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets
from tornado.web import Application

from servicekit.admission import Kit
from servicekit.listener import turn_away

__all__ = ["serve"]

QUIET_S = 0.3  # after the last request, for those on their way along connections that were kept
HANDSHAKE_S = 0.1  # for those whose connection has begun when the service starts to drain
_TURN_S = 0.02
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


class Server(HTTPServer):
    """Knows its sockets: what waits to be accepted and what waits to be sent are requests too."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        super().initialize(*args, **kwargs)
        self._streams: weakref.WeakSet[IOStream] = weakref.WeakSet()
        self._listening: list[Any] = []
        self._most_streams = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2

    def bind_to(self, host: str, port: int) -> int:
        """Listen on an address and return the port, which is an unused one for 0."""
        self._listening = bind_sockets(port, host, backlog=1024)
        self.add_sockets(self._listening)
        return int(self._listening[0].getsockname()[1])

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        if len(self._streams) >= self._most_streams:  # out of descriptors, accepting would spin
            stream.close()
            return
        self._streams.add(stream)
        super().handle_stream(stream, address)

    def writing(self) -> bool:
        """Whether a reply has not left yet."""
        return any(stream.writing() for stream in self._streams if not stream.closed())

    def turn_away(self) -> None:
        """Let no new connection begin and no old one be kept."""
        self.conn_params.no_keep_alive = True
        for listener in self._listening:
            turn_away(listener)

    def stop_accepting(self) -> None:
        """Take the connections that the kernel has accepted, which closing would reset, then close."""
        for listener in self._listening:
            try:
                while True:
                    connection, address = listener.accept()
                    self.handle_stream(IOStream(connection), address)
            except BlockingIOError:
                continue
        self.stop()


def make_server(
    app: Application, *, idle_timeout_s: float = 65.0, max_header_bytes: int = 32 << 10
) -> Server:
    """A server for an application; handlers count bodies themselves, to answer in JSON."""
    return Server(
        app,
        idle_connection_timeout=idle_timeout_s,
        max_header_size=max_header_bytes,
        max_body_size=sys.maxsize,
        max_buffer_size=4 << 20,
    )


async def serve(
    app: Application,
    *,
    host: str,
    port: int,
    drain_s: float = 30.0,
    on_listening: Callable[[int], None] | None = None,
    **limits: Any,
) -> None:
    """Answer requests until SIGTERM or SIGINT, then drain; a second signal ends at once."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, signals.put_nowait, number)
    server = make_server(app, **limits)
    try:
        actual_port = server.bind_to(host, port)
        _log.info("listening", extra={"fields": {"host": host, "port": actual_port}})
        if on_listening is not None:
            on_listening(actual_port)
        await signals.get()
        await _drain(app.settings["kit"], server, drain_s, signals)
    finally:
        server.stop()
        await server.close_all_connections()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _drain(kit: Kit, server: Server, drain_s: float, signals: asyncio.Queue[int]) -> None:
    _log.info("draining", extra={"fields": {"in_flight": kit.in_flight}})
    kit.draining = True
    server.turn_away()
    for stream in kit.endless:
        stream.cancel()
    ends = {asyncio.create_task(_until_quiet(kit, server)), asyncio.create_task(signals.get())}
    _, pending = await asyncio.wait(ends, timeout=drain_s, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    _log.info("drained", extra={"fields": {"in_flight": kit.in_flight}})


async def _until_quiet(kit: Kit, server: Server) -> None:
    """Counts turns of the loop and no clock: after a standstill what came in meanwhile is looked at first."""
    await asyncio.sleep(HANDSHAKE_S)
    server.stop_accepting()
    quiet_turns = 0
    while quiet_turns * _TURN_S < QUIET_S:
        quiet_turns = 0 if kit.in_flight or server.writing() else quiet_turns + 1
        await asyncio.sleep(_TURN_S)
