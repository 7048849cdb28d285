"""What resolves requirements and makes folders of packages."""

import abc
from collections.abc import Collection, Mapping, Sequence

from coderunner.src.logics.environment.model import BuiltLayer, IndexSettings, Pin


class LayerBuilder(abc.ABC):
    """Never runs code of a package: wheels are unpacked, nothing is built.

    Methods raise PackagesUnresolvable with the resolver's own explanation, PackageIndexUnavailable when the index
    does not answer, InstallTimedOut. Cancellation ends the work and leaves nothing that anybody uses.
    """

    @abc.abstractmethod
    async def resolve(
        self,
        wanted: Sequence[str],
        constraints: Mapping[str, str],
        preferred: Sequence[Pin],
        index: IndexSettings,
    ) -> Sequence[Pin]:
        """Every distribution that is needed, within the constraints; keeps to the preferred versions if it can."""

    @abc.abstractmethod
    async def build(self, pins: Sequence[Pin], index: IndexSettings) -> BuiltLayer:
        """A new folder with exactly these, complete when this returns."""

    @abc.abstractmethod
    async def broken(self, layer: str, pins: Sequence[Pin]) -> Sequence[str]:
        """What is missing of a folder, in sentences; empty when it is whole."""

    @abc.abstractmethod
    async def remove(self, layer: str) -> None:
        """Delete a folder; one that is not there is no error."""

    @abc.abstractmethod
    async def sweep(self, used: Collection[str]) -> int:
        """Delete old folders that are neither used nor being built; says how many."""
