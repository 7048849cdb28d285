"""GET /api/code/executions, modules, installed and metrics: what is remembered, each tenant's own."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from coderunner.src.driveradapters.code.history_wire import (
    ExecutionsQuery,
    InstalledQuery,
    MetricsQuery,
    MetricsReply,
    ModulesQuery,
    PageQuery,
    PageReply,
    RowReply,
    SecurityReply,
)
from coderunner.src.errors import ExecutionNotFound
from coderunner.src.logics.code.monitor_execution import MonitorExecution
from coderunner.src.logics.code.ports.run_history import HistoryPage, RunHistory
from servicekit.http import ApiHandler, Problem, encode_cursor, operation

Read = Callable[..., Awaitable[HistoryPage]]
_LARGEST = 2**63 - 1


class HistoryReader(ApiHandler):
    """What the handlers of this page share."""

    def initialize(self, history: RunHistory) -> None:
        self._history = history

    async def _answer(self, read: Read, query: PageQuery) -> None:
        page = await read(self.caller.tenant, limit=query.limit, before=query.before(), wanted=query.wanted())
        cursor = encode_cursor({"before": page.next_before}) if page.next_before is not None else None
        self.reply({"items": list(page.items), "next_cursor": cursor})


class ExecutionsHandler(HistoryReader):
    """Finished runs."""

    @operation(
        summary="Read finished runs, newest first",
        tag="code",
        query=ExecutionsQuery,
        replies={200: PageReply},
        scope="run",
    )
    async def get(self) -> None:
        await self._answer(self._history.executions, self.parse_query(ExecutionsQuery))


class ExecutionHandler(HistoryReader):
    """One finished run."""

    @operation(
        summary="Read one finished run",
        tag="code",
        path={"execution_id": "The run's name."},
        replies={200: RowReply},
        errors=("execution_not_found",),
        scope="run",
    )
    async def get(self, execution_id: str) -> None:
        found = await self._history.execution(self.caller.tenant, execution_id)
        if found is None:
            raise ExecutionNotFound("there is no finished run of this name in the history")
        self.reply(found)


class SecurityHandler(ApiHandler):
    """The security status of one run."""

    def initialize(self, monitor: MonitorExecution) -> None:
        self._monitor = monitor

    @operation(
        summary="Look at the security status of a run, while it runs here or when it is over",
        tag="code",
        path={"execution_id": "The run's name, as the stream's `start` or the execution tells it."},
        replies={200: SecurityReply},
        errors=("execution_not_found",),
        scope="run",
    )
    async def get(self, execution_id: str) -> None:
        self.reply(asdict(await self._monitor(self.caller.tenant, execution_id)))


class ModulesHandler(HistoryReader):
    """Kept modules."""

    @operation(
        summary="Read kept modules, newest first, without their texts",
        tag="code",
        query=ModulesQuery,
        replies={200: PageReply},
        scope="run",
    )
    async def get(self) -> None:
        await self._answer(self._history.modules, self.parse_query(ModulesQuery))


class ModuleHandler(HistoryReader):
    """One kept module."""

    @operation(
        summary="Read one kept module with its text, functions, classes and imports",
        tag="code",
        path={"module_id": "The module's number in the list."},
        replies={200: RowReply},
        errors=("not_found",),
        scope="run",
    )
    async def get(self, module_id: str) -> None:
        number = int(module_id) if module_id.isascii() and module_id.isdecimal() else 0
        found = await self._history.module(self.caller.tenant, number) if 0 < number <= _LARGEST else None
        if found is None:
            raise Problem(404, "not_found", "There is no kept module of this number.")
        self.reply(found)


class InstalledHandler(HistoryReader):
    """Packages of environments."""

    @operation(
        summary="Read installed packages, newest first",
        tag="code",
        query=InstalledQuery,
        replies={200: PageReply},
        scope="run",
    )
    async def get(self) -> None:
        await self._answer(self._history.dependencies, self.parse_query(InstalledQuery))


class MetricsHandler(HistoryReader):
    """Figures of the caller's tenant."""

    @operation(
        summary="Count runs, environments and packages",
        tag="code",
        query=MetricsQuery,
        replies={200: MetricsReply},
        scope="run",
    )
    async def get(self) -> None:
        query = self.parse_query(MetricsQuery)
        self.reply(asdict(await self._history.totals(self.caller.tenant, query.wanted())))
