"""Results on their way out: small ones as JSON, large ones as streams."""

from collections.abc import AsyncIterator

from executor.common.executions import ExecutionResult
from executor.core.engine import ExecutionEngine
from executor.http.replies import MetadataReply, ResultReply, TimingReply
from servicekit.http import ApiHandler

JSON = "application/json"


async def reply_with_result(handler: ApiHandler, engine: ExecutionEngine, result: ExecutionResult) -> None:
    """JSON from the row, JSON around a large output of the result store, or the handler's own bytes."""
    handler.set_header("X-Execution-Id", result.execution_id)
    handler.set_header("X-Execution-Status", result.status)
    document = ResultReply(
        execution_id=result.execution_id,
        status=result.status,
        output=result.output.value,
        metadata=MetadataReply.model_validate(result.metadata),
        timing=TimingReply.model_validate(result.timing),
    )
    if result.output.ref is None:
        handler.reply(document)
    elif result.output.content_type == JSON:
        chunks = _around(document, engine.read_result(result))
        await handler.reply_stream(chunks, content_type=JSON)
    else:
        await handler.reply_stream(
            engine.read_result(result),
            content_type=result.output.content_type,
            filename=result.execution_id,
            length=result.output.size_bytes,
        )


async def _around(document: ResultReply, output: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The document with its output streamed in as the last member."""
    rest = document.model_dump_json(exclude={"output"}).encode()
    yield rest[:-1] + b',"output":'
    async for chunk in output:
        yield chunk
    yield b"}"
