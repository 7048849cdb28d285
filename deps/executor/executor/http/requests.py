"""What callers send, and what it means."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from executor.common.requests import (
    CallbackTarget,
    ExecutionContext,
    ExecutionOptions,
    ExecutionRequest,
    LogLevel,
    Priority,
    ResourceIsolation,
    ResourceLimits,
)
from executor.common.states import ExecutionStatus
from executor.http.moments import Moment, QueryMoment
from servicekit.http import Body

Name = Annotated[str, Field(min_length=1, max_length=128)]
Id = Annotated[str, Field(min_length=1, max_length=64)]
LARGEST = 2**63 - 1
Count = Annotated[int, Field(gt=0, le=LARGEST)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Wait = Annotated[float, Field(ge=0, allow_inf_nan=False)]
MAX_BATCH = 1000
MAX_DEPENDENCIES = 100


class LimitsBody(Body):
    """Upper bounds of one attempt."""

    memory_bytes: Count | None = None
    cpu_time_s: Positive | None = None
    output_bytes: Count | None = None
    processes: Count | None = None


class IsolationBody(Body):
    """How far an attempt is walled off; true means that the wall stands."""

    memory_limit_bytes: Count | None = None
    cpu_limit: Positive | None = Field(default=None, description="Share of the cores, in cores.")
    network_limit: bool = True
    file_system_limit: bool = True


class CallbackBody(Body):
    """Where to tell that the execution ended."""

    url: str = Field(min_length=1, max_length=2000)


class OptionsBody(Body):
    """How the execution is carried."""

    timeout_s: Positive | None = None
    retry_count: int = Field(default=0, ge=0)
    retry_delay_s: float | None = Field(default=None, ge=0, le=86_400)
    retry_backoff: float = Field(default=2.0, ge=1, le=100)
    retry_max_delay_s: float = Field(default=300.0, ge=0, le=86_400)
    retry_on: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(
        default=(), max_length=20, description="Verdicts that are tried again; a broken sandbox always is."
    )
    priority: Priority = Priority.NORMAL
    resource_limits: LimitsBody = LimitsBody()
    isolation: IsolationBody = IsolationBody()
    logging_level: LogLevel = LogLevel.INFO
    idempotent: bool = Field(
        default=False, description="May run again when its worker was lost in the middle."
    )
    not_before: Moment | None = None
    deadline_at: Moment | None = None
    depends_on: tuple[Id, ...] = Field(default=(), max_length=MAX_DEPENDENCIES)
    callback: CallbackBody | None = None


class ContextBody(Body):
    """What the execution is part of; tenant and user come from the key."""

    session_id: str = Field(default="", max_length=128)
    parent_execution_id: Id | None = None
    environment: Mapping[str, str] = Field(default={}, max_length=100)


class ItemBody(Body):
    """What every execution says."""

    kind: Annotated[str, Field(min_length=1, max_length=64)]
    request: Mapping[str, Any] = {}
    options: OptionsBody = OptionsBody()
    context: ContextBody = ContextBody()
    tool_id: Name | None = None
    version: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class SubmitBody(ItemBody):
    """One execution."""

    wait: Wait = Field(default=0, description="Seconds to wait for the result before answering 202.")


class BatchItem(ItemBody):
    """One of a batch; later ones may depend on it by `@ref`."""

    ref: Annotated[str, Field(min_length=1, max_length=60)] | None = None


class BatchBody(Body):
    """Executions that are accepted together or not at all."""

    executions: list[BatchItem] = Field(min_length=1, max_length=MAX_BATCH)


class ListQuery(Body):
    """Filters of the history."""

    status: list[ExecutionStatus] = Field(default=[])
    kind: str | None = None
    user_id: str | None = None
    tenant_id: str | None = Field(
        default=None, description="Another tenant than the key's, or `*`: admin only."
    )
    session_id: str | None = None
    parent_execution_id: str | None = None
    since: QueryMoment | None = None
    until: QueryMoment | None = None
    text: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None


class LogsQuery(Body):
    """Which log lines."""

    after: int = Field(default=0, ge=0, le=LARGEST)
    limit: int = Field(default=200, ge=1, le=1000)
    follow: bool = Field(default=False, description="Stream lines as server-sent events until the end.")


class WaitQuery(Body):
    """How long to wait for the end."""

    wait: Wait = 0


class MetricsQuery(Body):
    """Which executions to count."""

    kind: str | None = None
    tenant_id: str | None = Field(
        default=None, description="Another tenant than the key's, or `*`: admin only."
    )
    name: str | None = Field(default=None, description="Also list measurements of this name.")
    since: QueryMoment | None = None
    until: QueryMoment | None = None


def to_request(body: ItemBody, context: ExecutionContext) -> ExecutionRequest:
    """A body as the engine's request, on behalf of `context`."""
    return ExecutionRequest(
        kind=body.kind,
        parameters=dict(body.request),
        context=context,
        options=_options(body.options),
        tool_id=body.tool_id,
        version=body.version,
    )


def _options(body: OptionsBody) -> ExecutionOptions:
    plain = {
        name: getattr(body, name)
        for name in OptionsBody.model_fields
        if name not in ("resource_limits", "isolation", "callback")
    }
    return ExecutionOptions(
        **plain,
        resource_limits=ResourceLimits(**body.resource_limits.model_dump()),
        isolation=ResourceIsolation(**body.isolation.model_dump()),
        callback=CallbackTarget(body.callback.url) if body.callback else None,
    )
