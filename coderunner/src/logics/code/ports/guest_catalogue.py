"""What the guest interpreter has."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuestContents:
    """Python's version, distributions by canonical name, and who provides which import name."""

    python_version: str
    distributions: Mapping[str, str]
    providers: Mapping[str, tuple[str, ...]]
    standard: frozenset[str]


class GuestCatalogue(abc.ABC):
    """Knows the guest interpreter's own packages."""

    @abc.abstractmethod
    async def contents(self) -> GuestContents:
        """What is there; SandboxUnavailable where there is no guest interpreter."""
