"""Tables of a request brought to the engine, whether they are stored files or come with it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from dataflowtools.src.errors import InvalidAnalysis
from dataflowtools.src.logics.data_analysis.ports.table_engine import HeldTable, TableEngine
from dataflowtools.src.logics.data_analysis.tables import MAX_TABLES, TableSource
from dataflowtools.src.logics.file.open_file import OpenFile

_PIECE_BYTES = 1 << 20


class GatherTables:
    """Opens what a request names, for its tenant only."""

    def __init__(self, *, open_file: OpenFile, engine: TableEngine) -> None:
        self._open_file = open_file
        self._engine = engine

    @asynccontextmanager
    async def __call__(
        self, tenant: str, tables: Mapping[str, TableSource]
    ) -> AsyncIterator[list[HeldTable]]:
        """Hold the tables; raises FileNotFound for what is not the tenant's."""
        if len(tables) > MAX_TABLES:
            raise InvalidAnalysis(f"One request works on at most {MAX_TABLES} tables.", field="/tables")
        async with AsyncExitStack() as held:
            yield [await self._hold(held, tenant, name, source) for name, source in tables.items()]

    async def _hold(self, held: AsyncExitStack, tenant: str, name: str, source: TableSource) -> HeldTable:
        read = source.read.model_dump(mode="json")
        if source.file_id is None:
            content = json.dumps(source.data, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
            read["format"] = "json"
            return await held.enter_async_context(
                self._engine.hold(name, f"{name}.json", read, _pieces(content))
            )
        async with self._open_file(tenant, source.file_id) as opened:
            return await held.enter_async_context(
                self._engine.hold(name, opened.file.name, read, opened.reader.chunks())
            )


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _PIECE_BYTES):
        yield content[start : start + _PIECE_BYTES]
