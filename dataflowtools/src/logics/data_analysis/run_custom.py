"""Free Python on tables, run where it can do no harm."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dataflowtools.src.common.on_behalf import OnBehalf
from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.errors import InvalidAnalysis, TableTooLarge
from dataflowtools.src.logics.data_analysis.gather_tables import GatherTables
from dataflowtools.src.logics.data_analysis.output import Output
from dataflowtools.src.logics.data_analysis.ports.code_execution import CodeExecution, CodeRequest
from dataflowtools.src.logics.data_analysis.ports.table_engine import TableEngine
from dataflowtools.src.logics.data_analysis.tables import TableSource
from dataflowtools.src.logics.data_analysis.transform_table import Transformation, TransformTable

# One line, so that the lines that errors name are those of the caller's code, counted from one more.
PRELUDE = (
    "from base64 import b64decode as dataflow_decode; from pyarrow.ipc import open_stream as dataflow_open; "
    "tables = {dataflow_name: dataflow_open(dataflow_decode(dataflow_content)).read_pandas() "
    "for dataflow_name, dataflow_content in dataflow_tables.items()}; df = tables['data']\n"
)
_SUCCESS = "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """The code, its tables and parameters, and how it may run."""

    tables: Mapping[str, TableSource]
    code: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    output: Output | None = None
    timeout_s: float | None = None
    memory_limit_mb: int | None = None
    security_level: str | None = None


class RunCustom:
    """Hands tables as Arrow to free code and gives what it returns."""

    def __init__(
        self,
        *,
        gather: GatherTables,
        engine: TableEngine,
        execution: CodeExecution,
        transform_table: TransformTable,
        max_bytes: int,
    ) -> None:
        self._gather = gather
        self._engine = engine
        self._execution = execution
        self._transform_table = transform_table
        self._max_bytes = max_bytes

    async def __call__(self, caller: OnBehalf, owner: Owner, ask: Custom) -> dict[str, Any]:
        """Run; raises the errors of analysis, documents, files, workers and coderunner."""
        facts, contents = await self._arrow(caller.tenant, ask)
        request = CodeRequest(
            code=PRELUDE + ask.code,
            parameters={"dataflow_tables": contents, "parameters": dict(ask.parameters)},
            timeout_s=ask.timeout_s,
            memory_limit_mb=ask.memory_limit_mb,
            security_level=ask.security_level,
        )
        verdict = _with_own_lines(await self._execution.execute(caller, request))
        if ask.output is not None and verdict.get("status") == _SUCCESS:
            facts |= await self._stored(owner, ask.output, verdict.get("value"))
        return {**facts, **verdict}

    async def _arrow(self, tenant: str, ask: Custom) -> tuple[dict[str, Any], dict[str, str]]:
        async with (
            self._gather(tenant, ask.tables) as held,
            self._engine.compute("to_arrow", held, {}) as done,
        ):
            size_bytes = sum(map(len, done.parts))
            if size_bytes > self._max_bytes:
                raise TableTooLarge(
                    f"The tables have {size_bytes} bytes as Arrow; {self._max_bytes} are handed to free code. "
                    "Choose columns and rows by transform first."
                )
            contents = {
                table.name: base64.b64encode(part).decode()
                for table, part in zip(held, done.parts, strict=True)
            }
            return done.facts, contents

    async def _stored(self, owner: Owner, output: Output, value: Any) -> dict[str, Any]:
        tables = {"data": TableSource(data=_records(value))}
        done = await self._transform_table(owner, Transformation(tables=tables, steps=(), output=output))
        if done.file is None:
            return {name: done.report[name] for name in ("content", "content_base64") if name in done.report}
        return {"stored": done.file}


def _records(value: Any) -> list[dict[str, Any]]:
    """Read a table out of a value: a data frame as coderunner writes it, records, or columns."""
    if isinstance(value, dict) and isinstance(value.get("records"), list):
        if value.get("truncated"):
            raise TableTooLarge("The result has more rows than come back from free code.")
        value = value["records"]
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return value
    raise InvalidAnalysis(
        "The code's result is no table: its last expression is a DataFrame or a list of records.", field="/to"
    )


def _with_own_lines(verdict: dict[str, Any]) -> dict[str, Any]:
    """Count lines as the caller does, without the line put before."""
    exceptions = verdict.get("exceptions")
    if not isinstance(exceptions, list):
        return verdict
    moved = [
        {**one, "line": one["line"] - 1}
        if isinstance(one, dict) and isinstance(one.get("line"), int)
        else one
        for one in exceptions
    ]
    return {**verdict, "exceptions": moved}
