"""What is asked of the history, and the figures that it answers with."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, Field, RootModel

from coderunner.src.logics.code.ports.run_history import HistoryFilter
from executor.http.moments import as_text
from servicekit.http import Body, Problem, decode_cursor

Value = Annotated[str, Field(min_length=1, max_length=255)]
Moment = Annotated[datetime, BeforeValidator(as_text)]
_MOST = 2**63


class PeriodQuery(Body):
    """Rows of a period; moments without a zone are UTC."""

    since: Moment | None = Field(default=None, description="Made at this moment or later.")
    until: Moment | None = Field(default=None, description="Made before this moment.")

    not_columns: ClassVar[frozenset[str]] = frozenset({"since", "until", "limit", "cursor", "since_hours"})

    def wanted(self) -> HistoryFilter:
        """Every other field is a column and the value that it must have."""
        named = self.model_dump(exclude_none=True, exclude=set(self.not_columns))
        return HistoryFilter(named, _in_utc(self.since), _in_utc(self.until))


class PageQuery(PeriodQuery):
    """One page, newest first."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=200, description="`next_cursor` of the page before.")

    def before(self) -> int | None:
        """The number of the last row of the page before."""
        if self.cursor is None:
            return None
        number = decode_cursor(self.cursor).get("before")
        if type(number) is not int or not 0 <= number < _MOST:
            raise Problem(400, "invalid_cursor", "The cursor is not one of this list's.")
        return number


class ExecutionsQuery(PageQuery):
    """Which finished runs."""

    status: Value | None = Field(default=None, description="A verdict, as success or timeout.")
    environment_id: Value | None = None
    module_name: Value | None = Field(default=None, description="The entry point, or main.")
    function_name: Value | None = None


class ModulesQuery(PageQuery):
    """Which kept modules."""

    tool_id: Value | None = None
    module_name: Value | None = None


class InstalledQuery(PageQuery):
    """Which packages of which environment."""

    environment_id: Value | None = None
    package_name: Value | None = None


class MetricsQuery(PeriodQuery):
    """Which runs are counted: those of the last 24 hours unless something else is said."""

    since_hours: float = Field(
        default=24, gt=0, le=24 * 366, description="Runs of the last so many hours; `since` wins."
    )
    status: Value | None = Field(default=None, description="A verdict, as success or timeout.")
    environment_id: Value | None = None
    module_name: Value | None = None
    function_name: Value | None = None

    def wanted(self) -> HistoryFilter:
        """With a beginning in any case."""
        found = super().wanted()
        since = found.since or datetime.now(UTC) - timedelta(hours=self.since_hours)
        return HistoryFilter(found.equal, since, found.until)


class MetricsReply(BaseModel):
    """The fields of PythonMetrics; memory is the largest of one run, active environments were used in the period."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    executions_by_status: dict[str, int]
    average_execution_time_ms: float
    memory_usage_kb: int
    total_environments: int
    active_environments: int
    total_dependencies: int


class RowReply(RootModel[dict[str, Any]]):
    """One row of the history with all its fields."""


class SecurityReply(BaseModel):
    """What holds a run; level, policy and limits while it is under way, status and violations when it is over."""

    execution_id: str
    state: str = Field(description="waiting, running or finished.")
    isolation: str = Field(description="complete: every required layer stands; else reduced.")
    environment_id: str | None
    elapsed_ms: float
    security_level: str | None
    policy: dict[str, Any] | None
    limits: dict[str, float] | None = Field(description="In seconds, bytes and pieces.")
    status: str | None = Field(description="The verdict.")
    violations: list[dict[str, Any]]


class PageReply(BaseModel):
    """One page, newest first."""

    items: list[dict[str, Any]]
    next_cursor: str | None = Field(description="Asks for the page behind this one; null at the end.")


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
