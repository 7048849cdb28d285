"""Where a result goes: into the row while it is small, into the result store when it is large or bytes."""

from collections.abc import AsyncIterator

from executor.common.codec import encode_json
from executor.common.executions import Claim, ExecutionOutput, Outcome
from executor.ports.results import ResultStore

CHUNK_BYTES = 1 << 16


async def store_output(
    results: ResultStore, claim: Claim, outcome: Outcome, inline_bytes: int
) -> ExecutionOutput:
    """Store what a handler returned; its name carries the fence: a late attempt overwrites nothing."""
    name = f"{claim.execution_id}.{claim.fence}"
    if outcome.blob is not None:
        size = await results.put(name, outcome.blob.chunks)
        return ExecutionOutput(content_type=outcome.blob.content_type, size_bytes=size, ref=name)
    text = encode_json(outcome.value).encode()
    if len(text) <= inline_bytes:
        return ExecutionOutput(value=outcome.value, size_bytes=len(text))
    await results.put(name, _in_chunks(text))
    return ExecutionOutput(size_bytes=len(text), ref=name)


async def _in_chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]
