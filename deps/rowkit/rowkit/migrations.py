"""Brings the tables up to date at start, one replica at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from rowkit.database import Owner, SqlDatabase

_LOCK_WAIT_S = 120
_UNKNOWN_DATABASE = 1049


def migrate(database: SqlDatabase) -> None:
    """Apply the migrations that are missing; blocks, so it runs before the service answers."""
    owner = database.owner
    try:
        _make_database_if_missing(database.engine)
        with database.engine.connect() as connection, _only_one(connection, owner):
            config = Config()
            config.set_main_option("script_location", str(owner.migrations).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except OperationalError as exc:
        raise owner.unavailable("The database does not answer.") from exc


@contextmanager
def _only_one(connection: Connection, owner: Owner) -> Iterator[None]:
    if connection.dialect.name == "sqlite":
        with _file_lock(Path(f"{connection.engine.url.database}.migrating")):
            yield
        return
    name = f"{owner.name}.migrations"
    asked = {"name": name, "wait": _LOCK_WAIT_S}
    if connection.execute(text("SELECT GET_LOCK(:name, :wait)"), asked).scalar() != 1:
        raise owner.unavailable("Another replica is still changing the tables.")
    try:
        yield
    finally:
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_database_if_missing(engine: Engine) -> None:
    name = engine.url.database
    try:
        engine.connect().close()
    except OperationalError as exc:
        if exc.orig is None or exc.orig.args[:1] != (_UNKNOWN_DATABASE,) or not name:
            raise
        server = create_engine(engine.url.set(database=""), poolclass=NullPool)
        with server.connect() as connection:
            quoted = connection.dialect.identifier_preparer.quote_identifier(name)
            connection.execute(
                text(f"CREATE DATABASE IF NOT EXISTS {quoted} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
            )
