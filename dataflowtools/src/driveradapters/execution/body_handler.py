"""The base of kinds whose request is the body of a call of this service."""

import json
from abc import abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from dataflowtools.src.errors import DataflowError, RequestRefused, ServiceTrouble
from executor.common.executions import Blob, Outcome
from executor.common.requests import (
    ExecutionOptions,
    ExecutionRequest,
    LogLevel,
    ResourceIsolation,
    ResourceLimits,
)
from executor.errors import InvalidParameters, RetryableError
from executor.http.parameters import body_of
from executor.ports.handler import Handler, Run
from servicekit.http import Body

Asked = TypeVar("Asked", bound=Body)
JSON = "application/json"
_CHUNK_BYTES = 1 << 16


class BodyHandler(Handler, Generic[Asked]):
    """What is wrong is refused before it is accepted; a document's fault is the verdict, the service's a retry."""

    body: ClassVar[type[Any]]

    def check(self, asked: Asked) -> None:
        """Raise RequestRefused or InvalidParameters for what can be told before the work."""

    @abstractmethod
    async def work(self, asked: Asked, run: Run) -> Outcome:
        """Do it once; raises the errors of this service."""

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        """Hold the body to the call's rules; only what the caller gave is stored."""
        asked = self._asked(request)
        _require_no_limits(request.options)
        try:
            self.check(asked)
        except RequestRefused as wrong:
            place = (wrong.field or "").lstrip("/")
            raise InvalidParameters(wrong.message, pointer=f"/request/{place}".rstrip("/")) from wrong
        return replace(request, parameters=asked.model_dump(mode="json", exclude_unset=True))

    async def run(self, run: Run) -> Outcome:
        """One attempt."""
        try:
            return await self.work(self._asked(run.request), run)
        except ServiceTrouble as trouble:
            raise RetryableError(trouble.message) from trouble
        except DataflowError as refused:
            run.log(LogLevel.ERROR, refused.message)
            return Outcome(verdict=refused.code, message=refused.message)

    def _asked(self, request: ExecutionRequest) -> Asked:
        asked: Asked = body_of(request.parameters, self.body)
        return asked


def _require_no_limits(options: ExecutionOptions) -> None:
    """Documents are read within the operator's limits and behind all walls; a wish that is not kept is refused."""
    for name, plain in (("resource_limits", ResourceLimits()), ("isolation", ResourceIsolation())):
        if getattr(options, name) != plain:
            raise InvalidParameters(
                f"{name} are the operator's for executions of this kind.", pointer=f"/options/{name}"
            )


def refuse_password(password: str | None, instead: str) -> None:
    """Executions keep their requests, and passwords are never kept."""
    if password is not None:
        raise InvalidParameters(
            f"An execution's request is stored, so it takes no password; send this document to {instead}.",
            pointer="/request/password",
        )


def bytes_outcome(data: bytes, content_type: str) -> Outcome:
    """Bytes that the caller reads as the result."""
    return Outcome(blob=Blob(_in_chunks(data), content_type))


def json_outcome(text: bytes, inline_bytes: int) -> Outcome:
    """JSON that is ready: into the row while it is small, streamed from the result store when it is large."""
    if len(text) <= inline_bytes:
        return Outcome(json.loads(text))
    return bytes_outcome(text, JSON)


async def _in_chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _CHUNK_BYTES):
        yield data[start : start + _CHUNK_BYTES]
