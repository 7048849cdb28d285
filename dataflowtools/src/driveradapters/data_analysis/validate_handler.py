"""POST /api/data_analysis/validate, and schemas inferred from data."""

from dataflowtools.src.driveradapters.data_analysis.analyze_handler import TABLE_ERRORS
from dataflowtools.src.driveradapters.data_analysis.bodies import SchemaBody, ValidateBody
from dataflowtools.src.driveradapters.data_analysis.replies import SchemaReply, ValidateReply, joined
from dataflowtools.src.logics.data_analysis.infer_schema import InferSchema
from dataflowtools.src.logics.data_analysis.validate_table import ValidateTable, Validation
from servicekit.http import ApiHandler, Problem, decode_cursor, encode_cursor, operation


class ValidateHandler(ApiHandler):
    """Holds a table against a schema and rules."""

    def initialize(self, validate_table: ValidateTable) -> None:
        """Take the use case."""
        self._validate_table = validate_table

    @operation(
        summary="Validate a table",
        tag="data_analysis",
        description="Every failing row, column and value, with counts over the whole table, page by page.",
        body=ValidateBody,
        replies={200: ValidateReply},
        errors=(*TABLE_ERRORS, "invalid_table_schema", "invalid_step"),
        scope="documents",
    )
    async def post(self) -> None:
        """Validate."""
        body = self.parse_body(ValidateBody)
        options = body.options
        ask = Validation(
            tables=body.sources(options.read),
            schema=body.schema_,
            rules=[rule.model_dump(mode="json") for rule in body.rules or ()],
            offset=_offset(options.cursor),
            limit=options.limit,
        )
        done = await self._validate_table(self.caller.tenant, ask)
        following = None if done.next_offset is None else encode_cursor({"offset": done.next_offset})
        self.set_header("Content-Type", "application/json")
        self.write(joined("errors", done.errors, {**done.report, "next_cursor": following}))


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    offset = decode_cursor(cursor).get("offset")
    if not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
        raise Problem(400, "invalid_cursor", "The cursor is not one that this service gave out.")
    return offset


class SchemaHandler(ApiHandler):
    """Infers a schema."""

    def initialize(self, infer_schema: InferSchema) -> None:
        """Take the use case."""
        self._infer_schema = infer_schema

    @operation(
        summary="Infer a schema",
        tag="data_analysis",
        description="A Table Schema, a JSON Schema or rules under which the table is valid.",
        body=SchemaBody,
        replies={200: SchemaReply},
        errors=TABLE_ERRORS,
        scope="documents",
    )
    async def post(self) -> None:
        """Infer."""
        body = self.parse_body(SchemaBody)
        options = body.options
        self.reply(await self._infer_schema(self.caller.tenant, body.sources(options.read), options.kind))
