"""The same run as server-sent events: what the program says as it says it, then the result."""

import asyncio
from collections.abc import Mapping
from typing import Any

from coderunner.src.common.program import Program
from coderunner.src.driveradapters.runner.wire import execution_reply
from coderunner.src.logics.runner.execute_code import ExecuteCode, Execution, new_execution_id
from servicekit.http import ApiHandler


async def stream_execution(
    handler: ApiHandler, execute_code: ExecuteCode, program: Program, wishes: Mapping[str, Any]
) -> None:
    """Events `start`, `stdout`, `stderr`, `output` numbered, then `result`; refusals stay plain problems."""
    execute_code.check(program, wishes)
    events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()  # bounded by the run's own output limits
    execution_id = new_execution_id()

    async def run() -> Execution:
        try:
            return await execute_code(
                handler.caller.tenant,
                program,
                wishes,
                execution_id=execution_id,
                listener=lambda kind, content: events.put_nowait((kind, content)),
            )
        finally:
            events.put_nowait(("", None))

    running = asyncio.create_task(run())
    try:
        first = await events.get()
        if not first[0] and running.done() and running.exception():
            await running  # nothing was sent yet: the problem is an ordinary reply
        async with handler.event_stream() as stream:
            await stream.send("start", {"execution_id": execution_id}, "0")
            number = 0
            kind, content = first
            while kind:
                number += 1
                await stream.send(kind, {"seq": number, _MEMBER.get(kind, "text"): content}, str(number))
                kind, content = await events.get()
            await stream.send("result", execution_reply(await running), str(number + 1))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


_MEMBER = {"output": "output"}
