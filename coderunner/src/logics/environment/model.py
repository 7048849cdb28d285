"""Environments: layers of packages over the guest interpreter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

DEFAULT_NAME = "default"
SCRIPT_PREFIX = "script-"  # names of environments that programs bring along in their headers
GUEST_ID = "guest"  # stands for the guest interpreter and nothing else
ACTIVE, BUILDING = "active", "building"


class Source(StrEnum):
    """Where a package is from; guest: the guest interpreter has it already."""

    PYPI = "pypi"
    GUEST = "guest"
    UPLOAD = "upload"
    LOCAL = "local"
    GIT = "git"
    CONDA = "conda"


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution in one version, by canonical name; `wheel` names a kept wheel, empty: from an index."""

    name: str
    version: str
    wheel: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """What an environment has; `wheel` is the kept wheel that it was unpacked from, empty for an index's."""

    name: str
    version: str
    source: str
    installed_at: datetime
    imports: tuple[str, ...] = ()
    wheel: str = ""

    @property
    def pin(self) -> Pin:
        """The version that was chosen."""
        return Pin(self.name, self.version, self.wheel)


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where packages come from and how patiently; None and empty leave the operator's setting."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] | None = None
    timeout_s: float | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment as it is now; `layer` names its folder of packages, empty while there are none."""

    id: str
    tenant: str
    name: str
    python_version: str
    layer: str
    wanted: tuple[str, ...]
    packages: tuple[Package, ...]
    created_at: datetime
    last_used: datetime
    is_default: bool = False
    status: str = "active"
    security: Mapping[str, Any] = field(default_factory=dict)
    index: IndexSettings = IndexSettings()
    revision: int = 0

    @property
    def own(self) -> tuple[Package, ...]:
        """What lies in its folder."""
        return tuple(package for package in self.packages if package.source != Source.GUEST)

    def imports(self) -> tuple[str, ...]:
        """Import names that its own packages provide."""
        return tuple(sorted({name for package in self.packages for name in package.imports}))


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """A finished folder of packages and what each provides."""

    layer: str
    imports: Mapping[str, tuple[str, ...]]
