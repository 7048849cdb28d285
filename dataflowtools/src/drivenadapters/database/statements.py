"""Statements that the databases spell differently."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import mysql, sqlite


def insert_unless_there(connection: Connection, table: Table, **values: Any) -> None:
    """Insert a row unless a unique key is taken; waits for who is inserting it now.

    Catching the duplicate instead would leave MySQL with a shared lock, from which others deadlock.
    How many rows it reports differs between the databases: look at the row to know whose it is.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(table).values(**values).on_conflict_do_nothing())
        return
    unchanged = {column.name: column for column in table.primary_key}
    connection.execute(mysql.insert(table).values(**values).on_duplicate_key_update(unchanged))
