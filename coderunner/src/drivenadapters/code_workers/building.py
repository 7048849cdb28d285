"""Puts the code analyser together from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from coderunner.src.common.limits import MEGABYTE
from coderunner.src.common.program import Walls
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.code_workers.guest_code_analyser import GuestCodeAnalyser
from coderunner.src.drivenadapters.code_workers.guest_interpreter_catalogue import GuestInterpreterCatalogue
from coderunner.src.drivenadapters.code_workers.worker_process import WorkerRules
from coderunner.src.drivenadapters.sandbox.guest_runtime import SYSCALL_POLICY, default_guest_dir
from coderunner.src.drivenadapters.sandbox.seccomp_filter import SyscallPolicy

_LINE = 64
_RESULT_BYTES = 64 * MEGABYTE


@asynccontextmanager
async def open_analyser(
    settings: Settings,
) -> AsyncIterator[tuple[GuestCodeAnalyser, GuestInterpreterCatalogue]]:
    """The analyser, whose workers start when they are needed, and what the guest interpreter has."""
    guest = settings.guest_dir or default_guest_dir()
    python = guest.resolve() / "bin" / "python"
    rules = WorkerRules(
        python=python,
        seccomp=SyscallPolicy(SYSCALL_POLICY, pid_namespace=False).filters(Walls()).base.hex(),
        memory_bytes=settings.code_worker_memory_mb * MEGABYTE,
        result_bytes=_RESULT_BYTES,
        timeout_s=settings.code_worker_timeout,
    )
    analyser = GuestCodeAnalyser(rules=rules, workers=settings.code_workers, line=_LINE)
    try:
        yield analyser, GuestInterpreterCatalogue(guest / "bin" / "python")
    finally:
        await analyser.close()
