"""One transaction, as the functions that work in it see it."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Executable, text

from executor.errors import ExecutorError


class TryAgain(ExecutorError):
    """Inside a transaction: another one was faster, start over."""


class Tx:
    """One transaction, with the database's clock."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._now: datetime | None = None
        self.ended: list[str] = []
        """What has come to its end here; whoever waits for it is told after the commit."""
        self.dialect = connection.dialect.name

    @property
    def is_sqlite(self) -> bool:
        return self.dialect == "sqlite"

    @property
    def now(self) -> datetime:
        """The database's time, read once; with SQLite the database is this process."""
        if self._now is None:
            if self.is_sqlite:
                self._now = datetime.now(UTC)
            else:
                self._now = (
                    self._connection.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one().replace(tzinfo=UTC)
                )
        return self._now

    def all(self, statement: Executable) -> list[Any]:
        return list(self._connection.execute(statement).mappings())

    def one(self, statement: Executable) -> Any:
        return self._connection.execute(statement).mappings().first()

    def scalar(self, statement: Executable) -> Any:
        return self._connection.execute(statement).scalar()

    def run(self, statement: Executable) -> int:
        """Execute a change and return the number of rows that it found."""
        return self._connection.execute(statement).rowcount

    def insert(self, statement: Executable, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)

    def savepoint(self) -> AbstractContextManager[object]:
        """A part that can fail alone."""
        return self._connection.begin_nested()
