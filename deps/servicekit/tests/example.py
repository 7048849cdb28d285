"""A small service on the kit, used by the kit's own tests."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from tornado.web import Application

from servicekit.http import ApiHandler, Body, ErrorEntry, Route, StreamingHandler, make_app, operation
from servicekit.keys import KeyFile
from servicekit.logs import configure_logging
from servicekit.server import serve


class NoSuchThing(Exception):
    code = "no_such_thing"


class Busy(Exception):
    code = "busy"
    retry_after_s = 2.5
    extra = MappingProxyType({"limit": 3})
    errors = ({"pointer": "/name", "code": "taken", "message": "taken"},)


ERRORS: Mapping[type[Exception], ErrorEntry] = {
    NoSuchThing: ErrorEntry(404, "No such thing"),
    Busy: ErrorEntry(503, "Busy", retry_after_s=9),
}


class Thing(Body):
    name: str = Field(min_length=1, max_length=100)
    size: int = Field(default=1, ge=0, le=1000)
    tags: tuple[str, ...] = ()


class Paging(Body):
    limit: int = Field(default=20, ge=1, le=100)
    tag: tuple[str, ...] = ()


class Made(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int
    tenant: str
    user: str | None


class Listed(BaseModel):
    limit: int
    tag: list[str]


class Received(BaseModel):
    bytes: int


class Journal:
    """What happened, for tests to look at."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.started = asyncio.Event()
        self.finished = asyncio.Event()
        self.released = asyncio.Event()
        self.received = 0

    async def wait(self) -> None:
        self.started.set()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


class ThingsHandler(ApiHandler):
    @operation(summary="Make", tag="things", body=Thing, replies={201: Made}, errors=("busy",), scope="run")
    async def post(self) -> None:
        body = self.parse_body(Thing)
        if body.name == "busy":
            raise Busy("All three are taken")
        if body.name == "bug":
            raise RuntimeError("secret detail")
        made = Made(name=body.name, size=body.size, tenant=self.caller.tenant, user=self.caller.user)
        self.reply(made, status=201, headers={"Location": "/api/things/1"})

    @operation(summary="List", tag="things", query=Paging, replies={200: Listed}, scope="run")
    async def get(self) -> None:
        query = self.parse_query(Paging)
        self.reply({"limit": query.limit, "tag": query.tag})


class ThingHandler(ApiHandler):
    @operation(
        summary="One",
        tag="things",
        path={"thing_id": "Its id."},
        replies={200: Listed},
        errors=("no_such_thing",),
    )
    async def get(self, thing_id: str) -> None:
        raise NoSuchThing(f"No thing {thing_id[:20]}")


class WaitHandler(ApiHandler):
    def initialize(self, journal: Journal) -> None:
        self._journal = journal

    @operation(summary="Wait", tag="things", replies={204: None})
    async def post(self) -> None:
        await self._journal.wait()
        self.reply(None)


class StubbornHandler(ApiHandler):
    cancel_on_disconnect = False

    def initialize(self, journal: Journal) -> None:
        self._journal = journal

    @operation(summary="Finish anyway", tag="things", replies={204: None})
    async def post(self) -> None:
        self._journal.started.set()
        await asyncio.sleep(0.2)
        self._journal.finished.set()
        self.reply(None)


class SlowHandler(ApiHandler):
    @operation(summary="Slow", tag="things", replies={200: Received})
    async def get(self) -> None:
        await asyncio.sleep(0.1)
        self.reply({"bytes": 0})


class EventsHandler(ApiHandler):
    keep_alive_s = 0.05

    def initialize(self, journal: Journal) -> None:
        self._journal = journal

    @operation(
        summary="Events",
        tag="things",
        path={"kind": "few, held, flood, fail or bug"},
        replies={200: "text/event-stream"},
    )
    async def get(self, kind: str) -> None:
        async with self.event_stream(endless=kind == "endless") as stream:
            if kind == "endless":
                await stream.send("state", "on")
                await asyncio.sleep(600)
            if kind == "flood":
                while True:
                    await stream.send("flood", "x" * 65536)
                    self._journal.received += 65536
            await stream.send("state", {"text": "ü\n"}, "1")
            if kind == "fail":
                raise NoSuchThing("gone")
            if kind == "bug":
                raise RuntimeError("secret detail")
            if kind == "held":
                await self._journal.released.wait()
            await stream.send("end", "two\nlines", "2")


class FilesHandler(StreamingHandler):
    max_body_bytes = 64 << 20
    body_timeout_s = 2

    def initialize(self, journal: Journal) -> None:
        self._journal = journal

    @operation(
        summary="Upload",
        tag="files",
        replies={201: Received},
        scope="files",
        form={"file": {"type": "string"}},
    )
    async def post(self) -> None:
        if self.get_query_argument("refuse", ""):
            raise NoSuchThing("not here")
        total = 0
        self._journal.started.set()
        try:
            async for chunk in self.body_chunks():
                total += len(chunk)
        except asyncio.CancelledError:
            self._journal.cancelled.set()
            raise
        self.reply({"bytes": total}, status=201)

    @operation(summary="Download", tag="files", replies={200: "text/csv"}, scope="files")
    async def get(self) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                for _ in range(int(self.get_query_argument("chunks", "3"))):
                    yield b"x" * 65536
                if self.get_query_argument("fail", ""):
                    raise NoSuchThing("half way")
            finally:
                self._journal.finished.set()

        await self.reply_stream(chunks(), content_type="text/csv", filename='表 "1".csv')


def example_app(journal: Journal | None = None, **more: Any) -> Application:
    journal = journal or Journal()
    routes = [
        Route("/api/things", ThingsHandler),
        Route("/api/things/{thing_id}", ThingHandler),
        Route("/api/wait", WaitHandler, {"journal": journal}),
        Route("/api/stubborn", StubbornHandler, {"journal": journal}),
        Route("/api/slow", SlowHandler),
        Route("/api/events/{kind}", EventsHandler, {"journal": journal}),
        Route("/api/files", FilesHandler, {"journal": journal}),
    ]
    return make_app(
        routes, name="example", version="1.2.3", errors=ERRORS, **{"max_body_bytes": 1 << 20, **more}
    )


async def main() -> None:
    keys = KeyFile(os.environ["KEYS"]) if "KEYS" in os.environ else None
    app = example_app(keys=keys)
    await serve(
        app,
        host=os.environ["HOST"],
        port=int(os.environ["PORT"]),
        drain_s=float(os.environ.get("DRAIN_S", "10")),
    )


if __name__ == "__main__":
    configure_logging("INFO")
    asyncio.run(main())
