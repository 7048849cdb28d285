"""POST /api/data_analysis/transform, and what steps and functions there are."""

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.driveradapters.data_analysis.analyze_handler import TABLE_ERRORS
from dataflowtools.src.driveradapters.data_analysis.bodies import TransformBody
from dataflowtools.src.driveradapters.data_analysis.replies import (
    StepsReply,
    TransformReply,
    joined,
    stored_reply,
)
from dataflowtools.src.logics.data_analysis.list_operations import ListOperations
from dataflowtools.src.logics.data_analysis.output import output_of
from dataflowtools.src.logics.data_analysis.transform_table import Transformation, TransformTable
from servicekit.http import ApiHandler, operation


class TransformHandler(ApiHandler):
    """Runs a pipeline of steps."""

    def initialize(self, transform_table: TransformTable) -> None:
        """Take the use case."""
        self._transform_table = transform_table

    @operation(
        summary="Transform a table",
        tag="data_analysis",
        description="Named steps one after another; GET /api/data_analysis/steps lists them.",
        body=TransformBody,
        replies={200: TransformReply},
        errors=(*TABLE_ERRORS, "invalid_step", "invalid_sql", "quota_exceeded", "file_too_large"),
        scope="documents",
    )
    async def post(self) -> None:
        """Transform."""
        body = self.parse_body(TransformBody)
        options = body.options
        ask = Transformation(
            tables=body.sources(options.read),
            steps=[step.model_dump(mode="json") for step in body.steps],
            output=output_of(body.to),
            dry_run=options.dry_run,
            preview_rows=options.preview_rows,
        )
        owner = Owner(tenant=self.caller.tenant, user=self.caller.user or "")
        done = await self._transform_table(owner, ask)
        if done.records is not None:
            self.set_header("Content-Type", "application/json")
            self.write(joined("data", done.records, done.report))
            return
        file = {"file": stored_reply(done.file)} if done.file is not None else {}
        self.reply({**done.report, **file})


class StepsHandler(ApiHandler):
    """Tells what there is to build pipelines of."""

    def initialize(self, list_operations: ListOperations) -> None:
        """Take the use case."""
        self._list_operations = list_operations

    @operation(
        summary="List steps and functions",
        tag="data_analysis",
        description="Every step with the JSON Schema of its fields, and the functions of expressions.",
        replies={200: StepsReply},
        scope="documents",
    )
    async def get(self) -> None:
        """List."""
        self.reply(await self._list_operations())
