"""POST /api/data_analysis/analyze."""

from dataflowtools.src.driveradapters.data_analysis.bodies import AnalyzeBody
from dataflowtools.src.driveradapters.data_analysis.replies import AnalyzeReply
from dataflowtools.src.logics.data_analysis.analyze_table import Analysis, AnalyzeTable
from servicekit.http import ApiHandler, operation

TABLE_ERRORS = (
    "file_not_found", "empty_file", "corrupt_file", "unsupported_type", "type_mismatch", "sheet_too_large",
    "decompression_limit", "forbidden_xml", "password_required", "invalid_selection", "table_too_large",
    "unknown_column", "invalid_expression", "operation_not_allowed", "invalid_pattern", "result_too_large",
    "memory_limit", "time_limit", "processing_crashed", "worker_lost", "workers_busy", "storage_full",
    "store_unavailable", "database_unavailable",
)  # fmt: skip


class AnalyzeHandler(ApiHandler):
    """Analyses a table."""

    def initialize(self, analyze_table: AnalyzeTable) -> None:
        """Take the use case."""
        self._analyze_table = analyze_table

    @operation(
        summary="Analyse a table",
        tag="data_analysis",
        description="A profile, group statistics, a pivot, a time series, correlations, a hypothesis test or SQL.",
        body=AnalyzeBody,
        replies={200: AnalyzeReply},
        errors=(*TABLE_ERRORS, "invalid_analysis", "invalid_step", "invalid_sql"),
        scope="documents",
    )
    async def post(self) -> None:
        """Analyse."""
        body = self.parse_body(AnalyzeBody)
        options = body.options
        ask = Analysis(
            tables=body.sources(options.read),
            analysis=options.analysis.model_dump(mode="json"),
            result=options.result,
            chart=options.chart.model_dump(mode="json") if options.chart is not None else None,
        )
        self.reply(await self._analyze_table(self.caller.tenant, ask))
