"""Executions of kind `convert`: a stored file in another format."""

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.driveradapters.execution.body_handler import BodyHandler, refuse_password
from dataflowtools.src.driveradapters.file.convert_models import ConvertReply, ConvertRequest
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.formats import target_named
from dataflowtools.src.logics.file.result_ids import result_id
from executor.common.executions import Outcome
from executor.ports.handler import Run


class ConvertStored(BodyHandler[ConvertRequest]):
    """The request is the JSON body of POST /api/file/convert; the output is its reply."""

    body = ConvertRequest

    def __init__(self, convert_file: ConvertFile) -> None:
        self._convert_file = convert_file

    def check(self, asked: ConvertRequest) -> None:
        """Look at the target; the file is looked at when it is converted."""
        refuse_password(asked.password, "/api/file/convert")
        target_named(asked.to)

    async def work(self, asked: ConvertRequest, run: Run) -> Outcome:
        """Convert it."""
        owner = Owner(tenant=run.context.tenant_id, user=run.context.user_id[:128])
        made = await self._convert_file.stored(
            owner, asked.file_id, asked.to, asked.options.chosen(None), result_id=result_id(run.execution_id)
        )
        return Outcome(ConvertReply.of(made).model_dump(mode="json", by_alias=True))
