"""Where environments are remembered."""

import abc
from collections.abc import Collection, Sequence
from datetime import datetime

from coderunner.src.logics.environment.model import Environment


class EnvironmentCatalogue(abc.ABC):
    """Rows of environments; every method raises DatabaseUnavailable when they cannot be reached."""

    @abc.abstractmethod
    async def add(self, environment: Environment, most: int) -> None:
        """Remember a new one; EnvironmentExists for a taken name, TooManyEnvironments above `most` of the tenant."""

    @abc.abstractmethod
    async def get(self, tenant: str, environment_id: str) -> Environment | None:
        """One of the tenant's own."""

    @abc.abstractmethod
    async def default_of(self, tenant: str) -> Environment | None:
        """The tenant's default environment, if it was ever used."""

    @abc.abstractmethod
    async def named(self, tenant: str, name: str) -> Environment | None:
        """The tenant's environment of this name."""

    @abc.abstractmethod
    async def make_default(self, tenant: str, environment_id: str) -> bool:
        """Make this the tenant's one default environment; False when it is not there."""

    @abc.abstractmethod
    async def building(self) -> Sequence[Environment]:
        """Environments of every tenant that were never finished."""

    @abc.abstractmethod
    async def all_of(self, tenant: str) -> Sequence[Environment]:
        """All of the tenant's, by name."""

    @abc.abstractmethod
    async def switch(self, before: Environment, after: Environment) -> bool:
        """Replace packages and layer in one step; False when somebody else has switched since `before` was read."""

    @abc.abstractmethod
    async def touch(self, environment_id: str, now: datetime) -> None:
        """It was used."""

    @abc.abstractmethod
    async def remove(self, tenant: str, environment_id: str) -> bool:
        """Forget it; False when it is not there."""

    @abc.abstractmethod
    async def idle_since(self, moment: datetime) -> Sequence[Environment]:
        """Environments of every tenant, the default ones left out, that nobody used since."""

    @abc.abstractmethod
    async def layers(self) -> Collection[str]:
        """Every folder that some environment uses."""

    @abc.abstractmethod
    async def wheels(self) -> Collection[str]:
        """Every kept wheel that some environment asks for."""
