"""Executions of kind `batch`: an operation over many files, each outcome told as it comes."""

from typing import Any

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.driveradapters.execution.body_handler import BodyHandler
from dataflowtools.src.driveradapters.file.batch_models import BatchRequest, report_of
from dataflowtools.src.logics.file.batch.operations import BatchOperations
from dataflowtools.src.logics.file.batch.results import BatchTarget
from dataflowtools.src.logics.file.batch.run_batch import RunBatch
from dataflowtools.src.logics.file.result_ids import result_id
from executor.common.executions import Outcome
from executor.common.requests import ExecutionRequest
from executor.errors import InvalidParameters
from executor.ports.handler import Run
from servicekit.http import Problem

_ALL_FAILED = "all_files_failed"


class RunBatches(BodyHandler[BatchRequest]):
    """The request is the JSON body of POST /api/file/batch."""

    body = BatchRequest

    def __init__(self, run_batch: RunBatch, operations: BatchOperations) -> None:
        self._run_batch = run_batch
        self._operations = operations

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        """Refuse to repeat what is not the same when it is done twice."""
        checked = super().validate(request)
        options = request.options
        repeated = {"idempotent": options.idempotent, "retry_count": options.retry_count > 0}
        named = [name for name, asked_for in repeated.items() if asked_for]
        if named and self._asked(checked).in_place:
            detail = "A batch that edits in place is not done again by itself: what was edited would be edited twice."
            raise InvalidParameters(detail, pointer=f"/options/{named[0]}")
        return checked

    def check(self, asked: BatchRequest) -> None:
        """Look at the options; files are looked at when their turn comes."""
        self._run_batch.check(asked.sources)
        try:
            asked.chosen(self._operations)
        except Problem as wrong:
            faults = [{**fault, "pointer": f"/request{fault['pointer']}"} for fault in wrong.errors]
            raise InvalidParameters(wrong.detail, pointer="/request/options", errors=faults) from wrong

    async def work(self, asked: BatchRequest, run: Run) -> Outcome:
        """Work through the files."""

        def tell(done: int, files: int, item: dict[str, Any]) -> None:
            run.emit("item", item)
            run.progress(done / files, f"{done} of {files} files", done=done, files=files)

        owner = Owner(tenant=run.context.tenant_id, user=run.context.user_id[:128])
        chosen = asked.chosen(self._operations)
        target = BatchTarget(name=asked.name, file_id=result_id(run.execution_id))
        report = await self._run_batch(owner, chosen, asked.sources, target=target, tell=tell)
        run.metric("files", len(report.items), "files")
        if report.failed == len(report.items):
            return Outcome(report_of(report), verdict=_ALL_FAILED, message="No file succeeded.")
        return Outcome(report_of(report))
