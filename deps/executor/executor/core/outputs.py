"""Where a result goes: into the row while it is small, into the result store when it is large or bytes; and its end."""

from collections.abc import AsyncIterator

from executor.common.codec import encode_json
from executor.common.executions import Claim, ExecutionOutput, Outcome
from executor.errors import ExecutionStillActive
from executor.ports.results import ResultStore
from executor.ports.store import ExecutionStore

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


async def delete_whole(
    store: ExecutionStore, results: ResultStore, execution_id: str, tenant_id: str | None
) -> None:
    """The result goes before its row: whatever interrupts this, no blob is left that no row names."""
    info = await store.get(execution_id, tenant_id)
    if not info.status.is_final:
        raise ExecutionStillActive(execution_id, info.status)
    ref = (await store.result(execution_id, tenant_id)).output.ref
    if ref is not None:
        await results.delete(ref)
    await store.delete(execution_id, tenant_id)


async def _in_chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]
