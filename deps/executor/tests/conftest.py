"""Databases and engines of these tests: SQLite in a folder, and the real MariaDB or MySQL."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
from moto.server import ThreadedMotoServer

from executor.adapters.sql.store import SqlStore
from executor.assembly import open_engine
from executor.common.settings import ExecutorSettings
from executor.core.engine import ExecutionEngine

MYSQL = {
    "host": os.environ.get("TEST_MYSQL_HOST", "127.0.0.1"),
    "port": int(os.environ.get("TEST_MYSQL_PORT", "3306")),
    "user": os.environ.get("TEST_MYSQL_USER", "root"),
    "password": os.environ.get("TEST_MYSQL_PASSWORD", ""),
}
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
AMQP_URL = os.environ.get("TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//")


def missing(what: str, error: BaseException) -> None:
    """A laptop may lack a server; CI may not."""
    if os.environ.get("CI") == "true":
        raise RuntimeError(f"{what} is required in CI") from error
    pytest.skip(f"{what} is not there: {error}")


@pytest.fixture(scope="session")
def mysql_database() -> Iterator[str]:
    name = f"executor_test_{os.getpid()}"
    try:
        admin = pymysql.connect(**MYSQL, autocommit=True)
    except pymysql.err.OperationalError as error:
        missing("MySQL", error)
        raise
    with admin, admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    url = f"mysql+pymysql://{MYSQL['user']}:{MYSQL['password']}@{MYSQL['host']}:{MYSQL['port']}/{name}"
    made = SqlStore(url, threads=1)
    made.create_tables()
    made._database.engine.dispose()
    yield url
    with pymysql.connect(**MYSQL, autocommit=True) as admin, admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")


def empty_mysql(url: str) -> None:
    name = url.rsplit("/", 1)[1]
    with (
        pymysql.connect(**MYSQL, database=name, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET FOREIGN_KEY_CHECKS=0")
        cursor.execute("SHOW TABLES")
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM `{table}`")


def make_sqlite(folder: Path) -> str:
    url = f"sqlite:///{folder}/executor.db"
    made = SqlStore(url, threads=1)
    made.create_tables()
    made._database.engine.dispose()
    return url


@pytest.fixture
def mysql_url(mysql_database: str) -> str:
    empty_mysql(mysql_database)
    return mysql_database


@pytest.fixture(params=["sqlite", "mysql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return make_sqlite(tmp_path)
    url: str = request.getfixturevalue("mysql_url")
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return make_sqlite(tmp_path)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    opened = SqlStore(database_url, threads=4)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """An S3 server on an unused port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_settings(s3_address: str) -> dict[str, Any]:
    """A bucket that is not there yet."""
    return {
        "result_store": "s3",
        "s3_endpoint_url": s3_address,
        "s3_bucket": f"results-{uuid.uuid4().hex}",
        "s3_access_key": "test",
        "s3_secret_key": "test",
    }


@pytest.fixture
def prefix() -> str:
    return f"executor-test-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def make_settings(**changes: Any) -> ExecutorSettings:
    defaults: dict[str, Any] = {
        "min_workers": 1,
        "max_workers": 8,
        "event_poll_s": 0.2,
        "retry_delay_ms": 10,
        "kill_grace_s": 1,
        "lease_s": 6,
        "max_load_per_core": 1000,
        "min_free_memory_bytes": 0,
        "worker_count": 4,
    }
    return ExecutorSettings(**{**defaults, **changes})


OpenEngine = Any


@pytest.fixture
def engine_of(tmp_path: Path) -> OpenEngine:
    """`async with engine_of(url, handlers, retry_delay_ms=5) as engine:`"""

    def make(
        url: str, handlers: Any, parts: Any = None, **changes: Any
    ) -> AbstractAsyncContextManager[ExecutionEngine]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[ExecutionEngine]:
            async with open_engine(
                make_settings(**changes),
                database_url=url,
                handlers=handlers,
                **{"results": tmp_path / "results", "drain_s": 2, **(parts or {})},
            ) as engine:
                yield engine

        return opened()

    return make
