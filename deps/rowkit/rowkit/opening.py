"""From a service's settings to its database, brought up to date."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Protocol

from pydantic import SecretStr

from rowkit.database import Owner, SqlDatabase, open_mysql, open_sqlite
from rowkit.migrations import migrate

_RETRY_S = 1.0


class DatabaseSettings(Protocol):
    """What a service's settings say of its database."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def db_host(self) -> str: ...
    @property
    def db_port(self) -> int: ...
    @property
    def db_name(self) -> str: ...
    @property
    def db_user(self) -> str: ...
    @property
    def db_password(self) -> SecretStr: ...
    @property
    def db_threads(self) -> int: ...


def open_database(settings: DatabaseSettings, owner: Owner) -> SqlDatabase:
    """SQLite in DATA_DIR, or MySQL where DB_HOST names one."""
    if not settings.db_host:
        return open_sqlite(owner, settings.data_dir / f"{owner.name}.sqlite3", threads=settings.db_threads)
    return open_mysql(
        owner,
        host=settings.db_host,
        port=settings.db_port,
        name=settings.db_name,
        user=settings.db_user,
        password=settings.db_password.get_secret_value(),
        threads=settings.db_threads,
    )


def database_url(settings: DatabaseSettings, owner: Owner) -> str:
    """Name the database with its password, for what opens connections of its own."""
    database = open_database(settings, owner)
    try:
        return database.engine.url.render_as_string(hide_password=False)
    finally:
        database.close()


async def migrate_when_it_answers(database: SqlDatabase, wait_s: float) -> None:
    """Wait for a database that starts beside us; one that never answers ends the start."""
    deadline = monotonic() + wait_s
    while True:
        try:
            return await asyncio.to_thread(migrate, database)
        except database.owner.unavailable:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(_RETRY_S)
