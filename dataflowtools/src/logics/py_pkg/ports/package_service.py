"""Who keeps the Python packages of tenants."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

from dataflowtools.src.common.on_behalf import OnBehalf


class PackageAnswer(NamedTuple):
    """What the other side says, and whether it is done yet."""

    finished: bool
    body: dict[str, Any]


class PackageService(ABC):
    """Installs and lists; raises CoderunnerRefused, CoderunnerForbade or CoderunnerUnavailable."""

    @abstractmethod
    async def install(self, caller: OnBehalf, request: Mapping[str, Any]) -> PackageAnswer:
        """Install packages; one that is not finished goes on by itself, also when this call is cancelled."""

    @abstractmethod
    async def list_packages(self, caller: OnBehalf, environment_id: str | None) -> dict[str, Any]:
        """List what is installed for the tenant."""
