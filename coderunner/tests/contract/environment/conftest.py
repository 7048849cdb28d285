"""The database as SQLite and as MariaDB, each made for one test."""

import os
import secrets

import pymysql
import pytest
from sqlalchemy import text

from coderunner.src.drivenadapters.database.owner import OWNER
from rowkit.database import open_mysql, open_sqlite
from rowkit.migrations import migrate


def open_server():
    name = f"coderunner_test_{secrets.token_hex(4)}"
    host = os.environ.get("TEST_DB_HOST", "127.0.0.1")
    try:
        pymysql.connect(host=host, user="root", password="", connect_timeout=2).close()
    except pymysql.err.OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("no MariaDB here")
    return open_mysql(OWNER, host=host, port=3306, name=name, user="root", password="", threads=4)


@pytest.fixture(params=["sqlite", "mariadb"])
def database(request, tmp_path):
    opened = (
        open_sqlite(OWNER, tmp_path / "rows.sqlite3", threads=4)
        if request.param == "sqlite"
        else open_server()
    )
    migrate(opened)
    yield opened
    if request.param == "mariadb":
        with opened.engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {opened.engine.url.database}"))
    opened.close()
