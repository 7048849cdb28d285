"""Handlers of one execution: state, result, logs, metrics, events, cancel, delete."""

from contextlib import aclosing
from dataclasses import asdict

from executor.http.base import EngineHandler
from executor.http.replies import (
    AttemptReply,
    CallbackReply,
    CallbacksReply,
    DetailReply,
    ExecutionReply,
    LogReply,
    LogsReply,
    MetricReply,
    MetricsReply,
    ResultReply,
)
from executor.http.requests import LogsQuery, WaitQuery
from executor.http.results import reply_with_result
from executor.http.submitting import TAG
from servicekit.http import operation

ID = {"execution_id": "The id that submitting returned."}
MISSING = ("execution_not_found", "permission_denied")


class ExecutionHandler(EngineHandler):
    """One execution."""

    @operation(
        summary="Read an execution's state",
        tag=TAG,
        path=ID,
        query=WaitQuery,
        replies={200: DetailReply},
        errors=MISSING,
    )
    async def get(self, execution_id: str) -> None:
        wait_s = self.wait_s(self.parse_query(WaitQuery).wait)
        info = self.shown(await self._engine.wait(execution_id, self.tenant, wait_s))
        request = await self._engine.request_of(execution_id, self.tenant)
        attempts = await self._engine.attempts(execution_id)
        plain = ExecutionReply.model_validate(info)
        self.reply(
            DetailReply(
                **plain.model_dump(),
                attempts=[AttemptReply.model_validate(one) for one in attempts],
                request=dict(request.parameters),
                options=asdict(request.options),
                environment=dict(request.context.environment),
            )
        )

    @operation(
        summary="Delete a finished execution with its logs and result",
        tag=TAG,
        path=ID,
        replies={204: None},
        errors=(*MISSING, "execution_still_active", "result_store_unavailable"),
    )
    async def delete(self, execution_id: str) -> None:
        await self.find(execution_id)
        await self._engine.delete(execution_id, self.tenant)
        self.reply(None, status=204)


class ResultHandler(EngineHandler):
    """Its result."""

    @operation(
        summary="Read an execution's result",
        tag=TAG,
        description="JSON, or the bytes that the execution made, with their own content type.",
        path=ID,
        query=WaitQuery,
        replies={200: ResultReply},
        errors=(*MISSING, "execution_not_finished", "result_gone", "result_store_unavailable"),
    )
    async def get(self, execution_id: str) -> None:
        await self.find(execution_id)
        wait_s = self.wait_s(self.parse_query(WaitQuery).wait)
        if wait_s > 0:
            await self._engine.wait(execution_id, self.tenant, wait_s)
        await reply_with_result(self, self._engine, await self._engine.result(execution_id, self.tenant))


class CancelHandler(EngineHandler):
    """Its end before its time."""

    @operation(
        summary="Cancel an execution",
        tag=TAG,
        description="200 when it has ended, 202 when a running one takes longer to go.",
        path=ID,
        replies={200: ExecutionReply, 202: ExecutionReply},
        errors=MISSING,
    )
    async def post(self, execution_id: str) -> None:
        await self.find(execution_id)
        info = await self._engine.cancel(execution_id, self.tenant)
        headers = {} if info.status.is_final else self.place_of(execution_id)
        self.reply(
            ExecutionReply.model_validate(info), status=200 if info.status.is_final else 202, headers=headers
        )


class LogsHandler(EngineHandler):
    """What it wrote."""

    @operation(
        summary="Read or follow an execution's log",
        tag=TAG,
        path=ID,
        query=LogsQuery,
        replies={200: LogsReply},
        streams=True,
        errors=MISSING,
    )
    async def get(self, execution_id: str) -> None:
        query = self.parse_query(LogsQuery)
        await self.find(execution_id)
        if query.follow:
            await self._follow(execution_id, max(query.after, self.resume_after()))
            return
        lines = await self._engine.log_lines(execution_id, self.tenant, query.after, query.limit)
        items = [LogReply.model_validate(line) for line in lines]
        self.reply(LogsReply(items=items, next_after=items[-1].seq if items else query.after))

    async def _follow(self, execution_id: str, after: int) -> None:
        lines = self._engine.follow_lines(execution_id, self.tenant, after)
        async with aclosing(lines), self.event_stream(endless=True) as stream:
            async for line in lines:
                await stream.send("log", LogReply.model_validate(line), str(line.seq))


class EventsHandler(EngineHandler):
    """What happens to it."""

    @operation(
        summary="Follow an execution's events",
        tag=TAG,
        description="Ends with the execution; Last-Event-ID resumes; 204 when nothing more will come.",
        path=ID,
        replies={200: "text/event-stream", 204: None},
        errors=MISSING,
    )
    async def get(self, execution_id: str) -> None:
        after = self.resume_after()
        info = await self.find(execution_id)
        if after and info.status.is_final and not await self._engine.store.events(execution_id, after, 1):
            self.reply(None, status=204)
            return
        events = self._engine.follow_events(execution_id, self.tenant, after)
        async with aclosing(events), self.event_stream(endless=True) as stream:
            async for event in events:
                data = {"execution_id": execution_id, "at": event.created_at, **event.data}
                await stream.send(event.type, data, str(event.seq))


class MetricsHandler(EngineHandler):
    """What was measured."""

    @operation(
        summary="Read an execution's measurements",
        tag=TAG,
        path=ID,
        replies={200: MetricsReply},
        errors=MISSING,
    )
    async def get(self, execution_id: str) -> None:
        await self.find(execution_id)
        metrics = await self._engine.metrics_of(execution_id, self.tenant)
        self.reply(MetricsReply(items=[MetricReply.model_validate(one) for one in metrics]))


class CallbacksHandler(EngineHandler):
    """Who was told."""

    @operation(
        summary="Read an execution's callbacks and their deliveries",
        tag=TAG,
        path=ID,
        replies={200: CallbacksReply},
        errors=MISSING,
    )
    async def get(self, execution_id: str) -> None:
        await self.find(execution_id)
        callbacks = await self._engine.callbacks_of(execution_id, self.tenant)
        self.reply(CallbacksReply(items=[CallbackReply.model_validate(one) for one in callbacks]))
