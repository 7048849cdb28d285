"""One suite for rows of runs and modules: SQLite and MariaDB."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from coderunner.src.common.program import Program, RunOutcome, SecurityLevel, Verdict
from coderunner.src.drivenadapters.database.sql_run_history import SqlRunHistory
from coderunner.src.errors import DatabaseUnavailable
from coderunner.src.logics.code.ports.run_history import HistoryFilter

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
    async with asyncio.timeout(30):
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
    totals = await history.totals("acme", HistoryFilter(since=NOW - timedelta(hours=1)))
    assert (totals.total_executions, totals.successful_executions, totals.failed_executions) == (2, 1, 1)
    assert totals.executions_by_status == {"success": 1, "error": 1}
    assert totals.average_execution_time_ms == 10
    later = await history.totals("acme", HistoryFilter(since=NOW + timedelta(hours=1)))
    assert (later.total_executions, later.average_execution_time_ms, later.memory_usage_kb) == (0, 0, 0)
    errors = await history.totals("acme", HistoryFilter({"status": "error"}))
    assert (errors.total_executions, errors.successful_executions) == (1, 0)


async def test_rows_are_filtered_by_their_fields_and_their_time(history):
    record(history, 1)
    record(history, 2, Verdict.TIMEOUT, entrypoint="job.py")
    await page_of(history, 2, limit=9, before=None)

    async def named(**wanted):
        found = await history.executions("acme", limit=9, before=None, wanted=HistoryFilter(**wanted))
        return [item["execution_id"] for item in found.items]

    assert await named(equal={"status": "timeout"}) == ["exec_2"]
    assert await named(equal={"module_name": "main", "function_name": "f"}) == ["exec_1"]
    assert await named(equal={"status": "killed"}) == []
    assert await named(since=NOW, until=NOW + timedelta(microseconds=1)) == ["exec_2", "exec_1"]
    assert await named(until=NOW) == []


async def test_a_page_of_large_rows_ends_early_and_loses_none(history):
    for number in range(100):
        outcome = RunOutcome(Verdict.SUCCESS, 0, stdout="x" * 70_000, stderr="x" * 70_000)
        history.record("acme", f"exec_{number}", Program("", SecurityLevel.ISOLATED), outcome)
    last = RunOutcome(Verdict.SUCCESS, 0)
    await history.keep_run("acme", "exec_100", Program("", SecurityLevel.ISOLATED), last)
    names, before = [], None
    while True:
        page = await history.executions("acme", limit=200, before=before)
        assert len(page.items) <= 40
        names += [item["execution_id"] for item in page.items]
        before = page.next_before
        if before is None:
            break
    assert names == [f"exec_{number}" for number in range(100, -1, -1)]


async def test_one_run_is_found_by_its_name_and_by_nobody_else(history):
    record(history, 1)
    await page_of(history, 1, limit=9, before=None)
    found = await history.execution("acme", "exec_1")
    assert found is not None
    assert found["result"] == {"v": 1}
    assert await history.execution("other", "exec_1") is None
    assert await history.execution("acme", "exec_2") is None


async def test_a_run_that_is_recorded_again_takes_the_place_of_the_attempt_before(history):
    """Each attempt of an execution has the execution's name; a second one once ended the recording of all."""
    for verdict in (Verdict.ERROR, Verdict.ERROR, Verdict.SUCCESS):
        outcome = RunOutcome(verdict, 0)
        await history.keep_run("acme", "ex_1", Program("code", SecurityLevel.ISOLATED), outcome)
    for verdict in (Verdict.ERROR, Verdict.TIMEOUT):
        history.record("acme", "ex_2", Program("code", SecurityLevel.ISOLATED), RunOutcome(verdict, 1))
    page = await page_of(history, 2, limit=9, before=None)
    assert [(row["execution_id"], row["status"]) for row in page.items] == [
        ("ex_2", "timeout"),
        ("ex_1", "success"),
    ]


async def test_a_kept_run_is_there_when_keeping_returns(history):
    program = Program("code", SecurityLevel.ISOLATED)
    names = [f"exec_{number}" for number in range(300)]
    await asyncio.gather(
        *(history.keep_run("acme", name, program, RunOutcome(Verdict.SUCCESS, 0)) for name in names)
    )
    assert (await history.totals("acme")).total_executions == 300


async def test_a_row_that_cannot_be_written_takes_no_other_along(history):
    program = Program("code", SecurityLevel.ISOLATED)
    history.record("a" * 65_000, "exec_bad", program, RunOutcome(Verdict.SUCCESS, 2**80))
    record(history, 1)
    with pytest.raises((OverflowError, DBAPIError)):
        await history.keep_run("acme", "exec_worse", program, RunOutcome(Verdict.SUCCESS, 2**80))
    record(history, 2)
    page = await page_of(history, 2, limit=9, before=None)
    assert [row["execution_id"] for row in page.items] == ["exec_2", "exec_1"]


async def test_the_history_is_trimmed_by_age_and_by_number(database):
    moments = iter([NOW - timedelta(days=2)] * 3 + [NOW] * 1200)
    history = SqlRunHistory(database, lambda: next(moments))
    async with history.writing():
        for number in range(1203):
            history.record(
                "acme", f"exec_{number}", Program("", SecurityLevel.ISOLATED), RunOutcome(Verdict.SUCCESS, 0)
            )
    assert await history.trim(NOW - timedelta(days=1), 1_000_000) == 3
    assert await history.trim(NOW - timedelta(days=1), 1_000_000) == 0
    assert await history.trim(NOW - timedelta(days=1), 100) == 1100
    left = await history.executions("acme", limit=200, before=None)
    assert [left.items[0]["execution_id"], left.items[-1]["execution_id"]] == ["exec_1202", "exec_1103"]


class AwayForAWhile:
    """A database that cannot be reached the first times."""

    def __init__(self, database, times):
        self._database = database
        self.left = times

    async def write(self, work):
        if self.left:
            self.left -= 1
            raise DatabaseUnavailable("not now")
        return await self._database.write(work)

    async def read(self, work):
        return await self._database.read(work)


async def test_runs_wait_for_a_database_that_is_away_and_whoever_waits_is_told(database):
    history = SqlRunHistory(AwayForAWhile(database, times=2), lambda: NOW)
    async with history.writing():
        with pytest.raises(DatabaseUnavailable):
            await history.keep_run(
                "acme", "exec_1", Program("", SecurityLevel.ISOLATED), RunOutcome(Verdict.SUCCESS, 0)
            )
        page = await page_of(history, 1, limit=9, before=None)
        assert page.items[0]["execution_id"] == "exec_1"


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
    (listed,) = (await history.modules("acme", limit=9, before=None)).items
    assert (listed["tool_id"], listed["module_name"], "source_code" in listed) == ("tool_1", "m", False)
    kept = await history.module("acme", listed["id"])
    assert kept is not None
    assert (kept["source_code"], kept["functions"]) == (module["source_code"], [{"name": "f"}])
    assert await history.module("other", listed["id"]) is None
    nothing = await history.modules("acme", limit=9, before=None, wanted=HistoryFilter({"tool_id": "tool_2"}))
    assert nothing.items == []
