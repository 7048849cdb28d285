"""Wheels that did not come from an index: uploaded ones, and files of this machine."""

import abc
from collections.abc import Collection
from dataclasses import dataclass

from coderunner.src.logics.environment.model import Source


@dataclass(frozen=True, slots=True)
class KeptWheel:
    """One wheel by the reference that rows keep; `name` is canonical."""

    ref: str
    name: str
    version: str

    @property
    def public(self) -> str:
        """How its tenant names it: sha256/filename."""
        return self.ref.split("/", 2)[2]


class WheelStore(abc.ABC):
    """Keeps wheels by their content; nothing of a wheel is ever run or unpacked here.

    A wheel is looked over before it is kept: WheelRefused for a name, a tag, an entry or a size that it may not have.
    """

    @abc.abstractmethod
    async def keep(
        self, tenant: str, filename: str, content: bytes, source: Source = Source.UPLOAD
    ) -> KeptWheel:
        """An uploaded wheel, or one that was built from source."""

    @abc.abstractmethod
    async def adopt(self, tenant: str, path: str) -> KeptWheel:
        """A copy of a wheel on this machine; links in the path are refused unless they stay in the allowed folders."""

    @abc.abstractmethod
    async def find(self, tenant: str, public: str) -> KeptWheel:
        """One that this tenant uploaded before; WheelRefused when there is none."""

    @abc.abstractmethod
    async def sweep(self, used: Collection[str]) -> int:
        """Delete old wheels that no row names; says how many."""


def source_of(ref: str) -> Source:
    """Upload or local, as the reference says; an index where there is none."""
    return Source(ref.partition("/")[0]) if ref else Source.PYPI
