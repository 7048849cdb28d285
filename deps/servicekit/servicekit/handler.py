"""The base of every handler: admission, bodies within limits, replies, errors, and an early end."""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Mapping
from types import TracebackType
from typing import Any

from tornado.iostream import IOStream
from tornado.web import HTTPError, RequestHandler, stream_request_body

from servicekit import parsing
from servicekit.admission import Kit, admit
from servicekit.keys import NOBODY, Caller
from servicekit.logs import request_context
from servicekit.operations import METHODS, Verb, operation_of
from servicekit.problems import Problem, is_expected, kit_problem, problem_of

CLIENT_LEFT = 499
DISCARD_BYTES = 1 << 20  # a refused body up to this size is read, so that the connection can go on
LINGER_S = 2.0  # a refused client may keep sending this long, or a reset would destroy the reply on its way
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/+=-]{0,127}")
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})(?:$|[,;\s])")
_access_log = logging.getLogger("servicekit.access")
_error_log = logging.getLogger("servicekit.errors")


@stream_request_body
class PlainHandler(RequestHandler):
    """One request's life around a verb; `servicekit.streaming` adds what streams."""

    cancel_on_disconnect = True
    max_body_bytes: int | None = None
    body_timeout_s: float | None = None
    route = "unknown"
    caller: Caller = NOBODY
    request_id = ""
    has_left = False

    _counted = False
    _discarding = False
    _received = 0
    _refusal: Exception | None = None
    _timer: asyncio.TimerHandle | None = None
    _verb: asyncio.Task[None] | None = None

    def set_default_headers(self) -> None:
        if not self.request_id:  # the first of several calls for one request
            self._open()
        del self._headers["Server"]
        self._headers["X-Request-ID"] = self.request_id
        self._headers["traceparent"] = self.traceparent
        self._headers["Cache-Control"] = "no-store"
        self._headers["X-Content-Type-Options"] = "nosniff"

    def _open(self) -> None:
        self._started_s = time.perf_counter()
        self.kit: Kit = self.application.settings["kit"]
        self.kit.in_flight += 1
        self.kit.metrics.in_flight.inc()
        self._body = bytearray()
        headers = self.request.headers
        given = headers.get("X-Request-ID", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        parent = _TRACE.fullmatch(headers.get("traceparent", ""))
        self.trace_id, flags = (parent[1], parent[2]) if parent else (secrets.token_hex(16), "00")
        self.traceparent = f"00-{self.trace_id}-{secrets.token_hex(8)}-{flags}"
        length = headers.get("Content-Length", "")
        self._announced = int(length[:19]) if length.isascii() and length.isdecimal() else 0
        self._chunked = "Transfer-Encoding" in headers

    async def prepare(self) -> None:
        request_context.set({"request_id": self.request_id, "trace_id": self.trace_id})
        try:
            await self._admit()
        except Problem as refusal:
            self._refuse(refusal)
        if (self._announced or self._chunked) and not self._discarding:
            self._await_body()

    async def _admit(self) -> None:
        if self._announced > self.body_limit:
            raise self._too_large()
        self.caller = await admit(self.request, self.kit, operation_of(type(self), self.request.method or ""))

    async def run_verb(self, verb: Verb, path: dict[str, str]) -> None:
        """Run a declared verb; it is cancelled when the client leaves, unless the handler says otherwise."""
        if self._discarding:
            return
        if self._refusal is not None:
            raise self._refusal
        self._stop_timer()
        await self._until_left(asyncio.current_task(), verb(self, **path))

    async def _until_left(self, task: asyncio.Task[Any] | None, running: Awaitable[None]) -> None:
        self._verb = task
        try:
            await running
        except asyncio.CancelledError:
            if not self.has_left or task is None:
                raise
            task.uncancel()
            self.set_status(CLIENT_LEFT, "Client Closed Request")
        finally:
            self._verb = None

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.has_left = True
        self._stop_timer()
        if self._verb is None or self._verb.done():
            self._count(CLIENT_LEFT)
        elif self.cancel_on_disconnect:
            self._verb.cancel()

    def on_finish(self) -> None:
        self._stop_timer()
        self._count(CLIENT_LEFT if self.has_left else self.get_status())

    def _count(self, status: int) -> None:
        """The request's metrics and its log line, once; the query and the body stay out of both."""
        if self._counted:
            return
        self._counted = True
        seconds = time.perf_counter() - self._started_s
        method = self.request.method if self.request.method in METHODS else "OTHER"
        self.kit.in_flight -= 1
        self.kit.metrics.in_flight.dec()
        self.kit.metrics.count(method or "", self.route, status, seconds)
        where = {"method": method, "path": (self.request.path or "")[:200], "route": self.route}
        who = {"tenant": self.caller.tenant, "key_id": self.caller.key_id}
        ids = {"request_id": self.request_id, "trace_id": self.trace_id}
        facts = {**where, "status": status, "duration_ms": round(seconds * 1000, 2), **ids, **who}
        _access_log.info("request", extra={"fields": facts})

    # The request's body

    @property
    def body_limit(self) -> int:
        """The most bytes a body of this route may have."""
        return self.kit.max_body_bytes if self.max_body_bytes is None else self.max_body_bytes

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self.takes(chunk):
            self._body += chunk
        return None

    def takes(self, chunk: bytes) -> bool:
        """Whether a chunk of the body is still wanted; what is over the limit is refused."""
        self._received += len(chunk)
        if self._refusal is None and self._received > self.body_limit:
            self._body.clear()
            self._refuse(self._too_large())
        elif self._refusal is not None and not self._discarding:
            self._refuse(self._refusal)  # a chunked body may have grown too large to be waited for
        return self._refusal is None and not self._finished

    def _too_large(self) -> Problem:
        return kit_problem("body_too_large", f"The body may have at most {self.body_limit} bytes.")

    def _await_body(self) -> None:
        timeout_s = self.kit.body_timeout_s if self.body_timeout_s is None else self.body_timeout_s
        self._timer = asyncio.get_running_loop().call_later(timeout_s, self._body_is_late)

    def _body_is_late(self) -> None:
        self._refusal = kit_problem("request_timeout")
        self._answer_early(self._refusal, linger=False)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Refusals: while a body is on its way the reply has to be written around it

    def _refuse(self, refusal: Exception) -> None:
        self._refusal = refusal
        if self._announced > DISCARD_BYTES or (self._chunked and self._received > DISCARD_BYTES):
            self._answer_early(refusal, linger="Expect" not in self.request.headers)

    def _answer_early(self, refusal: Exception, *, linger: bool) -> None:
        self._discarding = True
        self._stop_timer()
        if self._finished or self._headers_written:
            return
        self.clear()
        self._write_problem(problem_of(refusal, self.kit.errors))
        self.set_header("Connection", "close")
        if not linger:
            self.finish()
            return
        self.set_header("Content-Length", str(sum(map(len, self._write_buffer))))
        self.flush()
        self._timer = asyncio.get_running_loop().call_later(LINGER_S, self._stop_lingering)

    def _stop_lingering(self) -> None:
        if not self._finished:
            self.finish()

    # What verbs use

    def parse_body(self, model: type[parsing.Model]) -> parsing.Model:
        """The JSON body as a model."""
        media_type = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise kit_problem("unsupported_media_type", "Send the body as Content-Type: application/json.")
        return parsing.parse_json(bytes(self._body), model)

    def parse_query(self, model: type[parsing.Model]) -> parsing.Model:
        """The query string as a model."""
        return parsing.parse_query(self.request.query_arguments, model)

    def reply(self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Answer with JSON, which bytes are already, or with no body when there is no content."""
        self.set_status(204 if content is None and status == 200 else status)  # noqa: PLR2004
        self._headers["Content-Type"] = "application/json"
        for name, value in (headers or {}).items():
            self.set_header(name, value)
        if content is None:
            self.clear_header("Content-Type")
        else:
            self.write(content if isinstance(content, bytes) else parsing.encode_json(content))

    @property
    def idempotency_key(self) -> str | None:
        """The caller's name for this request, by which a repetition is known."""
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise kit_problem("bad_request", "Idempotency-Key must be 1 to 255 visible ASCII characters.")
        return key

    @property
    def prefer_wait_s(self) -> int | None:
        """How long the caller would wait for a result, from `Prefer: wait=n`."""
        found = _WAIT.search(self.request.headers.get("Prefer", "").lower())
        return int(found[1]) if found else None

    @property
    def socket_stream(self) -> IOStream:
        """The connection beneath the request."""
        stream: IOStream = self.request.connection.stream  # type: ignore[union-attr]
        return stream

    # Verbs that nobody declares

    async def head(self, **path: str) -> None:
        if operation_of(type(self), "GET") is None:
            raise HTTPError(405)
        await self.get(**path)  # type: ignore[misc]

    async def options(self, **_: str) -> None:
        self.set_header("Allow", self.allowed())
        self.set_status(204)

    @classmethod
    def allowed(cls) -> str:
        """The methods of this address."""
        return ", ".join(method for method in METHODS if method == "OPTIONS" or operation_of(cls, method))

    # Replies and errors on their way out

    def flush(self, include_footers: bool = False) -> "asyncio.Future[None]":
        if self.kit.draining and not self._headers_written:
            self.set_header("Connection", "close")
        return super().flush(include_footers)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = (kwargs.get("exc_info") or (None, None))[1]
        self._write_problem(problem_of(error, self.kit.errors, status_code))

    def _write_problem(self, problem: Problem) -> None:
        self.set_status(problem.status)
        standard = {405: {"Allow": self.allowed()}, 401: {"WWW-Authenticate": "Bearer"}}
        for name, value in {**standard.get(problem.status, {}), **problem.headers}.items():
            self.set_header(name, value)
        self.set_header("Content-Type", "application/problem+json")
        self.write(parsing.encode_json(self.describe(problem)))

    def describe(self, problem: Problem) -> dict[str, Any]:
        """A problem's document with what belongs to this request."""
        path = (self.request.path or "")[:500]
        return problem.document(instance=path, request_id=self.request_id, trace_id=self.trace_id)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        if not self._headers_written:
            super().send_error(status_code, **kwargs)
            return
        self.socket_stream.close()  # half a reply went out: only an abrupt end tells the client
        if not self._finished:
            self.finish()

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        if typ is not None and value is not None and not is_expected(value, self.kit.errors):
            _error_log.error("unexpected error", exc_info=(typ, value, tb))

    def compute_etag(self) -> None:
        """Replies are made for one caller at one time; hashing them buys nothing."""


class UnknownAddress(PlainHandler):
    """Whatever no route knows."""

    async def _admit(self) -> None:
        raise kit_problem("not_found")

    async def _missing(self, **_: str) -> None:
        if self._refusal is not None and not self._discarding:
            raise self._refusal

    get = head = post = put = patch = delete = options = _missing
