"""Which walls stand on this host: tries the strongest set first, and less only where the operator allows it."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from coderunner.src.drivenadapters.sandbox.parent_process import ParentRefused
from coderunner.src.drivenadapters.sandbox.pool import Pool
from coderunner.src.logics.runner.ports.sandbox import Layer

NAMESPACED = ("user", "mount", "pid", "net", "ipc", "uts", "rootfs", "quota")
_ALWAYS = ("capabilities", "no_new_privs", "rlimits", "seccomp", "proc")
_REMEDY_NAMESPACES = (
    "allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
    "kernel.apparmor_restrict_unprivileged_userns; in containers a seccomp profile that permits unshare), "
    "or accept the weaker host by SANDBOX_MIN_LAYERS"
)
_REMEDY_LANDLOCK = "boot a kernel of 5.13 or newer with landlock among lsm="
_REMEDY_UID = (
    "start the service as root, or give its user a range in /etc/subuid and /etc/subgid and install uidmap"
)


@dataclass(slots=True)
class Chosen:
    """What the parents are built with; parents read it when they start."""

    namespaces: bool = True


@dataclass(slots=True)
class LayerReport:
    """Finds the strongest set of layers that stands here and holds it against the required ones."""

    required: frozenset[str]
    own_users: bool
    landlock_abi: int
    network_opened_to: tuple[str, ...] = ()
    chosen: Chosen = field(default_factory=Chosen)
    namespaces_refused: str = ""
    established: bool = False

    async def establish(self, pools: Sequence[Pool]) -> str:
        """Start the pools; the reason why no code may run here, or an empty text."""
        try:
            await self._start(pools)
        except ParentRefused as refused:
            if not self._may_do_without(NAMESPACED):
                self.namespaces_refused = str(refused)
                return self._missing()
            self.namespaces_refused = str(refused)
            if not self.landlock_abi:
                return (
                    f"without namespaces and without Landlock nothing keeps files apart: {_REMEDY_LANDLOCK}"
                )
            self.chosen.namespaces = False
            try:
                await self._start(pools)
            except ParentRefused as again:
                return f"the sandbox cannot be built: {again}"
        self.established = True
        return self._missing()

    @staticmethod
    async def _start(pools: Sequence[Pool]) -> None:
        started = await asyncio.gather(*(pool.start() for pool in pools), return_exceptions=True)
        for result in started:
            if isinstance(result, BaseException):
                raise result

    def _may_do_without(self, names: Sequence[str]) -> bool:
        return not self.required.intersection(names)

    def _missing(self) -> str:
        known = self.layers() if self.established else [self._namespaced(name) for name in NAMESPACED]
        missing: dict[tuple[str, str], list[str]] = {}
        for layer in known:
            if layer.name in self.required and self._is_required(layer) and not layer.on:
                missing.setdefault((layer.why, layer.remedy), []).append(layer.name)
        if not missing:
            return ""
        reasons = "; ".join(
            f"{', '.join(names)}: {why}. To do: {remedy}" for (why, remedy), names in missing.items()
        )
        return f"required layers of isolation are missing on this host: {reasons}"

    def layers(self) -> tuple[Layer, ...]:
        """Every layer: on, off, why, and what to do about it."""
        found = [Layer(name, on=self.established, required=False, why=self._unknown()) for name in _ALWAYS]
        found.append(self._uid())
        found.append(self._landlock())
        found.extend(self._namespaced(name) for name in NAMESPACED)
        return tuple(replace(layer, required=self._is_required(layer)) for layer in found)

    def _is_required(self, layer: Layer) -> bool:
        return layer.name in self.required and not (layer.name == "landlock" and not self.landlock_abi)

    def _unknown(self) -> str:
        return "" if self.established else "not established yet"

    def _uid(self) -> Layer:
        if os.geteuid() == 0 or self.own_users:
            return Layer("uid", on=self.established, required=True, why=self._unknown())
        why = "runs share the service's own host user and its process limit"
        return Layer("uid", on=self.established, required=True, why=why, remedy=_REMEDY_UID)

    def _landlock(self) -> Layer:
        if self.landlock_abi:
            return Layer("landlock", on=self.established, required=True, why=f"ABI {self.landlock_abi}")
        return Layer("landlock", on=False, required=True, why="the kernel has none", remedy=_REMEDY_LANDLOCK)

    def _namespaced(self, name: str) -> Layer:
        if self.namespaces_refused:
            why = f"the kernel refused: {self.namespaces_refused}"
            return Layer(name, on=False, required=True, why=why, remedy=_REMEDY_NAMESPACES)
        why = self._unknown()
        if name == "net" and self.network_opened_to and not why:
            why = f"opened by the operator to {', '.join(self.network_opened_to)}"
        return Layer(name, on=self.established, required=True, why=why)
