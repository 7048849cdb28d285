"""A service's database: SQLite in a folder or MySQL, with its connections and threads."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select, table, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from rowkit.threads import BoundedThreads

T = TypeVar("T")

_WRITE = "rowkit_write"
_ATTEMPTS = 6
_PAUSE_S = (0.01, 0.05)
_MYSQL_TRY_AGAIN = {1205, 1213}  # lock wait timeout, deadlock: InnoDB asks to begin again
_SQLITE_BUSY_MS = 10_000


@dataclass(frozen=True, slots=True)
class Owner:
    """The service whose rows they are: its migrations, and what it calls the faults of a database."""

    name: str
    migrations: Path
    unavailable: type[Exception]
    full: type[Exception]


class SqlDatabase:
    """Runs a function within one transaction, in a bounded thread."""

    def __init__(self, engine: Engine, owner: Owner, *, threads: int) -> None:
        self.engine = engine
        self.owner = owner
        self._size = threads
        self._threads = BoundedThreads(threads, name="database")

    def warm(self) -> None:
        """Open every connection now: what a service holds open does not grow while it serves."""
        look = select(func.count()).select_from(table(f"{self.owner.name}_version"))
        with ExitStack() as opened:
            for _ in range(self._size):
                opened.enter_context(self.engine.connect()).execute(look)

    def close(self) -> None:
        """End the threads and the connections."""
        self._threads.close()
        self.engine.dispose()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what work gives; nothing it does is kept."""
        with self._translated():
            return await self._threads.run(self._once, work, write=False)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what work gives after its changes are durable; it may run again after a deadlock."""
        with self._translated():
            return await self._threads.run(self._until_done, work)

    async def check(self) -> None:
        """Raise the owner's `unavailable` unless the database answers."""
        await self.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    def _until_done(self, work: Callable[[Connection], T]) -> T:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._once(work, write=True)
            except OperationalError as exc:
                if _driver_code(exc) not in _MYSQL_TRY_AGAIN:
                    raise
                time.sleep(random.uniform(*_PAUSE_S))  # noqa: S311 - so that the same ones do not meet again
        return self._once(work, write=True)

    def _once(self, work: Callable[[Connection], T], *, write: bool) -> T:
        with self.engine.connect() as opened:
            connection = opened.execution_options(**{_WRITE: write})
            with connection.begin() as transaction:
                result = work(connection)
                if not write:
                    transaction.rollback()
            return result

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as exc:
            if _is_full(exc):
                raise self.owner.full("There is no room left in the database.") from exc
            raise self.owner.unavailable("The database does not answer.") from exc
        except PoolTimeoutError as exc:
            raise self.owner.unavailable("The database is too busy.") from exc
        except DBAPIError as exc:
            if exc.connection_invalidated:
                raise self.owner.unavailable("The database connection was lost.") from exc
            raise


def _is_full(exc: OperationalError) -> bool:
    return isinstance(exc.orig, sqlite3.OperationalError) and exc.orig.sqlite_errorcode == sqlite3.SQLITE_FULL


def _driver_code(exc: OperationalError) -> object:
    return exc.orig.args[0] if exc.orig is not None and exc.orig.args else None


def open_sqlite(owner: Owner, file: Path, *, threads: int) -> SqlDatabase:
    """Open SQLite with a write-ahead log that is on disk before a commit returns."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        pool_size=threads,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": _SQLITE_BUSY_MS / 1000, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return SqlDatabase(engine, owner, threads=threads)


def open_mysql(
    owner: Owner, *, host: str, port: int, name: str, user: str, password: str, threads: int
) -> SqlDatabase:
    """Open MySQL or MariaDB over PyMySQL; connections are made when they are needed."""
    url = URL.create(
        "mysql+pymysql",
        username=user,
        password=password,
        host=host,
        port=port,
        database=name,
        query={"charset": "utf8mb4"},
    )
    engine = create_engine(
        url,
        pool_size=threads,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=1800,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": 5, "read_timeout": 60, "write_timeout": 60},
    )
    event.listen(engine, "connect", _prepare_mysql)
    return SqlDatabase(engine, owner, threads=threads)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_SQLITE_BUSY_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that read first could not upgrade beside another writer.
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _prepare_mysql(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'")
    cursor.close()
