"""What is known of weaknesses of published packages."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advisory:
    """One known weakness of one version; `fixed_in` lists the versions without it."""

    package: str
    version: str
    id: str
    aliases: tuple[str, ...]
    summary: str
    fixed_in: tuple[str, ...]
    link: str


class Advisories(abc.ABC):
    """Asks whoever publishes advisories; answers may be some hours old."""

    @abc.abstractmethod
    async def known(self, name: str, version: str) -> Sequence[Advisory]:
        """Those of one version; PackageIndexUnavailable where nobody can say."""
