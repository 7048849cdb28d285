"""The tree of tags of every tenant."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.tags import Tag, TagChange


class TagCatalogue(ABC):
    """Tags by id or path, each of one tenant; every call may raise DatabaseUnavailable."""

    @abstractmethod
    async def add(self, tag: Tag, *, request: RequestName | None = None) -> Tag:
        """Add a tag and return it; its path is the one that its parent has now, and its name.

        A named request that is repeated within a day adds nothing: what it added then is returned.
        Raises TagExists, InvalidTag, TagNotFound (the parent's, or of what was added then) or
        IdempotencyKeyReused.
        """

    @abstractmethod
    async def find(self, tenant: str, reference: str) -> Tag:
        """Return the tag that has this id or path; raises TagNotFound."""

    @abstractmethod
    async def find_tree(
        self, tenant: str, *, below: str | None, after: str | None, limit: int
    ) -> Sequence[Tag]:
        """Return tags in order of path with their numbers of files: those below a path, beyond a path."""

    @abstractmethod
    async def update(self, tenant: str, tag_id: str, change: TagChange) -> Tag:
        """Rename, move with everything below, or describe; raises TagNotFound, TagExists or InvalidTag."""

    @abstractmethod
    async def remove(self, tenant: str, tag_id: str, *, force: bool) -> int:
        """Remove the tag and with force everything below, and return how many.

        Raises TagNotFound or TagInUse.
        """
