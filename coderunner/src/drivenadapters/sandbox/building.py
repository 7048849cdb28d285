"""Puts the sandbox together from the settings."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from coderunner.guest import kernel
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.environments.roots import environments_root
from coderunner.src.drivenadapters.sandbox.cgroups import find_groups
from coderunner.src.drivenadapters.sandbox.forked_sandbox import DATA, SLIM, ForkedSandbox
from coderunner.src.drivenadapters.sandbox.guest_runtime import SYSCALL_POLICY, GuestRuntime, find_runtime
from coderunner.src.drivenadapters.sandbox.host_layers import LayerReport
from coderunner.src.drivenadapters.sandbox.host_users import UserRanges, refusal_of_root
from coderunner.src.drivenadapters.sandbox.parent_process import ParentProcess
from coderunner.src.drivenadapters.sandbox.pool import Pool, PoolSize
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.src.drivenadapters.sandbox.seccomp_filter import compile_filter
from coderunner.src.errors import SandboxRefused
from coderunner.src.logics.runner.ports.sandbox import Sandbox

_MAX_REQUEST_BYTES = 64 * 1024**2


@asynccontextmanager
async def open_sandbox(settings: Settings) -> AsyncIterator[Sandbox]:
    """The sandbox with its parents starting; one that refuses every run where there is no guest interpreter."""
    try:
        runtime = find_runtime(settings.guest_dir)
    except SandboxRefused as refused:
        yield RefusingSandbox(str(refused))
        return
    if root := refusal_of_root():
        runtime.remove()
        yield RefusingSandbox(root)
        return
    with tempfile.TemporaryDirectory(prefix="coderunner-boxes-", ignore_cleanup_errors=True) as boxes:
        sandbox = _sandbox(settings, runtime, Path(boxes))
        await sandbox.open()
        try:
            yield sandbox
        finally:
            await sandbox.close()
            runtime.remove()


def _sandbox(settings: Settings, runtime: GuestRuntime, boxes: Path) -> ForkedSandbox:
    users = UserRanges()
    layers = LayerReport(
        required=frozenset(settings.sandbox_min_layers),
        own_users=users.next_block(1).count > 0,
        landlock_abi=kernel.landlock_abi(),
    )

    def make_parent(kind: str, **heard: Callable[..., None]) -> ParentProcess:
        block = users.next_block(settings.pool_max_children)
        namespaces = layers.chosen.namespaces
        config = {
            **_config(settings, runtime, namespaces=namespaces),
            "kind": kind,
            "map_by_service": namespaces and block.count > 0,
            "uid_slots": block.count if namespaces else 0,
            "boxes": "" if namespaces else str(_own_boxes(boxes, block.parent_uid)),
        }
        return ParentProcess(runtime=runtime, users=block, config=config, **heard)

    def pool(kind: str, parked: int) -> Pool:
        size = PoolSize(parked, settings.pool_max_children, settings.parent_max_forks)
        return Pool(partial(make_parent, kind), size)

    pools = {SLIM: pool(SLIM, settings.pool_slim_size), DATA: pool(DATA, settings.pool_data_size)}
    groups = find_groups()
    return ForkedSandbox(pools=pools, layers=layers, defaults=settings.default_limits(), groups=groups)


def _own_boxes(boxes: Path, owner: int | None) -> Path:
    """A folder for one parent's runs, which no other parent's user may enter."""
    boxes.chmod(0o711)
    own = Path(tempfile.mkdtemp(dir=boxes))
    if owner is not None:
        os.chown(own, owner, owner)
    return own


def _config(settings: Settings, runtime: GuestRuntime, *, namespaces: bool) -> dict[str, Any]:
    limits = settings.default_limits()
    return {
        "namespaces": namespaces,
        "landlock": True,
        "environments": str(environments_root(settings)),
        "binds": [list(pair) for pair in runtime.binds],
        "code_path": str(runtime.code),
        "seccomp": compile_filter(SYSCALL_POLICY, pid_namespace=namespaces).hex(),
        "max_children": settings.pool_max_children,
        "box_bytes": limits.disk_bytes,
        "box_inodes": limits.disk_inodes,
        "max_open_files": settings.max_open_files,
        "max_processes": settings.max_processes,
        "max_frame_bytes": _MAX_REQUEST_BYTES,
    }
