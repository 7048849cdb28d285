"""The tree of tags, changed and shown."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.tags import PATH_SEPARATOR, Tag, TagChange
from dataflowtools.src.logics.tag.check_tags import (
    check_colour,
    check_description,
    check_name,
    check_path,
    check_reference,
)
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue


class CreateTag:
    """Adds a tag at the root or below another."""

    def __init__(self, *, catalogue: TagCatalogue, now: Callable[[], datetime]) -> None:
        self._catalogue = catalogue
        self._now = now

    async def __call__(
        self,
        tenant: str,
        *,
        name: str,
        parent: str | None,
        colour: str,
        description: str,
        request_name: str | None = None,
    ) -> Tag:
        """Add and return the tag; a request of a name that was used before returns what was added then.

        Raises InvalidTag, TagNotFound (the parent's), TagExists or IdempotencyKeyReused.
        """
        above = None
        if parent is not None:
            above = await self._catalogue.find(tenant, check_reference(parent, field="parent"))
        tidy, now = check_name(name), self._now()
        tag = Tag(
            tag_id=secrets.token_hex(16),
            tenant=tenant,
            name=tidy,
            path=check_path(tidy if above is None else f"{above.path}{PATH_SEPARATOR}{tidy}"),
            parent_id=None if above is None else above.tag_id,
            colour=check_colour(colour) or None,
            description=check_description(description),
            created_at=now,
            modified_at=now,
        )
        asked = repr((tag.path, tag.colour, tag.description))
        fingerprint = hashlib.sha256(asked.encode()).hexdigest()
        request = None if request_name is None else RequestName(name=request_name, fingerprint=fingerprint)
        return await self._catalogue.add(tag, request=request)


class ListTags:
    """Shows the tree in the order of its paths."""

    def __init__(self, *, catalogue: TagCatalogue) -> None:
        self._catalogue = catalogue

    async def __call__(
        self, tenant: str, *, below: str | None, after: str | None, limit: int
    ) -> tuple[Sequence[Tag], str | None]:
        """Return tags and the path to go on from, if there are more; raises TagNotFound."""
        parent = None
        if below is not None:
            parent = await self._catalogue.find(tenant, check_reference(below, field="parent"))
        path = None if parent is None else parent.path
        found = await self._catalogue.find_tree(tenant, below=path, after=after, limit=limit + 1)
        page = found[:limit]
        return page, page[-1].path if len(found) > limit else None


class UpdateTag:
    """Renames, moves or describes a tag; what is below moves with it, and files keep it."""

    def __init__(self, *, catalogue: TagCatalogue) -> None:
        self._catalogue = catalogue

    async def __call__(self, tenant: str, tag_id: str, change: TagChange) -> Tag:
        """Change and return the tag; raises InvalidTag, TagNotFound or TagExists."""
        checked = TagChange(
            name=None if change.name is None else check_name(change.name),
            parent=check_reference(change.parent, field="parent") if change.parent else change.parent,
            colour=None if change.colour is None else check_colour(change.colour),
            description=None if change.description is None else check_description(change.description),
        )
        return await self._catalogue.update(tenant, tag_id, checked)


class DeleteTag:
    """Removes a tag from the tree and from files."""

    def __init__(self, *, catalogue: TagCatalogue) -> None:
        self._catalogue = catalogue

    async def __call__(self, tenant: str, tag_id: str, *, force: bool) -> int:
        """Remove the tag, with force also those below; raises TagNotFound or TagInUse."""
        return await self._catalogue.remove(tenant, tag_id, force=force)
