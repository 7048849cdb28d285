"""Environments: layers of packages over the guest interpreter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

DEFAULT_NAME = "default"


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution in one version, by canonical name."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Package:
    """What an environment has; `source` is pypi, or guest where the guest interpreter has it already."""

    name: str
    version: str
    source: str
    installed_at: datetime
    imports: tuple[str, ...] = ()


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
    revision: int = 0

    def imports(self) -> tuple[str, ...]:
        """Import names that its own packages provide."""
        return tuple(sorted({name for package in self.packages for name in package.imports}))


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """A finished folder of packages and what each provides."""

    layer: str
    imports: Mapping[str, tuple[str, ...]]
