"""The tree of tags in memory."""

import dataclasses
import secrets
from collections.abc import Sequence
from datetime import datetime

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.tags import MAX_PATH_CHARS, Tag, TagChange
from dataflowtools.src.errors import IdempotencyKeyReused, InvalidTag, TagExists, TagInUse, TagNotFound
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue


class FakeTagCatalogue(TagCatalogue):
    def __init__(self) -> None:
        self.tags: dict[str, Tag] = {}
        self._requests: dict[tuple[str, str], tuple[str, str]] = {}
        self.borne: dict[str, set[str]] = {}  # ids of files to ids of tags

    async def add(self, tag: Tag, *, request: RequestName | None = None) -> Tag:
        if request is not None and (known := self._requests.get((tag.tenant, request.name))):
            if known[0] != request.fingerprint:
                raise IdempotencyKeyReused("This Idempotency-Key was used for another request.")
            return self._counted(self._get(tag.tenant, known[1]))
        if tag.parent_id is not None:
            parent = self._get(tag.tenant, tag.parent_id, "parent")
            tag = dataclasses.replace(tag, path=f"{parent.path}/{tag.name}")
            if len(tag.path) > MAX_PATH_CHARS:
                raise InvalidTag("The path would be too long.", field="parent")
        if any(other.tenant == tag.tenant and other.path == tag.path for other in self.tags.values()):
            raise TagExists(f"There is a tag {tag.path!r} already.", field="name")
        self.tags[tag.tag_id] = tag
        if request is not None:
            self._requests[tag.tenant, request.name] = (request.fingerprint, tag.tag_id)
        return tag

    async def find(self, tenant: str, reference: str) -> Tag:
        return self._counted(self._get(tenant, reference))

    async def find_tree(
        self, tenant: str, *, below: str | None, after: str | None, limit: int
    ) -> Sequence[Tag]:
        mine = sorted(
            (tag for tag in self.tags.values() if tag.tenant == tenant), key=lambda tag: tag.path.encode()
        )
        chosen = [tag for tag in mine if below is None or tag.path.startswith(below + "/")]
        return [self._counted(tag) for tag in chosen if after is None or tag.path.encode() > after.encode()][
            :limit
        ]

    async def update(self, tenant: str, tag_id: str, change: TagChange) -> Tag:
        tag = self._get(tenant, tag_id)
        name = tag.name if change.name is None else change.name
        parent_id, above = tag.parent_id, tag.path.rpartition("/")[0]
        if change.parent == "":
            parent_id, above = None, ""
        elif change.parent is not None:
            parent = self._get(tenant, change.parent, "parent")
            if (parent.path + "/").startswith(tag.path + "/"):
                raise InvalidTag("A tag cannot be moved below itself.", field="parent")
            parent_id, above = parent.tag_id, parent.path
        path = f"{above}/{name}" if above else name
        self._move(tag, path)
        self.tags[tag.tag_id] = dataclasses.replace(
            tag,
            name=name,
            parent_id=parent_id,
            path=path,
            colour=tag.colour if change.colour is None else change.colour or None,
            description=tag.description if change.description is None else change.description,
        )
        return self._counted(self.tags[tag.tag_id])

    async def remove(self, tenant: str, tag_id: str, *, force: bool) -> int:
        tag = self._get(tenant, tag_id)
        doomed = [other for other in self._mine(tenant) if (other.path + "/").startswith(tag.path + "/")]
        if not force and (len(doomed) > 1 or self._counted(tag).files):
            raise TagInUse("The tag has files or tags below it; force removes it all the same.")
        for other in doomed:
            del self.tags[other.tag_id]
            for borne in self.borne.values():
                borne.discard(other.tag_id)
        return len(doomed)

    def retag(self, tenant: str, file_id: str, references: Sequence[str], now: datetime) -> None:
        self.borne[file_id] = {self._find_or_make(tenant, reference, now) for reference in references}

    def paths_of(self, file_id: str) -> tuple[str, ...]:
        paths = (self.tags[tag_id].path for tag_id in self.borne.get(file_id, ()))
        return tuple(sorted(paths, key=str.encode))

    def _find_or_make(self, tenant: str, reference: str, now: datetime) -> str:
        try:
            return self._get(tenant, reference).tag_id
        except TagNotFound:
            above, _, name = reference.rpartition("/")
            tag = Tag(
                tag_id=secrets.token_hex(16),
                tenant=tenant,
                name=name,
                path=reference,
                parent_id=self._find_or_make(tenant, above, now) if above else None,
                colour=None,
                description="",
                created_at=now,
                modified_at=now,
            )
            self.tags[tag.tag_id] = tag
            return tag.tag_id

    def _move(self, tag: Tag, path: str) -> None:
        below = [other for other in self._mine(tag.tenant) if other.path.startswith(tag.path + "/")]
        moved = {other.tag_id: path + other.path[len(tag.path) :] for other in below}
        if path != tag.path and any(other.path == path for other in self._mine(tag.tenant)):
            raise TagExists(f"There is a tag {path!r} already.", field="name")
        if max(map(len, [path, *moved.values()])) > MAX_PATH_CHARS:
            raise InvalidTag(f"A path would have more than {MAX_PATH_CHARS} characters.", field="parent")
        for other in below:
            self.tags[other.tag_id] = dataclasses.replace(other, path=moved[other.tag_id])

    def _mine(self, tenant: str) -> list[Tag]:
        return [tag for tag in self.tags.values() if tag.tenant == tenant]

    def _get(self, tenant: str, reference: str, field: str = "tag_id") -> Tag:
        for tag in self._mine(tenant):
            if reference in (tag.tag_id, tag.path):
                return tag
        raise TagNotFound("There is no such tag.", field=field)

    def _counted(self, tag: Tag) -> Tag:
        return dataclasses.replace(tag, files=sum(tag.tag_id in borne for borne in self.borne.values()))
