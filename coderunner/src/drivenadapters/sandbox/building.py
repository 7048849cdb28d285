"""Puts the sandbox together from the settings."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from coderunner.guest import kernel
from coderunner.src.common.allowlist import parse_target
from coderunner.src.common.program import Walls
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.environments.roots import environments_root
from coderunner.src.drivenadapters.sandbox.cgroups import find_groups
from coderunner.src.drivenadapters.sandbox.child_wishes import ChildWishes
from coderunner.src.drivenadapters.sandbox.forked_sandbox import ForkedSandbox
from coderunner.src.drivenadapters.sandbox.guest_runtime import SYSCALL_POLICY, GuestRuntime, GuestSource
from coderunner.src.drivenadapters.sandbox.host_layers import LayerReport
from coderunner.src.drivenadapters.sandbox.host_users import UserRanges, refusal_of_root
from coderunner.src.drivenadapters.sandbox.names import Names
from coderunner.src.drivenadapters.sandbox.parent_process import ParentProcess, ParentRefused
from coderunner.src.drivenadapters.sandbox.pool import Pool, PoolSize
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.src.drivenadapters.sandbox.seccomp_filter import SyscallPolicy
from coderunner.src.errors import SandboxRefused
from coderunner.src.logics.runner.imports_scan import Preload
from coderunner.src.logics.runner.ports.sandbox import Sandbox

_MAX_REQUEST_BYTES = 64 * 1024**2


@asynccontextmanager
async def open_sandbox(settings: Settings) -> AsyncIterator[Sandbox]:
    """The sandbox with its parents starting; one that refuses every run where there is no guest interpreter."""
    try:
        guest = GuestSource(settings.guest_dir)
    except SandboxRefused as refused:
        yield RefusingSandbox(str(refused))
        return
    if root := refusal_of_root():
        guest.remove()
        yield RefusingSandbox(root)
        return
    with tempfile.TemporaryDirectory(prefix="coderunner-boxes-", ignore_cleanup_errors=True) as boxes:
        sandbox = _sandbox(settings, guest, Path(boxes))
        await sandbox.open()
        try:
            yield sandbox
        finally:
            await sandbox.close()
            guest.remove()


def _sandbox(settings: Settings, guest: GuestSource, boxes: Path) -> ForkedSandbox:
    users = UserRanges()
    layers = LayerReport(
        required=frozenset(settings.sandbox_min_layers),
        own_users=users.available,
        landlock_abi=kernel.landlock_abi(),
        network_opened_to=settings.network_allowlist
        if settings.stepflow_python_enable_network_access
        else (),
    )

    policies = {flag: SyscallPolicy(SYSCALL_POLICY, pid_namespace=flag) for flag in (True, False)}

    def make_parent(kind: Preload, **heard: Callable[..., None]) -> ParentProcess:
        runtime = guest.current
        block = users.take(settings.pool_max_children)
        if block is None:
            raise ParentRefused("runs of older parents still hold every block of host users")
        namespaces = layers.chosen.namespaces
        config = {
            **_config(settings, runtime),
            "namespaces": namespaces,
            "seccomp": policies[namespaces].filters(Walls()).base.hex(),
            "kind": kind.value,
            "map_by_service": namespaces and block.count > 0,
            "uid_slots": block.count if namespaces else 0,
            "boxes": "" if namespaces else str(_own_boxes(boxes, block.parent_uid)),
        }
        give_back = partial(users.give_back, block)
        return ParentProcess(runtime=runtime, users=block, config=config, on_end=give_back, **heard)

    def pool(kind: Preload, parked: int) -> Pool:
        size = PoolSize(parked, settings.pool_max_children, settings.parent_max_forks)
        return Pool(partial(make_parent, kind), size)

    sizes = {
        Preload.SLIM: settings.pool_slim_size,
        Preload.TABLES: settings.pool_tables_size,
        Preload.DATA_SCIENCE: settings.pool_data_size,
    }
    wishes = ChildWishes(
        defaults=settings.default_limits(),
        policy=lambda: policies[layers.chosen.namespaces],
        names=Names([parse_target(entry) for entry in settings.network_allowlist]),
        network=lambda: layers.chosen.namespaces,  # without one of its own a run has no network at all
    )
    return ForkedSandbox(
        pools={kind: pool(kind, parked) for kind, parked in sizes.items()},
        layers=layers,
        wishes=wishes,
        groups=find_groups(),
        guest_changed=guest.changed,
    )


def _own_boxes(boxes: Path, owner: int | None) -> Path:
    """A folder for one parent's runs, which no other parent's user may enter."""
    boxes.chmod(0o711)
    own = Path(tempfile.mkdtemp(dir=boxes))
    if owner is not None:
        os.chown(own, owner, owner)
    return own


def _config(settings: Settings, runtime: GuestRuntime) -> dict[str, Any]:
    limits = settings.default_limits()
    return {
        "landlock": True,
        "environments": str(environments_root(settings)),
        "binds": [list(pair) for pair in runtime.binds],
        "code_path": str(runtime.code),
        "max_children": settings.pool_max_children,
        "box_bytes": limits.disk_bytes,
        "box_inodes": limits.disk_inodes,
        "max_open_files": settings.max_open_files,
        "max_processes": settings.max_processes,
        "max_frame_bytes": _MAX_REQUEST_BYTES,
    }
