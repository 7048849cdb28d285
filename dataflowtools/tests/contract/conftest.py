"""Fixtures that several contracts share."""

from collections.abc import Iterator

import pytest

from dataflowtools.tests.catalogues import KINDS, Catalogues, empty, fresh_catalogues
from dataflowtools.tests.real_servers import fresh_mysql
from rowkit.database import SqlDatabase


@pytest.fixture(scope="session")
def mysql_database() -> Iterator[SqlDatabase]:
    with fresh_mysql() as database:
        yield database


@pytest.fixture(params=KINDS)
def catalogues(request, tmp_path) -> Iterator[Catalogues]:
    database = None
    if request.param == "mysql":
        database = request.getfixturevalue("mysql_database")
        empty(database)
    with fresh_catalogues(request.param, tmp_path, database) as fresh:
        yield fresh
