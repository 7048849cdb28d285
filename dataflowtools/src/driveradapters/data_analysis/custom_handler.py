"""POST /api/data_analysis/custom."""

from dataflowtools.src.common.on_behalf import OnBehalf
from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.driveradapters.data_analysis.analyze_handler import TABLE_ERRORS
from dataflowtools.src.driveradapters.data_analysis.bodies import CustomBody
from dataflowtools.src.driveradapters.data_analysis.replies import CustomReply, stored_reply
from dataflowtools.src.logics.data_analysis.output import Output, output_of
from dataflowtools.src.logics.data_analysis.run_custom import Custom, RunCustom
from servicekit.http import ApiHandler, operation

CODERUNNER_ERRORS = ("coderunner_refused", "coderunner_forbade", "coderunner_unavailable")


class CustomHandler(ApiHandler):
    """Runs free Python on tables, through coderunner."""

    def initialize(self, run_custom: RunCustom) -> None:
        """Take the use case."""
        self._run_custom = run_custom

    @operation(
        summary="Run Python on tables",
        tag="data_analysis",
        description="df is the table as a pandas DataFrame, tables all of them by name, parameters what you give; "
        "the value of the last expression is the result. A failing program is a 200 with its verdict.",
        body=CustomBody,
        replies={200: CustomReply},
        errors=(*TABLE_ERRORS, "invalid_analysis", *CODERUNNER_ERRORS),
        scope="run",
    )
    async def post(self) -> None:
        """Run."""
        body = self.parse_body(CustomBody)
        options = body.options
        ask = Custom(
            tables=body.sources(options.read),
            code=body.code,
            parameters=body.parameters,
            output=_output(body.to),
            timeout_s=options.timeout,
            memory_limit_mb=options.memory_limit,
            security_level=options.security_level,
        )
        caller = OnBehalf(tenant=self.caller.tenant, request_id=self.request_id, traceparent=self.traceparent)
        found = await self._run_custom(
            caller, Owner(tenant=self.caller.tenant, user=self.caller.user or ""), ask
        )
        stored = found.pop("stored", None)
        self.reply({**found, **({"file": stored_reply(stored)} if stored is not None else {})})


def _output(to: str | Output | None) -> Output | None:
    output = output_of(to)
    return None if output.format == "records" else output
