"""Handlers that start executions: one, many, again."""

from collections.abc import Sequence
from dataclasses import replace

from executor.common.executions import ExecutionResult
from executor.common.ids import new_id
from executor.common.requests import ExecutionRequest
from executor.errors import ExecutorError
from executor.http.base import EngineHandler
from executor.http.listing import list_executions
from executor.http.replies import BatchReply, PageReply, ResultReply, SubmissionReply
from executor.http.requests import BatchBody, BatchItem, ContextBody, ListQuery, SubmitBody, to_request
from executor.http.results import reply_with_result
from servicekit.http import Problem, operation

TAG = "executions"
ACCEPTING = (
    "unknown_kind",
    "invalid_parameters",
    "request_too_large",
    "permission_denied",
    "idempotency_conflict",
    "quota_exceeded",
    "queue_full",
    "draining",
    "callback_refused",
)


class ExecutionsHandler(EngineHandler):
    """The collection."""

    @operation(
        summary="Submit an execution",
        tag=TAG,
        body=SubmitBody,
        replies={202: SubmissionReply, 200: ResultReply},
        errors=ACCEPTING,
    )
    async def post(self) -> None:
        body = self.parse_body(SubmitBody)
        request = to_request(body, self.context_of(body.context))
        accepted = await self._engine.submit(self.who, request, idempotency_key=self.idempotency_key)
        wait_s = self.wait_s(body.wait)
        if wait_s > 0:
            info = await self._engine.wait(accepted.execution_id, self.tenant, wait_s)
            if info.status.is_final:
                await reply_with_result(self, self._engine, await self._result(info.execution_id))
                return
            accepted = replace(accepted, status=info.status)
        self.reply(
            SubmissionReply.model_validate(accepted),
            status=202,
            headers={**self.place_of(accepted.execution_id), **_replayed(accepted.replayed)},
        )

    async def _result(self, execution_id: str) -> ExecutionResult:
        return await self._engine.result(execution_id, self.tenant)

    @operation(
        summary="List executions, newest first",
        tag=TAG,
        query=ListQuery,
        replies={200: PageReply},
        errors=("invalid_cursor", "forbidden"),
    )
    async def get(self) -> None:
        query = self.parse_query(ListQuery)
        tenant = self.tenant_asked(query.tenant_id)
        self.reply(await list_executions(self._engine, query, tenant, self.hidden_kinds))


class BatchHandler(EngineHandler):
    """Many at once."""

    @operation(
        summary="Submit executions together",
        tag=TAG,
        description="All are accepted or none. A later one may name an earlier one in depends_on as @ref.",
        body=BatchBody,
        replies={202: BatchReply},
        errors=ACCEPTING,
    )
    async def post(self) -> None:
        body = self.parse_body(BatchBody)
        ids = [new_id("ex") for _ in body.executions]
        requests = self._resolve(body.executions, ids)
        try:
            accepted = await self._engine.submit_batch(
                self.who, requests, ids=ids, idempotency_key=self.idempotency_key
            )
        except ExecutorError as refused:
            _point_at_item(refused)
            raise
        replies = [SubmissionReply.model_validate(one) for one in accepted]
        self.reply(BatchReply(executions=replies), status=202, headers={"Retry-After": "1"})

    def _resolve(self, items: Sequence[BatchItem], ids: list[str]) -> list[ExecutionRequest]:
        known: dict[str, str] = {}
        requests = []
        for place, (item, execution_id) in enumerate(zip(items, ids, strict=True)):
            request = to_request(item, self.context_of(item.context))
            names = tuple(_named(name, known, place) for name in request.options.depends_on)
            requests.append(replace(request, options=replace(request.options, depends_on=names)))
            if item.ref is not None:
                if item.ref in known:
                    raise _bad(place, "ref", f"The ref {item.ref!r} is used twice.")
                known[item.ref] = execution_id
        return requests


def _named(name: str, known: dict[str, str], place: int) -> str:
    if not name.startswith("@"):
        return name
    if name[1:] not in known:
        raise _bad(place, "options/depends_on", f"There is no earlier execution with the ref {name[1:]!r}.")
    return known[name[1:]]


def _bad(place: int, where: str, message: str) -> Problem:
    pointer = f"/executions/{place}/{where}"
    return Problem(
        422,
        "validation_failed",
        message,
        errors=[{"pointer": pointer, "code": "invalid_ref", "message": message}],
    )


def _point_at_item(refused: ExecutorError) -> None:
    """Say which of the batch is wrong, and where in it."""
    if refused.position is None:
        return
    item = f"/executions/{refused.position}"
    found = refused.errors or [{"pointer": "", "code": refused.code, "message": str(refused)}]
    refused.errors = [{**fault, "pointer": f"{item}{fault['pointer']}"} for fault in found]


def _replayed(replayed: bool) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if replayed else {}


class RetryHandler(EngineHandler):
    """Once more."""

    @operation(
        summary="Run a finished execution's request again, as a new execution",
        tag=TAG,
        path={"execution_id": "The id of a finished execution."},
        replies={202: SubmissionReply},
        errors=("execution_not_found", "execution_still_active", *ACCEPTING),
    )
    async def post(self, execution_id: str) -> None:
        accepted = await self._engine.retry(
            self.who,
            execution_id,
            asked=self.context_of(ContextBody()),
            idempotency_key=self.idempotency_key,
        )
        self.reply(
            SubmissionReply.model_validate(accepted),
            status=202,
            headers={**self.place_of(accepted.execution_id), **_replayed(accepted.replayed)},
        )
