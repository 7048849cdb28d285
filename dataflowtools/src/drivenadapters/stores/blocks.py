"""Chunks of any size regrouped into blocks worth a system call or a request."""

from collections.abc import AsyncIterator


async def blocks_of(chunks: AsyncIterator[bytes], block_bytes: int) -> AsyncIterator[bytes]:
    """Yield blocks of exactly block_bytes, and a last one with the rest unless it is empty."""
    gathered = bytearray()
    async for chunk in chunks:
        gathered += chunk
        while len(gathered) >= block_bytes:
            block = bytes(gathered[:block_bytes])
            del gathered[:block_bytes]
            yield block
    if gathered:
        yield bytes(gathered)
