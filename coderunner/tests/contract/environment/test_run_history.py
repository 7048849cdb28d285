"""One suite for rows of runs and modules: SQLite and MariaDB."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from coderunner.src.common.program import Program, RunOutcome, SecurityLevel, Verdict
from coderunner.src.drivenadapters.database.sql_run_history import SqlRunHistory

NOW = datetime(2026, 11, 21, 12, 0, 0, 5, UTC)


@pytest.fixture
async def history(database):
    history = SqlRunHistory(database, lambda: NOW)
    async with history.writing():
        yield history


def record(history, number, verdict=Verdict.SUCCESS, **changes):
    program = Program("code", SecurityLevel.ISOLATED, function_name="f", parameters={"名": number}, **changes)
    outcome = RunOutcome(verdict, 0, stdout="x" * 100_000 + "🎉", value={"v": number}, execution_time_ms=10.0)
    history.record("acme", f"exec_{number}", program, outcome)


async def page_of(history, count, **wanted):
    async with asyncio.timeout(10):
        while len((await history.executions("acme", limit=100, before=None)).items) < count:
            await asyncio.sleep(0.02)
    return await history.executions("acme", **wanted)


async def test_finished_runs_come_back_newest_first_in_pages(history):
    for number in range(3):
        record(history, number)
    page = await page_of(history, 3, limit=2, before=None)
    assert [item["execution_id"] for item in page.items] == ["exec_2", "exec_1"]
    assert (page.items[0]["parameters"], page.items[0]["result"]) == ({"名": 2}, {"v": 2})
    assert len(page.items[0]["stdout"]) == 64 * 1024
    assert page.items[0]["created_at"] == NOW.isoformat()
    rest = await history.executions("acme", limit=2, before=page.next_before)
    assert [item["execution_id"] for item in rest.items] == ["exec_0"]
    assert rest.next_before is None
    assert (await history.executions("other", limit=9, before=None)).items == []


async def test_an_environment_that_is_gone_keeps_no_run_from_being_remembered(history):
    record(history, 1, environment_id="env_gone")
    page = await page_of(history, 1, limit=9, before=None)
    assert page.items[0]["environment_id"] is None


async def test_runs_are_counted(history):
    record(history, 1)
    record(history, 2, Verdict.ERROR)
    await page_of(history, 2, limit=9, before=None)
    totals = await history.totals("acme", NOW - timedelta(hours=1))
    assert (totals.total_executions, totals.successful_executions, totals.failed_executions) == (2, 1, 1)
    assert totals.average_execution_time_ms == 10
    assert (await history.totals("acme", NOW + timedelta(hours=1))).total_executions == 0


async def test_what_waits_at_the_end_is_written(database):
    history = SqlRunHistory(database, lambda: NOW)
    async with history.writing():
        record(history, 7)
    assert len((await history.executions("acme", limit=9, before=None)).items) == 1


async def test_modules_are_kept(history):
    module = {
        "name": "m", "source_code": "é🎉" * 50_000, "functions": [{"name": "f"}], "classes": [], "imports": [],
        "dependencies": [],
    }  # fmt: skip
    await history.keep_module("acme", "tool_1", module)
    (kept,) = (await history.modules("acme", limit=9, before=None)).items
    assert (kept["tool_id"], kept["source_code"], kept["functions"]) == (
        "tool_1",
        module["source_code"],
        [{"name": "f"}],
    )
