"""Bodies larger than memory and replies without an end, both at the other side's pace."""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from servicekit.handler import CLIENT_LEFT, PlainHandler
from servicekit.operations import Verb
from servicekit.parsing import encode_json
from servicekit.problems import problem_of

WRITE_TIMEOUT_S = 30.0  # a client that reads nothing for so long is gone
MIN_PROGRESS_BYTES = 1024  # per body timeout; less is a stall


class ApiHandler(PlainHandler):
    """The base of handlers: thin verbs that parse, make one call, and reply."""

    keep_alive_s = 15.0

    def event_stream(self, *, endless: bool = False) -> "EventStream":
        """Server-sent events in an `async with`; an endless stream is ended when the service drains."""
        return EventStream(self, self.keep_alive_s, endless=endless)

    async def reply_stream(
        self,
        chunks: AsyncIterable[bytes],
        *,
        content_type: str,
        filename: str | None = None,
        length: int | None = None,
        status: int = 200,
    ) -> None:
        """Answer with bytes as they come; `chunks` is closed whatever happens."""
        self.set_status(status)
        self.set_header("Content-Type", content_type)
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        if filename is not None:
            self.set_header("Content-Disposition", _attachment(filename))
        if length is not None:
            self.set_header("Content-Length", str(length))
        async with contextlib.AsyncExitStack() as stack:
            if hasattr(chunks, "aclose"):
                stack.push_async_callback(chunks.aclose)
            if self.request.method != "HEAD":
                async for chunk in chunks:
                    self.write(chunk)
                    await self.flush_patiently()

    async def flush_patiently(self) -> None:
        """Wait until the client took what was written, but not for ever."""
        flushed = self.flush()
        try:
            await (flushed if flushed.done() else asyncio.wait_for(flushed, WRITE_TIMEOUT_S))
        except TimeoutError:
            self.socket_stream.close()
            raise StreamClosedError from None


class EventStream:
    """One client's events; comments keep the connection alive in between."""

    def __init__(self, handler: ApiHandler, keep_alive_s: float, *, endless: bool) -> None:
        self._handler = handler
        self._keep_alive_s = keep_alive_s
        self._lock = asyncio.Lock()
        self._endless = {task} if endless and (task := asyncio.current_task()) else set()
        self._silent = handler.request.method == "HEAD"

    async def __aenter__(self) -> Self:
        self._handler.set_header("Content-Type", "text/event-stream")
        self._handler.set_header("X-Accel-Buffering", "no")
        self._handler.socket_stream.set_nodelay(True)
        await self._write(": open\n\n")
        self._beat = asyncio.create_task(self._keep_alive())
        self._handler.kit.endless |= self._endless
        return self

    async def send(self, event: str, data: Any, event_id: str | None = None) -> None:
        """One event; waits while the client does not read, so nothing piles up."""
        text = data if isinstance(data, str) else encode_json(data).decode()
        heads = {"id": event_id, "event": event}
        lines = [f"{name}: {' '.join(value.split())}" for name, value in heads.items() if value is not None]
        lines += [f"data: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        await self._write("\n".join(lines) + "\n\n")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._handler.kit.endless -= self._endless
        self._beat.cancel()
        await asyncio.gather(self._beat, return_exceptions=True)
        if isinstance(error, asyncio.CancelledError) and self._handler.kit.draining:
            return not self._handler.has_left and all(task.uncancel() == 0 for task in self._endless)
        if not isinstance(error, Exception) or isinstance(error, StreamClosedError):
            return False
        self._handler.log_exception(kind, error, trace)
        await self.send("error", self._handler.describe(problem_of(error, self._handler.kit.errors)))
        return True

    async def _write(self, text: str) -> None:
        if not self._silent:
            async with self._lock:
                self._handler.write(text)
                await self._handler.flush_patiently()

    async def _keep_alive(self) -> None:
        with contextlib.suppress(StreamClosedError):
            while True:
                await asyncio.sleep(self._keep_alive_s)
                await self._write(": keep-alive\n\n")


class StreamingHandler(ApiHandler):
    """Verbs start when the headers are in and take the body chunk by chunk."""

    _arrived = False
    _chunk: bytes | None = None
    _early: asyncio.Task[None] | None = None
    _seen = 0

    async def prepare(self) -> None:
        await super().prepare()
        verb = getattr(getattr(self, (self.request.method or "").lower()), "__wrapped__", None)
        if verb is not None and (self._announced or self._chunked) and self._refusal is None:
            self._filled, self._empty = asyncio.Event(), asyncio.Event()
            self._empty.set()
            self._verb = self._early = asyncio.create_task(verb(self, **self.path_kwargs))
            self._early.add_done_callback(self._ended)

    async def data_received(self, chunk: bytes) -> None:
        if self.takes(chunk):
            await self._put(chunk)

    async def _put(self, chunk: bytes) -> None:
        if self._early is None:
            return
        await self._empty.wait()
        if not self._early.done():
            self._chunk = chunk
            self._empty.clear()
            self._filled.set()

    async def body_chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; not reading on makes the client wait."""
        while self._early is not None:
            await self._filled.wait()
            chunk, self._chunk = self._chunk, None
            self._filled.clear()
            self._empty.set()
            if not chunk:
                return
            yield chunk

    async def run_verb(self, verb: Verb, path: dict[str, str]) -> None:
        if self._early is None or self._refusal is not None:
            await super().run_verb(verb, path)
            return
        self._arrived = True
        self._stop_timer()
        await self._put(b"")
        await self._until_left(self._early, self._early)

    def _ended(self, early: asyncio.Task[None]) -> None:
        self._empty.set()
        error = None if early.cancelled() else early.exception()
        if self._arrived:
            return
        if self.has_left:  # nobody is there to be answered
            self._count(CLIENT_LEFT)
        elif isinstance(error, Exception):
            self._refuse(error)
            if self._discarding:
                self.log_exception(type(error), error, error.__traceback__)

    def _refuse(self, refusal: Exception) -> None:
        super()._refuse(refusal)
        if self._early is not None:
            self._early.cancel()

    def _body_is_late(self) -> None:
        taken, self._seen = self._received - self._seen, self._received
        if taken >= MIN_PROGRESS_BYTES or self._chunk is not None:  # it moves, or the verb is the slow one
            self._await_body()
            return
        super()._body_is_late()
        if self._early is not None:
            self._early.cancel()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._early is not None and not self._arrived:
            self._early.cancel()


def _attachment(filename: str) -> str:
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;/' else "_" for c in filename)[
        :200
    ]
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename[:200], safe='')}"
