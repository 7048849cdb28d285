"""Handlers of the whole: queue, pool, totals."""

from datetime import UTC, datetime, timedelta

from executor.common.journal import MetricFilter
from executor.http.base import ADMIN, EngineHandler
from executor.http.replies import MetricReply, PoolReply, QueueReply, SecretReply, TotalsReply, WorkerReply
from executor.http.requests import MetricsQuery
from executor.http.submitting import TAG
from servicekit.http import operation


class QueueHandler(EngineHandler):
    """What waits."""

    @operation(summary="Read the queue's state", tag=TAG, replies={200: QueueReply})
    async def get(self) -> None:
        self.reply(QueueReply.model_validate(await self._engine.queue_status()))


class PoolHandler(EngineHandler):
    """Who works."""

    @operation(
        summary="Read the worker pool's state",
        tag=TAG,
        description="Which executions run where is shown to admins.",
        replies={200: PoolReply},
    )
    async def get(self) -> None:
        reply = PoolReply.model_validate(await self._engine.pool_status())
        if not self.caller.may(ADMIN):
            workers: list[WorkerReply] = [
                one.model_copy(update={"execution_ids": []}) for one in reply.workers
            ]
            reply = reply.model_copy(update={"workers": workers})
        self.reply(reply)


class TotalsHandler(EngineHandler):
    """How it went."""

    @operation(
        summary="Count executions and their times",
        tag=TAG,
        description="Of the last 24 hours unless since says otherwise.",
        query=MetricsQuery,
        replies={200: TotalsReply},
        errors=("forbidden",),
    )
    async def get(self) -> None:
        query = self.parse_query(MetricsQuery)
        wanted = MetricFilter(
            tenant_id=self.tenant_asked(query.tenant_id),
            kind=query.kind,
            without_kinds=self.hidden_kinds,
            name=query.name,
            since=query.since or datetime.now(UTC) - timedelta(days=1),
            until=query.until,
        )
        totals = TotalsReply.model_validate(await self._engine.totals(wanted))
        if query.name is not None:
            found = await self._engine.measurements(wanted)
            totals = totals.model_copy(
                update={"measurements": [MetricReply.model_validate(one) for one in found]}
            )
        self.reply(totals)


class CallbackSecretHandler(EngineHandler):
    """What callbacks are signed with."""

    @operation(
        summary="Read the secret that signs your callbacks",
        tag=TAG,
        replies={200: SecretReply},
        errors=("callback_refused",),
    )
    async def get(self) -> None:
        self.reply(SecretReply(secret=self._engine.callback_secret(self.tenant)))
