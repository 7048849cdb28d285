"""A sandbox that runs a small scripted language instead of Python."""

import asyncio

from coderunner.src.common.limits import LimitHit, Limits
from coderunner.src.common.program import Program, RunOutcome, Verdict
from coderunner.src.errors import SandboxRefused
from coderunner.src.logics.runner.ports.sandbox import RunListener, Sandbox, SandboxState


class FakeSandbox(Sandbox):
    """Understands `print('...')`, `raise SystemExit(n)`, `while True: pass` and a last line that is a number."""

    def __init__(self, *, refusal: str = "") -> None:
        self._refusal = refusal
        self.running = 0
        self.programs: list[tuple[Program, Limits]] = []

    async def run(self, program: Program, limits: Limits, listener: RunListener | None = None) -> RunOutcome:
        """Obey the lines one by one."""
        if self._refusal:
            raise SandboxRefused(self._refusal)
        self.programs.append((program, limits))
        self.running += 1
        try:
            return await self._obey(program, limits, listener)
        finally:
            self.running -= 1

    async def _obey(self, program: Program, limits: Limits, listener: RunListener | None) -> RunOutcome:
        said, value = "", None
        for line in program.code.splitlines():
            await asyncio.sleep(0)
            match line.partition("("):
                case ("print", _, text):
                    said += text.rstrip(")").strip("'") + "\n"
                    if listener:
                        listener("stdout", text.rstrip(")").strip("'") + "\n")
                case ("raise SystemExit", _, code):
                    return RunOutcome(Verdict.ERROR, int(code.rstrip(")")), stdout=said)
                case ("while True: pass", _, _):
                    await asyncio.sleep(limits.wall_s)
                    hit = LimitHit("wall_time", limits.wall_s, limits.wall_s, "seconds")
                    return RunOutcome(Verdict.TIMEOUT, -9, stdout=said, limit=hit)
                case (number, _, _):
                    value = int(number)
            if len(said.encode()) > limits.stdout_bytes:
                kept = said.encode()[: limits.stdout_bytes].decode()
                hit = LimitHit("stdout", limits.stdout_bytes, len(said), "bytes")
                return RunOutcome(Verdict.OUTPUT_EXCEEDED, -9, stdout=kept, stdout_truncated=True, limit=hit)
        return RunOutcome(Verdict.SUCCESS, 0, stdout=said, value=value)

    def state(self) -> SandboxState:
        """Ready unless it refuses."""
        return SandboxState(
            ready=not self._refusal,
            refusal=self._refusal,
            layers=(),
            pools={"fake": {"running": self.running}},
        )
