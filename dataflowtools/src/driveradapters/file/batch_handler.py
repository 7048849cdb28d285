"""POST /api/file/batch: one operation over many files, carried as an execution."""

from dataflowtools.src.driveradapters.file.batch_models import BatchRequest
from dataflowtools.src.driveradapters.file.batch_options import placed
from dataflowtools.src.driveradapters.file.template_handlers import TEMPLATE_ERRORS
from dataflowtools.src.errors import RequestRefused
from dataflowtools.src.logics.file.batch.operations import BatchOperations
from executor.core.engine import ExecutionEngine
from executor.http.base import EngineHandler
from executor.http.replies import SubmissionReply
from executor.http.requests import OptionsBody, SubmitBody, to_request
from executor.http.submitting import ACCEPTING
from servicekit.http import operation

KIND = "batch"
SECONDS_A_FILE = 30.0
_ABOUT = (
    "Answers 202 with the place of an execution of kind batch: its events tell each file's outcome, its result "
    "lists them and names the stored zip of what they gave. A file that fails spoils no other, and its error is "
    "the one that the call for a single file gives. What is wrong with the options is told before anything runs. "
    "convert and parse do what those calls do. write makes a document of what each file holds: JSON as "
    "/api/file/write takes it or /api/file/parse gives it, and every other file by what reading it gives. "
    "edit puts edited copies into the zip, a split all its parts; with in_place it makes new versions of the "
    "stored files, which stay when the batch is cancelled or fails. fill takes each file as a template for data, "
    "or as the data of template; a table with several rows gives a zip of documents, or a merged one."
)


class BatchHandler(EngineHandler):
    """Starts batches; their state, events, cancel and result are those of executions."""

    def initialize(  # type: ignore[override]  # Tornado passes what the route gives
        self, engine: ExecutionEngine, base: str, operations: BatchOperations
    ) -> None:
        """Take the engine and what makes operations."""
        super().initialize(engine, base)
        self._operations = operations

    @operation(
        summary="Work on many files",
        tag="files",
        description=_ABOUT,
        body=BatchRequest,
        replies={202: SubmissionReply},
        errors=(*ACCEPTING, *TEMPLATE_ERRORS, "invalid_selection"),
        scope="documents",
    )
    async def post(self) -> None:
        """Accept the batch."""
        asked = self.parse_body(BatchRequest)
        await self._verify(asked)
        settings = self._engine.settings
        wanted = max(settings.default_timeout_s, SECONDS_A_FILE * len(asked.file_ids))
        if asked.file_id is not None:  # how many files a zip holds is known when it is opened
            wanted = settings.max_timeout_s
        submitted = SubmitBody(
            kind=KIND,
            request=asked.model_dump(mode="json", exclude_unset=True),
            options=OptionsBody(timeout_s=min(wanted, settings.max_timeout_s), idempotent=not asked.in_place),
        )
        request = to_request(submitted, self.context_of(submitted.context))
        accepted = await self._engine.submit(self.who, request, idempotency_key=self.idempotency_key)
        self.reply(
            SubmissionReply.model_validate(accepted),
            status=202,
            headers=self.place_of(accepted.execution_id),
        )

    async def _verify(self, asked: BatchRequest) -> None:
        """Look at the options, and at the stored files that they name."""
        chosen = asked.chosen(self._operations)
        try:
            await chosen.verify(self.who.tenant_id)
        except RequestRefused as wrong:
            raise placed(wrong) from None
