"""Blocking driver calls in bounded threads, one transaction per call, on SQLite and MySQL."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from executor.adapters.sql.transactions import TryAgain, Tx
from executor.adapters.sql.writer import GroupWriter
from executor.errors import RowRefused, StoreUnavailable

T = TypeVar("T")
Telling = Callable[[Sequence[str]], Awaitable[None]]
TRIES = 8
MYSQL_TRANSIENT = frozenset({1020, 1205, 1213})  # record changed, lock wait timeout, deadlock


class Database:
    """Runs functions of a transaction; a deadlock or a lost connection starts them over."""

    def __init__(self, url: str | URL, *, threads: int = 10) -> None:
        self._engine = _make_engine(make_url(url), threads)
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="executor-db")
        is_sqlite = self._engine.dialect.name == "sqlite"
        self.tell_ends: Telling | None = None
        self._writer = GroupWriter(lambda work: self._persist(work, writes=True)) if is_sqlite else None

    @property
    def engine(self) -> Engine:
        return self._engine

    async def write(self, work: Callable[[Tx], T]) -> T:
        """The result of `work` when it is committed, and what has ended by it is told."""
        ended: list[str] = []

        def noting(tx: Tx) -> T:
            before = len(tx.ended)
            done = work(tx)
            ended[:] = tx.ended[before:]
            return done

        if self._writer is None:
            result = await self._in_thread(noting, writes=True)
        else:
            result = await asyncio.wrap_future(self._writer.submit(noting))
        if ended and self.tell_ends is not None:
            await self.tell_ends(ended)
        return result

    async def read(self, work: Callable[[Tx], T]) -> T:
        return await self._in_thread(work, writes=False)

    async def _in_thread(self, work: Callable[[Tx], T], *, writes: bool) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(self._persist, work, writes=writes))

    def _persist(self, work: Callable[[Tx], T], *, writes: bool) -> T:
        for tries_left in reversed(range(TRIES)):
            try:
                return self._transact(work, writes=writes)
            except TryAgain:
                if not tries_left:
                    raise
            except (IntegrityError, DataError) as error:
                raise RowRefused("The database does not take a value of this request.") from error
            except (DBAPIError, PoolTimeout) as error:
                if not (tries_left and _is_transient(error)):
                    raise StoreUnavailable("The database did not answer; try again later.") from error
            time.sleep(random.uniform(0.001, 0.02) * (TRIES - tries_left))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def _transact(self, work: Callable[[Tx], T], *, writes: bool) -> T:
        with self._engine.connect() as plain:
            connection = plain.execution_options(executor_writes=writes)
            with connection.begin() as transaction:
                result = work(Tx(connection))
                try:
                    transaction.commit()
                except DBAPIError as error:
                    # Nobody knows whether it was committed, so it must not simply be started over.
                    if _is_deadlock(error):
                        raise TryAgain("deadlock at commit") from error
                    raise StoreUnavailable("The database went away in the middle of a change.") from error
            return result

    async def close(self) -> None:
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()


def _is_deadlock(error: BaseException) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    origin = error.orig
    if isinstance(origin, sqlite3.OperationalError):
        return "locked" in str(origin) or "busy" in str(origin)
    return bool(origin is not None and origin.args and origin.args[0] in MYSQL_TRANSIENT)


def _is_transient(error: BaseException) -> bool:
    return _is_deadlock(error) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def _make_engine(url: URL, threads: int) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _make_sqlite(url, threads)
    query = {"charset": "utf8mb4", **url.query}
    return create_engine(
        url.set(query=query),
        isolation_level="READ COMMITTED",
        pool_size=threads,
        max_overflow=0,
        pool_recycle=1800,
        connect_args={"connect_timeout": 5, "read_timeout": 60, "write_timeout": 60},
    )


def _make_sqlite(url: URL, threads: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=threads + 1,  # the writer has a thread of its own
        max_overflow=0,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 30},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("executor_writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
