"""What can be wrong with a request to count, transform or check tables, or to have coderunner work on them."""

from typing import TYPE_CHECKING, Any

from dataflowtools.src.errors.base import RequestRefused, ServiceTrouble

if TYPE_CHECKING:
    from collections.abc import Mapping


class InvalidAnalysis(RequestRefused):
    """The analysis, chart or output asked for makes no sense for this table."""

    code = "invalid_analysis"


class InvalidStep(RequestRefused):
    """A step cannot be applied to the table as it is there."""

    code = "invalid_step"


class UnknownColumn(RequestRefused):
    """The table has no column of that name."""

    code = "unknown_column"


class TableTooLarge(RequestRefused):
    """The table has more rows, columns or cells than are taken, or a line longer than is read."""

    code = "table_too_large"


class Positioned(RequestRefused):
    """A refusal of something written, with the place and the reason."""

    def __init__(self, reason: str, *, position: int, near: str = "", field: str | None = None) -> None:
        super().__init__(f"Position {position}: {reason}", field=field)
        self.extra: Mapping[str, Any] = {"position": position, "reason": reason, "near": near}


class InvalidExpression(Positioned):
    """An expression is not written as the language asks, or mixes kinds of values."""

    code = "invalid_expression"


class OperationNotAllowed(Positioned):
    """An expression or a query asks for something that is no part of the language."""

    code = "operation_not_allowed"


class InvalidPattern(RequestRefused):
    """A regular expression is not one that the linear-time engine takes."""

    code = "invalid_pattern"


class InvalidSql(RequestRefused):
    """A query does not run on the tables given."""

    code = "invalid_sql"


class InvalidTableSchema(RequestRefused):
    """A schema or a rule for checking tables is not a valid one."""

    code = "invalid_table_schema"


class CoderunnerRefused(RequestRefused):
    """Coderunner did not take what it was given."""

    code = "coderunner_refused"


class CoderunnerForbade(RequestRefused):
    """Coderunner does not allow this to the tenant."""

    code = "coderunner_forbade"


class CoderunnerUnavailable(ServiceTrouble):
    """Coderunner does not answer, is full, or does not know our key."""

    code = "coderunner_unavailable"
