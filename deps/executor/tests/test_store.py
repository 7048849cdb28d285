"""The contract of the rows, on SQLite and on the real MySQL or MariaDB."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from deps.executor.tests.toys import request
from executor.adapters.sql.rows import X
from executor.adapters.sql.store import SqlStore
from executor.common.executions import ExecutionOutput, FinishedRun, NewExecution, Settlement
from executor.common.ids import new_id
from executor.common.journal import LogLine, MetricFilter
from executor.common.queues import ExecutionFilter, Limits, WorkerStatus
from executor.common.requests import Caller, ExecutionOptions, LogLevel
from executor.common.states import ExecutionStatus
from executor.errors import ExecutionNotFound, ExecutionStillActive, RequestTooLarge, StoreUnavailable

KINDS = ["echo", "slow"]
DONE = Settlement(ExecutionStatus.SUCCEEDED, "success", output=ExecutionOutput(value=1, size_bytes=1))
AGAIN = Settlement(ExecutionStatus.RETRYING, None, "retryable_error", "x", retry_delay_s=0)


def new(tenant="acme", rank=2, cost=1.0, kind="echo", **options):
    asked = request(kind, caller=Caller(tenant), options=ExecutionOptions(**options))
    return NewExecution(new_id("ex"), asked, rank, cost, 300.0)


async def put(store, *news):
    return [one.execution_id for one in await store.submit(news)]


async def claim(store, limit=10, worker="w1", lease_s=600.0, limits=None, kinds=KINDS):
    return await store.claim(limit, worker_id=worker, lease_s=lease_s, kinds=kinds, limits=limits or Limits())


async def test_only_the_newest_fence_settles(store):
    [one] = await put(store, new())
    [first] = await claim(store, lease_s=0.0)
    assert await store.settle(first, AGAIN)
    await store.promote()
    [second] = await claim(store, worker="w2")
    assert second.fence == first.fence + 1
    assert not await store.settle(first, DONE)
    assert not await store.append(one, first.fence, lines=[LogLine(LogLevel.INFO, "late", datetime.now(UTC))])
    assert await store.settle(second, DONE)
    assert not await store.settle(second, DONE)
    assert (await store.get(one, "acme")).attempt == 2
    assert await store.lines(one, 0, 10) == []


async def test_of_many_claimers_at_once_each_execution_goes_to_one(store):
    ids = await put(store, *(new() for _ in range(30)))
    claims = await asyncio.gather(*(claim(store, 5, f"w{n}") for n in range(8)))
    taken = [one.execution_id for some in claims for one in some]
    taken += [one.execution_id for one in await claim(store, 30)]
    assert sorted(taken) == sorted(ids)


async def test_priority_comes_first_then_the_share_of_the_tenant(store):
    crowd = await put(store, *(new("crowd") for _ in range(6)))
    [late] = await put(store, new("single"))
    [urgent] = await put(store, new("crowd", rank=0))
    order = [one.execution_id for one in await claim(store)]
    assert order[0] == urgent
    assert order[1:3] == [crowd[0], late]


async def test_a_tenant_that_was_idle_has_saved_nothing(store):
    await put(store, *(new("busy") for _ in range(10)))
    for _ in range(5):
        await claim(store, 1)
    sleeper = await put(store, *(new("sleeper") for _ in range(5)))
    owners = [one.request.context.tenant_id for one in await claim(store, 10)]
    assert owners.count("sleeper") == 5
    assert max(index for index, owner in enumerate(owners[:9]) if owner == "busy") > 0
    assert "busy" in owners[:2]
    assert len(sleeper) == 5


async def test_caps_hold_per_tenant_and_per_kind(store):
    await put(store, *(new("a") for _ in range(4)), *(new("b", kind="slow") for _ in range(4)))
    limits = Limits(running_per_tenant=3, running_per_kind={"slow": 2})
    claims = await claim(store, 10, limits=limits)
    assert sorted(one.request.kind for one in claims) == ["echo"] * 3 + ["slow"] * 2
    assert await claim(store, 10, limits=limits) == []
    await store.settle(claims[0], DONE)
    assert len(await claim(store, 10, limits=limits)) == 1


async def test_a_kind_at_its_cap_is_passed_by_and_the_order_of_the_others_kept(store):
    await put(store, *(new("a", kind="slow", rank=0) for _ in range(3)))
    [later] = await put(store, new("a", rank=3))
    [sooner] = await put(store, new("b", rank=1))
    limits = Limits(running_per_kind={"slow": 1})
    order = [one.request.kind for one in await claim(store, 10, limits=limits)]
    assert order == ["slow", "echo", "echo"]
    assert (await store.get(sooner, None)).status == (await store.get(later, None)).status == "running"
    assert await claim(store, 10, limits=limits) == []


async def test_caps_hold_between_processes(store):
    await put(store, *(new("a") for _ in range(20)))
    limits = Limits(running_per_tenant=5)
    taken = await asyncio.gather(*(claim(store, 5, f"w{n}", limits=limits) for n in range(6)))
    assert sum(map(len, taken)) == 5


async def test_kinds_without_a_handler_here_are_left_alone(store):
    await put(store, new(kind="slow"))
    assert await claim(store, kinds=["echo"]) == []
    assert len(await claim(store)) == 1


async def test_leases_lapse_and_are_renewed_by_their_holder_only(store):
    [one] = await put(store, new())
    [held] = await claim(store, lease_s=0.0)
    assert [c.execution_id for c in await store.lapsed(10)] == [one]
    renewal = await store.renew("w1", {one: held.fence}, 600)
    assert (renewal.lost, renewal.cancel) == (frozenset(), frozenset())
    assert await store.lapsed(10) == []
    assert not await store.settle(held, DONE, only_lapsed=True)
    assert (await store.renew("w2", {one: held.fence}, 600)).lost == {one}
    assert (await store.renew("w1", {one: held.fence + 1}, 10)).lost == {one}
    await store.cancel(one, "acme")
    assert (await store.renew("w1", {one: held.fence}, 600)).cancel == {one}
    assert (await store.cancels("w1", {one: held.fence})).cancel == {one}
    assert await store.settle(held, Settlement(ExecutionStatus.CANCELLED))


async def test_a_hand_out_is_started_once_and_recalled_when_nobody_does(store):
    [one] = await put(store, new())
    [handed] = await claim(store, worker=None, lease_s=0.0)
    assert (await store.get(one, "acme")).status == "queued"
    assert await store.active() == 1
    assert await store.recall() == 1
    [again] = await claim(store, worker=None)
    assert await store.start(one, handed.fence, worker_id="w", lease_s=10) is None
    starts = await asyncio.gather(
        *(store.start(one, again.fence, worker_id=f"w{n}", lease_s=10) for n in range(5))
    )
    [run] = [start for start in starts if start is not None]
    assert (await store.get(one, "acme")).status == "running"
    assert await store.settle(run, DONE)


async def test_a_cancelled_hand_out_does_not_start(store):
    [one] = await put(store, new())
    [handed] = await claim(store, worker=None)
    assert (await store.cancel(one, "acme")).status == "cancelled"
    assert await store.start(one, handed.fence, worker_id="w", lease_s=10) is None


async def test_waiting_lifts_level_by_level(store):
    [low] = await put(store, new(rank=3))
    for expected in (1, 1, 1, 0):
        assert await store.age(0.0) == expected
    await put(store, *(new(rank=0) for _ in range(3)))
    assert (await claim(store, 1))[0].execution_id == low
    await put(store, new(rank=3))
    assert await store.age(60.0) == 0


async def test_waiting_for_the_clock_or_for_others_lifts_nobody(store):
    due = datetime.now(UTC) + timedelta(seconds=0.3)
    [planned, needed] = await put(store, new(rank=3, not_before=due), new(rank=0))
    [blocked] = await put(store, new(rank=3, depends_on=(needed,)))
    [running] = await claim(store)
    while (promotion := await store.promote()).promoted == 0:
        await asyncio.sleep(max(0.0, promotion.next_due_s or 0.0))
    assert await store.settle(running, DONE)
    with store._database.engine.connect() as connection:
        found = connection.execute(select(X.id, X.aged_at, X.created_at).where(X.rank == 3)).all()
    assert {row.id: row.aged_at > row.created_at for row in found} == {planned: True, blocked: True}


async def test_deadlines_and_starts_follow_the_databases_clock(store):
    hence, past = (datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (900, -1))
    [early] = await put(store, new(deadline_at=hence))
    [scheduled] = await put(store, new(not_before=hence))
    assert [one.execution_id for one in await claim(store, worker=None)] == [early]
    assert 0 < (await store.promote()).next_due_s <= 900
    assert (await store.get(scheduled, "acme")).status == "queued"

    [late] = await put(store, new(deadline_at=past))
    assert await claim(store) == []
    [due] = await put(store, new(not_before=past))
    await store.promote()
    assert (await store.get(late, "acme")).status == "timed_out"
    assert [one.execution_id for one in await claim(store)] == [due]


async def test_a_dead_workers_attempts_are_found_before_their_leases_lapse(store):
    worker = WorkerStatus("w1", "ready", 2, 0, True, datetime.now(UTC), datetime.now(UTC))
    await store.beat(worker)
    await store.beat(replace(worker, finished=7))
    [one] = await put(store, new())
    await claim(store)
    [seen] = await store.workers(10)
    assert (seen.finished, seen.busy, seen.execution_ids, seen.healthy) == (7, 1, (one,), True)
    assert not (await store.workers(-1))[0].healthy
    assert await store.lapsed(10) == []
    assert [found.execution_id for found in await store.lapsed(10, ["w1", "w2"])] == [one]
    await store.forget(["w1"])
    assert await store.workers(10) == []


async def test_retention_by_age_and_by_count_spares_what_is_active(store):
    ids = await put(store, *(new() for _ in range(5)))
    for one in await claim(store, 4):
        await store.settle(one, DONE)
    assert await store.expired(3600, 100, 10) == []
    assert len(await store.expired(0.0, 100, 10)) == 4
    assert await store.expired(3600, 3, 10) == [ids[0]]
    with pytest.raises(ExecutionStillActive):
        await store.delete(ids[4], None)
    await store.delete(ids[0], "acme")
    with pytest.raises(ExecutionNotFound):
        await store.delete(ids[0], "acme")


async def test_keys_and_shares_that_no_longer_matter_are_forgotten(store):
    from executor.ports.store import IdempotencyKey

    first = await store.submit([new()], IdempotencyKey("k", "h", 0.0))
    again = await store.submit([new()], IdempotencyKey("k", "other", 60))
    assert again[0].execution_id != first[0].execution_id
    await claim(store)
    await store.tidy()


async def test_runs_outside_the_queue_are_part_of_the_history(store):
    now = datetime.now(UTC)
    runs = [
        FinishedRun(
            new_id("ex"), request(n=n), DONE, now - timedelta(seconds=2), now, f"text {n}", {"cpu": 0.5}
        )
        for n in range(3)
    ]
    await store.record(runs)
    info = await store.get(runs[0].execution_id, "acme")
    assert (info.status, info.duration_ms) == ("succeeded", 2000)
    assert (await store.result(runs[0].execution_id, "acme")).output.value == 1
    page = await store.page(ExecutionFilter(tenant_id="acme", text="TEXT 1"), 10, None)
    assert [one.execution_id for one in page.items] == [runs[1].execution_id]
    assert len(await store.measurements(MetricFilter(name="cpu"), 10)) == 3
    assert (await store.queue_status()).length == 0


async def test_a_run_that_the_database_refuses_holds_nobody_up(store, caplog):
    from executor.core.history import HistoryRecorder

    now = datetime.now(UTC)
    runs = [FinishedRun(new_id("ex"), request(n=n), DONE, now, now) for n in range(3)]
    history = HistoryRecorder(store=store)
    for run in (runs[0], runs[1], runs[1], runs[2]):
        await history.add(run)
    await history.flush()
    assert len((await store.page(ExecutionFilter(), 10, None)).items) == 3
    assert [record.message.split(" is ")[0] for record in caplog.records] == [f"run {runs[1].execution_id}"]


async def test_numbers_within_an_execution_have_no_gap_when_many_write(store):
    [one] = await put(store, new())
    [held] = await claim(store)
    line = LogLine(LogLevel.INFO, "x", datetime.now(UTC))
    writes = [
        store.append(one, held.fence, lines=[line] * 3, events=[("note", {"n": n})] * 2) for n in range(10)
    ]
    await asyncio.gather(*writes, store.cancel(one, "acme"))
    await store.settle(held, DONE)
    events = await store.events(one, 0, 100)
    assert [event.seq for event in events] == list(range(1, 25))
    assert (events[0].data["status"], events[-1].data["status"]) == ("queued", "succeeded")
    assert [found.seq for found in await store.lines(one, 0, 100)] == list(range(1, 31))


async def test_a_database_that_is_away_is_an_error_with_a_name(unused_tcp_port):
    away = SqlStore(f"mysql+pymysql://root@127.0.0.1:{unused_tcp_port}/none", threads=1)
    with pytest.raises(StoreUnavailable):
        await away.ping()
    await away.close()


async def test_a_request_that_the_database_takes_in_no_piece_is_told_as_that(mysql_url):
    store = SqlStore(mysql_url, threads=2)
    with store._database.engine.connect() as connection:
        most = connection.execute(text("SELECT @@max_allowed_packet")).scalar_one()
    large = replace(new(), request=request(text='"' * (most // 4 + 1)))  # each is four bytes of the statement
    with pytest.raises(RequestTooLarge) as refused:
        await store.submit([new(), large])
    assert refused.value.position == 1
    fits = replace(new(), request=request(text='"' * (most // 4 - 100_000)))
    assert len(await store.submit([fits])) == 1
    await store.close()


async def test_a_lost_connection_is_replaced(mysql_url):
    import pymysql

    from deps.executor.tests.conftest import MYSQL

    store = SqlStore(mysql_url, threads=1)
    await put(store, new())
    with pymysql.connect(**MYSQL, autocommit=True) as admin, admin.cursor() as cursor:
        name = mysql_url.rsplit("/", 1)[1]
        cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", [name])
        for (connection,) in cursor.fetchall():
            cursor.execute(f"KILL {connection}")
    assert len(await claim(store)) == 1
    await store.close()
