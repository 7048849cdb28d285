"""The engine in one process, on both databases."""

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deps.executor.tests.toys import (
    ADA,
    BOB,
    FOREVER_S,
    HANG_S,
    Echo,
    Gated,
    Script,
    Stubborn,
    request,
    until,
)
from executor.common.executions import ExecutionOutput, FinishedRun, Outcome, Settlement
from executor.common.ids import new_id
from executor.common.requests import ExecutionOptions, LogLevel, Priority
from executor.common.states import ExecutionStatus
from executor.errors import (
    ExecutionNotFinished,
    ExecutionNotFound,
    ExecutionStillActive,
    IdempotencyConflict,
    InvalidParameters,
    PermissionDenied,
    QueueFull,
    QuotaExceeded,
    ResultGone,
    ResultStoreUnavailable,
    UnknownKind,
)
from executor.ports.handler import Handler
from executor.ports.results import ResultStore


async def test_a_submitted_execution_runs_and_keeps_its_result(database_url, engine_of):
    async with engine_of(database_url, {"echo": Echo()}) as engine:
        submission = await engine.submit(ADA, request(name="a", text="héllo 表 😀"))
        info = await engine.wait(submission.execution_id, "acme", HANG_S)
        assert (info.status, info.verdict, info.attempt) == ("succeeded", "success", 1)
        result = await engine.result(submission.execution_id, "acme")
        assert result.output.value == {"name": "a", "text": "héllo 表 😀"}
        assert result.timing.ended_at >= result.timing.started_at >= result.timing.created_at
        metrics = {one.name: one.value for one in await engine.metrics_of(submission.execution_id, "acme")}
        assert metrics["size"] == 2
        assert metrics.keys() == {"size", "queue_wait", "run_time"}


async def test_another_tenant_sees_nothing(sqlite_url, engine_of):
    async with engine_of(sqlite_url, {"echo": Echo()}) as engine:
        mine = (await engine.submit(ADA, request())).execution_id
        await engine.wait(mine, "acme", HANG_S)
        for look in (engine.get, engine.result, engine.cancel, engine.delete, engine.metrics_of):
            with pytest.raises(ExecutionNotFound):
                await look(mine, "bobs")
        with pytest.raises(ExecutionNotFound):
            await engine.retry(BOB, mine)
        with pytest.raises(InvalidParameters, match="no execution"):
            await engine.submit(BOB, request(caller=BOB, options=ExecutionOptions(depends_on=(mine,))))
        with pytest.raises(InvalidParameters, match="no execution"):
            await engine.submit(BOB, request(caller=BOB, context={"parent_execution_id": mine}))


@pytest.mark.parametrize(
    ("asked", "status", "reason"),
    [
        ({"value": 1}, "succeeded", None),
        ({"verdict": "error", "message": "boom"}, "failed", "error"),
        ({"verdict": "timeout"}, "timed_out", "timeout"),
        ({"verdict": "memory_exceeded"}, "failed", "memory_exceeded"),
        ({"explode": True}, "failed", "handler_error"),
        ({"not_json": True}, "failed", "handler_error"),
    ],
)
async def test_a_verdict_becomes_a_state(sqlite_url, engine_of, asked, status, reason):
    async with engine_of(sqlite_url, {"script": Script()}) as engine:
        info = await engine.execute(ADA, request("script", **asked), HANG_S)
        assert (info.status, info.error_reason) == (status, reason)


async def test_text_that_no_database_takes_is_mended(database_url, engine_of):
    async with engine_of(database_url, {"script": Script()}) as engine:
        info = await engine.execute(ADA, request("script", surrogate=True), HANG_S)
        assert (info.status, info.error_message) == ("failed", "half ? a pair")
        assert (await engine.result(info.execution_id, "acme")).output.value == "half ? a pair"
        assert (await engine.log_lines(info.execution_id, "acme", 0, 9))[0].message == "half ? a pair"


async def test_a_broken_sandbox_is_tried_again_with_growing_delays(database_url, engine_of):
    options = ExecutionOptions(retry_count=2, retry_delay_s=0.1, retry_backoff=3)
    async with engine_of(database_url, {"script": Script()}) as engine:
        started = time.monotonic()
        info = await engine.execute(ADA, request("script", break_first=2, value=7, options=options), HANG_S)
        assert (info.status, info.attempt) == ("succeeded", 3)
        assert time.monotonic() - started >= 0.4
        attempts = await engine.attempts(info.execution_id)
        assert [one.status for one in attempts] == ["failed", "failed", "succeeded"]
        assert attempts[0].error_message == "the sandbox broke"
        states = [event.data["status"] async for event in engine.follow_events(info.execution_id, "acme")]
        assert states == ["queued", "running", "retrying", "running", "retrying", "running", "succeeded"]


async def test_every_attempt_is_a_span_of_the_callers_trace_in_the_log(sqlite_url, engine_of, caplog):
    caplog.set_level("INFO", "executor.core.attempts")
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    options = ExecutionOptions(retry_count=1)
    async with engine_of(sqlite_url, {"script": Script()}) as engine:
        asked = request("script", break_first=1, options=options, context={"traceparent": trace})
        info = await engine.execute(ADA, asked, HANG_S)
    lines = [record.fields for record in caplog.records if record.message == "attempt ended"]

    assert [(line["attempt"], line["status"]) for line in lines] == [(1, "retrying"), (2, "succeeded")]
    assert {line["trace_id"] for line in lines} == {"a" * 32}
    assert {line["parent_span_id"] for line in lines} == {"b" * 16}
    assert len({line["span_id"] for line in lines} | {"b" * 16}) == 3
    assert {(line["execution_id"], line["tenant_id"]) for line in lines} == {(info.execution_id, "acme")}


async def test_retries_come_to_an_end(sqlite_url, engine_of):
    options = ExecutionOptions(retry_count=1)
    async with engine_of(sqlite_url, {"script": Script()}) as engine:
        info = await engine.execute(ADA, request("script", break_first=9, options=options), HANG_S)
        assert (info.status, info.attempt, info.error_reason) == ("failed", 2, "retryable_error")


async def test_a_verdict_is_tried_again_only_when_listed(sqlite_url, engine_of):
    async with engine_of(sqlite_url, {"script": Script()}) as engine:
        plain = ExecutionOptions(retry_count=2)
        info = await engine.execute(ADA, request("script", verdict="error", options=plain), HANG_S)
        assert info.attempt == 1
        listed = replace(plain, retry_on=("error",))
        info = await engine.execute(ADA, request("script", verdict="error", options=listed), HANG_S)
        assert (info.attempt, info.status) == (3, "failed")


async def test_an_attempt_is_stopped_at_its_limit(database_url, engine_of):
    script = Script()
    async with engine_of(database_url, {"script": script}) as engine:
        asked = request("script", sleep_s=FOREVER_S, options=ExecutionOptions(timeout_s=0.2))
        info = await engine.execute(ADA, asked, HANG_S)
        assert (info.status, info.error_reason) == ("timed_out", "timeout")
        assert script.active == 0


async def test_a_handler_that_ignores_its_end_is_given_up(sqlite_url, engine_of):
    stubborn = Stubborn()
    handlers = {"script": Script(), "stubborn": stubborn}
    async with engine_of(sqlite_url, handlers, kill_grace_s=0.2, max_workers=1) as engine:
        asked = request("stubborn", options=ExecutionOptions(timeout_s=0.2))
        assert (await engine.execute(ADA, asked, HANG_S)).status == "timed_out"
        assert (await engine.execute(ADA, request("script"), HANG_S)).status == "succeeded"
        assert not stubborn.gone.is_set()
        stubborn.released.set()
        await asyncio.wait_for(stubborn.gone.wait(), HANG_S)


class Blocks(Handler):
    """Blocks the whole loop until its lease has been renewed twice."""

    def __init__(self, url):
        self.file = url.removeprefix("sqlite:///")
        self.leases = set()

    async def run(self, run):
        give_up = time.monotonic() + HANG_S
        with closing(sqlite3.connect(self.file)) as rows:
            while len(self.leases) < 3 and time.monotonic() < give_up:
                self.leases.add(rows.execute("SELECT lease_expires_at FROM executions").fetchone())
                time.sleep(0.05)
        return Outcome()


async def test_a_handler_that_blocks_keeps_its_lease(sqlite_url, engine_of):
    blocks = Blocks(sqlite_url)
    async with engine_of(sqlite_url, {"blocks": blocks}, lease_s=3) as engine:
        info = await engine.execute(ADA, request("blocks"), HANG_S)
        assert len(blocks.leases) == 3
        assert (info.status, info.attempt) == ("succeeded", 1)


async def test_cancelling_what_waits_is_immediate_and_final(database_url, engine_of):
    echo = Echo()
    async with engine_of(database_url, {"script": Script(), "echo": echo}, max_workers=1) as engine:
        blocker = await engine.submit(ADA, request("script", sleep_s=FOREVER_S))
        waiting = await engine.submit(ADA, request("echo"))
        info = await engine.cancel(waiting.execution_id, "acme")
        assert info.status == "cancelled"
        assert (await engine.cancel(waiting.execution_id, "acme")).status == "cancelled"
        await engine.cancel(blocker.execution_id, "acme")
        assert echo.runs == []


async def test_cancelling_what_runs_answers_when_it_is_gone(database_url, engine_of):
    script = Script()
    async with engine_of(database_url, {"script": script}) as engine:
        running = await engine.submit(ADA, request("script", sleep_s=FOREVER_S))
        await asyncio.wait_for(script.started.wait(), HANG_S)
        info = await engine.cancel(running.execution_id, "acme", wait_s=HANG_S)
        assert info.status == "cancelled"
        assert script.ended == [running.execution_id]


async def test_an_idempotency_key_replays_the_same_body_and_refuses_another(database_url, engine_of):
    echo = Echo()
    async with engine_of(database_url, {"echo": echo}) as engine:
        first = await engine.submit(ADA, request(name="a"), idempotency_key="k1")
        again = await engine.submit(
            ADA, request(name="a", context={"request_id": "other"}), idempotency_key="k1"
        )
        assert again.execution_id == first.execution_id
        assert (first.replayed, again.replayed) == (False, True)
        with pytest.raises(IdempotencyConflict):
            await engine.submit(ADA, request(name="b"), idempotency_key="k1")
        other = await engine.submit(BOB, request(name="b", caller=BOB), idempotency_key="k1")
        assert other.execution_id != first.execution_id


async def test_one_key_sent_many_times_at_once_makes_one_execution(database_url, engine_of):
    async with engine_of(database_url, {"echo": Echo()}) as engine:
        sent = [engine.submit(ADA, request(name="a"), idempotency_key="same") for _ in range(12)]
        assert len({one.execution_id for one in await asyncio.gather(*sent)}) == 1


async def test_dependents_wait_and_fail_with_what_they_depend_on(database_url, engine_of):
    gated = Gated()
    handlers = {"echo": Echo(), "script": Script(), "gated": gated}
    async with engine_of(database_url, handlers) as engine:
        first = (await engine.submit(ADA, request("gated"))).execution_id
        after = ExecutionOptions(depends_on=(first,))
        second = (await engine.submit(ADA, request(name="second", options=after))).execution_id
        assert (await engine.get(second, "acme")).status == "queued"
        assert (await engine.queue_status()).blocked == 1
        gated.gate.set()
        info = await engine.wait(second, "acme", HANG_S)
        assert info.status == "succeeded"
        assert info.started_at >= (await engine.get(first, "acme")).ended_at

        bad = (await engine.submit(ADA, request("script", sleep_s=0.2, verdict="error"))).execution_id
        child = (await engine.submit(ADA, request(options=ExecutionOptions(depends_on=(bad,))))).execution_id
        grandchild = (
            await engine.submit(ADA, request(options=ExecutionOptions(depends_on=(child,))))
        ).execution_id
        info = await engine.wait(grandchild, "acme", HANG_S)
        assert (info.status, info.error_reason) == ("failed", "dependency_failed")
        late = await engine.submit(ADA, request(options=ExecutionOptions(depends_on=(bad, first))))
        assert late.status == "failed"


async def test_who_waits_for_a_dependent_or_a_deadline_is_told_at_once(database_url, engine_of):
    async with engine_of(database_url, {"echo": Echo()}, event_poll_s=FOREVER_S) as engine:
        later = ExecutionOptions(not_before=datetime.now(UTC) + timedelta(days=1))
        first = (await engine.submit(ADA, request(options=later))).execution_id
        after = ExecutionOptions(depends_on=(first,))
        dependent = (await engine.submit(ADA, request(options=after))).execution_id
        soon = replace(later, deadline_at=datetime.now(UTC) + timedelta(seconds=0.5))
        late = (await engine.submit(ADA, request(options=soon))).execution_id
        async with asyncio.timeout(HANG_S):
            waiting = asyncio.create_task(engine.wait(dependent, "acme", FOREVER_S))
            assert (await engine.wait(late, "acme", FOREVER_S)).status == "timed_out"
            await engine.cancel(first, "acme")
            assert (await waiting).error_reason == "dependency_failed"


@pytest.mark.parametrize("ends", ["cancel", "deadline"])
async def test_a_chain_longer_than_the_stack_is_deep_ends_with_its_first(database_url, engine_of, ends):
    ids = [new_id("ex") for _ in range(400)]
    first = datetime.now(UTC) + timedelta(days=1)
    options = {"not_before": first} if ends == "cancel" else {"deadline_at": datetime.now(UTC)}
    chain = [request(options=ExecutionOptions(**options))]
    chain += [request(options=ExecutionOptions(depends_on=(before,))) for before in ids[:-1]]
    async with engine_of(database_url, {"echo": Echo()}) as engine:
        await engine.submit_batch(ADA, chain, ids=ids)
        if ends == "cancel":
            assert (await engine.cancel(ids[0], "acme")).status == "cancelled"
        info = await engine.wait(ids[-1], "acme", HANG_S)
        assert (info.status, info.error_reason) == ("failed", "dependency_failed")
        assert (await engine.queue_status()).length == 0


async def test_a_batch_is_all_or_nothing_and_may_depend_within_itself(database_url, engine_of):
    echo = Echo()
    async with engine_of(database_url, {"echo": echo}) as engine:
        second = request(name="2", options=ExecutionOptions(depends_on=("ex_one",)))
        accepted = await engine.submit_batch(ADA, [request(name="1"), second], ids=["ex_one", "ex_two"])
        assert [one.execution_id for one in accepted] == ["ex_one", "ex_two"]
        assert (await engine.wait("ex_two", "acme", HANG_S)).status == "succeeded"
        assert echo.order == ["1", "2"]
        with pytest.raises(UnknownKind):
            await engine.submit_batch(ADA, [request(name="3"), request("nobody")])
        assert len((await engine.page(_all())).items) == 2


async def test_a_scheduled_start_is_not_early_and_waits_for_no_poll(database_url, engine_of):
    async with engine_of(database_url, {"echo": Echo()}, event_poll_s=FOREVER_S) as engine:
        due = datetime.now(UTC) + timedelta(seconds=0.6)
        info = await engine.execute(ADA, request(options=ExecutionOptions(not_before=due)), HANG_S)
        assert info.status == "succeeded"
        assert info.started_at >= due
        waited = round((info.started_at - due).total_seconds() * 1000)
        assert info.queue_wait_ms == waited  # what is planned for later does not wait before


async def test_a_deadline_ends_what_waits_and_what_runs(database_url, engine_of):
    async with engine_of(database_url, {"script": Script()}, max_workers=1) as engine:
        soon = datetime.now(UTC) + timedelta(seconds=1.5)
        options = ExecutionOptions(deadline_at=soon)
        running = await engine.submit(ADA, request("script", sleep_s=FOREVER_S, options=options))
        waiting = await engine.submit(ADA, request("script", options=options))
        for one in (running, waiting):
            info = await engine.wait(one.execution_id, "acme", HANG_S)
            assert (info.status, info.error_reason) == ("timed_out", "deadline_exceeded")
            assert info.ended_at >= soon


async def test_the_queue_is_bounded_for_all_and_for_each_tenant(database_url, engine_of):
    bounds = {"queue_size": 3, "queue_size_per_tenant": 2, "max_workers": 1}
    async with engine_of(database_url, {"script": Script()}, **bounds) as engine:
        blocker = await engine.submit(ADA, request("script", sleep_s=FOREVER_S))
        await until(lambda: _is_running(engine, blocker.execution_id))
        accepted = await engine.submit(ADA, request("script"), idempotency_key="last")
        await engine.submit(ADA, request("script", n=2))
        with pytest.raises(QuotaExceeded) as quota:
            await engine.submit(ADA, request("script"))
        again = await engine.submit(ADA, request("script"), idempotency_key="last")
        assert again == replace(accepted, replayed=True)
        assert quota.value.retry_after_s >= 1
        await engine.submit(BOB, request("script", caller=BOB))
        with pytest.raises(QueueFull) as full:
            await engine.submit(BOB, request("script", caller=BOB))
        assert full.value.retry_after_s >= 1
        await engine.cancel(blocker.execution_id, "acme")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (ExecutionOptions(timeout_s=4000), "/options/timeout_s"),
        (ExecutionOptions(retry_count=4), "/options/retry_count"),
    ],
)
async def test_more_than_the_operator_allows_is_refused_by_name(sqlite_url, engine_of, options, field):
    async with engine_of(sqlite_url, {"echo": Echo()}) as engine:
        with pytest.raises(InvalidParameters) as refused:
            await engine.submit(ADA, request(options=options))
        assert refused.value.errors[0]["pointer"] == field


async def test_nobody_runs_on_behalf_of_another_tenant(sqlite_url, engine_of):
    async with engine_of(sqlite_url, {"echo": Echo()}) as engine:
        with pytest.raises(PermissionDenied):
            await engine.submit(BOB, request(caller=ADA))


async def test_logs_keep_the_requested_level_and_followers_see_all_lines(database_url, engine_of):
    async with engine_of(database_url, {"echo": Echo()}) as engine:
        for level, expected in (
            (LogLevel.DEBUG, ["detail", "echoing"]),
            (LogLevel.INFO, ["echoing"]),
            (LogLevel.ERROR, []),
        ):
            submission = await engine.submit(ADA, request(options=ExecutionOptions(logging_level=level)))
            lines = [line async for line in engine.follow_lines(submission.execution_id, "acme")]
            assert [line.message for line in lines] == expected
            assert [line.seq for line in lines] == list(range(1, len(expected) + 1))


async def test_events_resume_after_a_number(database_url, engine_of):
    async with engine_of(database_url, {"script": Script()}) as engine:
        one = (await engine.submit(ADA, request("script", steps=5, step_s=0.05))).execution_id
        whole = [event async for event in engine.follow_events(one, "acme")]
        assert [event.seq for event in whole] == list(range(1, len(whole) + 1))
        assert [event.data.get("message") for event in whole if event.type == "progress"] == [
            f"step {n}" for n in range(1, 6)
        ]
        rest = [event async for event in engine.follow_events(one, "acme", 3)]
        assert rest == whole[3:]


async def test_large_results_are_files_and_go_with_their_execution(database_url, engine_of, tmp_path):
    async with engine_of(database_url, {"script": Script()}, result_inline_bytes=1000) as engine:
        big = await engine.execute(ADA, request("script", value="x" * 5000), HANG_S)
        raw = await engine.execute(ADA, request("script", bytes=3_000_000), HANG_S)
        files = lambda: [path for path in (tmp_path / "results").rglob("*") if path.is_file()]  # noqa: E731
        assert len(files()) == 2
        result = await engine.result(raw.execution_id, "acme")
        assert (result.output.content_type, result.output.size_bytes) == ("application/x-zeros", 3_000_000)
        assert sum([len(chunk) async for chunk in engine.read_result(result)]) == 3_000_000
        await engine.delete(raw.execution_id, "acme")
        await engine.delete(big.execution_id, "acme")
        assert files() == []
        with pytest.raises(ExecutionNotFound):
            await engine.get(raw.execution_id, "acme")
        with pytest.raises(ResultGone):
            _ = [chunk async for chunk in engine.read_result(result)]


async def test_large_results_may_be_objects_of_a_bucket(sqlite_url, engine_of, s3_settings, tmp_path):
    async with engine_of(sqlite_url, {"script": Script()}, **s3_settings) as engine:
        raw = await engine.execute(ADA, request("script", bytes=3_000_000), HANG_S)
        result = await engine.result(raw.execution_id, "acme")
        assert sum([len(chunk) async for chunk in engine.read_result(result)]) == 3_000_000
        await engine.delete(raw.execution_id, "acme")
        with pytest.raises(ResultGone):
            _ = [chunk async for chunk in engine.read_result(result)]
    assert not (tmp_path / "results").exists()


class BrokenResultStore(ResultStore):
    """Keeps what it is given until it breaks."""

    def __init__(self):
        self.broken = False

    def _check(self):
        if self.broken:
            raise ResultStoreUnavailable("The result store does not answer.")

    async def put(self, name, chunks):
        self._check()
        return sum([len(chunk) async for chunk in chunks])

    async def read(self, name):
        self._check()
        yield b""

    async def delete(self, name):
        self._check()


async def test_a_result_store_that_is_away_loses_no_row_and_no_worker(sqlite_url, engine_of):
    results = BrokenResultStore()
    async with engine_of(
        sqlite_url, {"script": Script()}, parts={"results": results}, max_workers=1
    ) as engine:
        kept = await engine.execute(ADA, request("script", bytes=10), HANG_S)
        results.broken = True
        lost = await engine.execute(ADA, request("script", bytes=10), HANG_S)
        assert (lost.status, lost.error_reason) == ("failed", "result_store_unavailable")
        with pytest.raises(ResultStoreUnavailable):
            await engine.delete(kept.execution_id, "acme")
        assert (await engine.get(kept.execution_id, "acme")).status == "succeeded"
        results.broken = False
        await engine.delete(kept.execution_id, "acme")
        assert (await engine.execute(ADA, request("script"), HANG_S)).status == "succeeded"


async def test_retention_catches_up_at_once_and_takes_results_along(sqlite_url, engine_of, tmp_path):
    now = datetime.now(UTC)
    done = Settlement(ExecutionStatus.SUCCEEDED, "success", output=ExecutionOutput(value=1))
    async with engine_of(sqlite_url, {"script": Script()}) as engine:
        await engine.execute(ADA, request("script", bytes=10), HANG_S)
        runs = [FinishedRun(new_id("ex"), request(), done, now, now) for _ in range(450)]
        await engine.store.record(runs)
    async with engine_of(sqlite_url, {"script": Script()}, retention_count=5) as engine:
        await until(lambda: _total_is(engine, 5))
    assert [path for path in (tmp_path / "results").rglob("*") if path.is_file()] == []


async def _total_is(engine, count):
    return len((await engine.page(_all(), limit=500)).items) == count


async def test_what_is_active_has_no_result_and_cannot_be_deleted_or_retried(sqlite_url, engine_of):
    async with engine_of(sqlite_url, {"script": Script()}) as engine:
        one = (await engine.submit(ADA, request("script", sleep_s=FOREVER_S))).execution_id
        with pytest.raises(ExecutionNotFinished):
            await engine.result(one, "acme")
        with pytest.raises(ExecutionStillActive):
            await engine.delete(one, "acme")
        with pytest.raises(ExecutionStillActive):
            await engine.retry(ADA, one)
        await engine.cancel(one, "acme")
        again = await engine.retry(ADA, one)
        assert (await engine.get(again.execution_id, "acme")).retry_of == one
        await engine.cancel(again.execution_id, "acme")


async def test_the_history_is_filtered_and_paged(database_url, engine_of):
    async with engine_of(database_url, {"echo": Echo(), "script": Script()}) as engine:
        parent = (await engine.submit(ADA, request(name="100%_sure"))).execution_id
        for n in range(5):
            await engine.submit(
                ADA, request(name=f"n{n}", context={"session_id": "s", "parent_execution_id": parent})
            )
        bad = (await engine.submit(ADA, request("script", verdict="error"))).execution_id
        await engine.submit(BOB, request(caller=BOB))
        await until(lambda: _idle(engine))
        seen, before = [], None
        while True:
            page = await engine.page(_all(), limit=3, before=before)
            seen += [info.execution_id for info in page.items]
            before = page.next_before
            if before is None:
                break
        assert len(seen) == 7
        assert seen == sorted(seen, reverse=True)
        count = lambda **wanted: _count(engine, **wanted)  # noqa: E731
        assert await count(statuses=("failed",)) == 1
        assert await count(kind="script") == 1
        assert await count(session_id="s") == 5
        assert await count(parent_execution_id=parent) == 5
        assert await count(text="N3") == 1
        await engine.submit(ADA, request(name="ÄPFEL für 苹果"))
        assert await count(text="ÄPFEL") == await count(text="äpfel FÜR 苹果") == 1
        assert await count(text="100%_") == 1
        assert await count(text="%") == 1
        assert await count(user_id="bob") == 0
        assert await count(until=datetime.now(UTC) - timedelta(hours=1)) == 0
        assert bad in seen


async def test_metrics_count_by_kind_status_and_tenant(database_url, engine_of):
    from executor.common.journal import MetricFilter

    async with engine_of(database_url, {"echo": Echo(), "script": Script()}) as engine:
        for asked in (request(), request(), request("script", verdict="error"), request(caller=BOB)):
            await engine.submit(ADA if asked.context.tenant_id == "acme" else BOB, asked)
        await until(lambda: _idle(engine))
        totals = await engine.totals(MetricFilter(tenant_id="acme"))
        assert (totals.total_executions, totals.successful_executions, totals.failed_executions) == (3, 2, 1)
        assert totals.error_rate == pytest.approx(1 / 3)
        assert totals.average_execution_ms >= 0
        everybody = await engine.totals(MetricFilter())
        assert {group.tenant_id for group in everybody.groups} == {"acme", "bobs"}
        sizes = await engine.measurements(MetricFilter(tenant_id="bobs", name="size"))
        assert len(sizes) == 1


async def test_the_pool_grows_and_shrinks_and_reports_each_worker(sqlite_url, engine_of):
    sizes, gated = {"min_workers": 1, "max_workers": 4, "worker_idle_timeout_s": 0.2}, Gated()
    async with engine_of(sqlite_url, {"gated": gated}, **sizes) as engine:
        assert len((await engine.pool_status()).workers) == 1
        ids = [(await engine.submit(ADA, request("gated"))).execution_id for _ in range(6)]
        await until(lambda: _busy(engine, 4))
        status = await engine.pool_status()
        assert all(worker.healthy for worker in status.workers)
        assert {one for worker in status.workers for one in worker.execution_ids} <= set(ids)
        gated.gate.set()
        for one in ids:
            assert (await engine.wait(one, "acme", HANG_S)).status == "succeeded"
        await until(lambda: _workers(engine, 1))
        assert (await engine.execute(ADA, request("gated"), HANG_S)).status == "succeeded"


async def test_stopping_waits_for_what_runs_and_fails_what_does_not_end(sqlite_url, engine_of):
    gated = Gated()
    async with engine_of(sqlite_url, {"script": Script(), "gated": gated}) as engine:
        short = (await engine.submit(ADA, request("gated"))).execution_id
        long = (await engine.submit(ADA, request("script", sleep_s=FOREVER_S))).execution_id
        again = request("script", first_sleep_s=FOREVER_S, options=ExecutionOptions(idempotent=True))
        idempotent = (await engine.submit(ADA, again)).execution_id
        for one in (short, long, idempotent):
            await until(lambda one=one: _is_running(engine, one))
        asyncio.get_running_loop().call_later(0.1, gated.gate.set)
    async with engine_of(sqlite_url, {"script": Script()}) as engine:
        assert (await engine.get(short, "acme")).status == "succeeded"
        info = await engine.get(long, "acme")
        assert (info.status, info.error_reason) == ("failed", "worker_lost")
        info = await engine.wait(idempotent, "acme", HANG_S)
        assert (info.status, info.attempt) == ("succeeded", 2)


def _all(**wanted):
    from executor.common.queues import ExecutionFilter

    return ExecutionFilter(tenant_id="acme", **wanted)


async def _count(engine, **wanted):
    return len((await engine.page(_all(**wanted))).items)


async def _idle(engine):
    status = await engine.queue_status()
    return status.length == 0 and status.running == 0


async def _is_running(engine, execution_id):
    return (await engine.get(execution_id, "acme")).status == "running"


async def _busy(engine, count):
    return (await engine.pool_status()).busy == count


async def _workers(engine, count):
    return len((await engine.pool_status()).workers) == count


def test_priorities_spread_over_any_number_of_levels():
    from executor.core.scheduling import rank_of

    def ranks(levels):
        return [
            rank_of(name, levels)
            for name in (Priority.CRITICAL, Priority.HIGH, Priority.NORMAL, Priority.LOW)
        ]

    assert ranks(1) == [0, 0, 0, 0]
    assert ranks(2) == [0, 0, 1, 1]
    assert ranks(4) == [0, 1, 2, 3]
    assert ranks(8) == [0, 2, 4, 6]
