"""Real servers for contract tests: skipped where they are missing, but never in CI."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
import pytest

from dataflowtools.src.drivenadapters.database.owner import OWNER
from rowkit.database import SqlDatabase, open_mysql
from rowkit.migrations import migrate

_MYSQL = {"host": "127.0.0.1", "port": 3306, "user": "root", "password": ""}
_START_S = 60


def missing(what: str) -> None:
    """Skip, or fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing in CI")
    pytest.skip(f"{what} is missing")


@contextmanager
def fresh_mysql_name() -> Iterator[str]:
    """Yield the name of a database that does not exist yet and drop it afterwards."""
    try:
        connection = pymysql.connect(**_MYSQL)
    except pymysql.OperationalError:
        missing("MySQL or MariaDB on 127.0.0.1:3306")
    name = f"dataflow_test_{secrets.token_hex(6)}"
    try:
        yield name
    finally:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")


@contextmanager
def fresh_mysql(*, threads: int = 4) -> Iterator[SqlDatabase]:
    """Yield a migrated database of its own."""
    with fresh_mysql_name() as name:
        database = open_mysql(OWNER, name=name, threads=threads, **_MYSQL)
        try:
            migrate(database)
            yield database
        finally:
            database.close()


@contextmanager
def s3_server() -> Iterator[str]:
    """Start moto's server on an unused port and yield its address."""
    try:
        import moto  # noqa: F401
    except ImportError:
        missing("moto[server]")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(address, process)
        yield address
    finally:
        process.kill()
        process.wait()


def _wait_until_it_answers(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            urllib.request.urlopen(f"{address}/moto-api/", timeout=5).close()
        except OSError:
            assert process.poll() is None, "the S3 server ended"
            assert time.monotonic() < deadline, "the S3 server does not answer"
            select_nothing(0.1)
        else:
            return


def select_nothing(seconds: float) -> None:
    """Let a moment pass between two looks at a condition."""
    import select

    select.select([], [], [], seconds)
