"""The tree of tags in SQL."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.tags import MAX_PATH_CHARS, PATH_SEPARATOR, Tag, TagChange
from dataflowtools.src.drivenadapters.database.columns import from_microseconds, to_microseconds
from dataflowtools.src.drivenadapters.database.file_conditions import below as under
from dataflowtools.src.drivenadapters.database.repetitions import made_before
from dataflowtools.src.drivenadapters.database.schema import file_tags, tags
from dataflowtools.src.drivenadapters.database.tag_rows import find_tag_row
from dataflowtools.src.errors import InvalidTag, TagExists, TagInUse, TagNotFound
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue
from rowkit.database import SqlDatabase


class SqlTagCatalogue(TagCatalogue):
    """Each tag keeps its whole path, so that a subtree is one range of an index."""

    def __init__(self, database: SqlDatabase, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add(self, tag: Tag, *, request: RequestName | None = None) -> Tag:
        def work(connection: Connection) -> Tag:
            before = None if request is None else self._added_before(connection, request, tag)
            if before is not None:
                return before
            placed = _below_parent(connection, tag)
            with _unique(placed.path):
                connection.execute(insert(tags).values(**_values(placed)))
            return placed

        return await self._database.write(work)

    def _added_before(self, connection: Connection, request: RequestName, tag: Tag) -> Tag | None:
        before = made_before(
            connection,
            request,
            tenant=tag.tenant,
            operation="create_tag",
            made=[tag.tag_id],
            now=self._now(),
        )
        return None if before is None else _tag(connection, _row(connection, tag.tenant, before[0]))

    async def find(self, tenant: str, reference: str) -> Tag:
        def work(connection: Connection) -> Tag:
            return _tag(connection, _row(connection, tenant, reference))

        return await self._database.read(work)

    async def find_tree(
        self, tenant: str, *, below: str | None, after: str | None, limit: int
    ) -> Sequence[Tag]:
        chosen = [tags.c.tenant == tenant]
        if below is not None:
            chosen.append(under(below))
        if after is not None:
            chosen.append(tags.c.path > after)
        count = func.count(file_tags.c.file_id).label("files")
        joined = tags.outerjoin(file_tags, file_tags.c.tag_id == tags.c.tag_id)
        wanted = select(tags, count).select_from(joined).where(*chosen)
        wanted = wanted.group_by(*tags.c).order_by(tags.c.path).limit(limit)
        return await self._database.read(
            lambda connection: [_from_row(row, row.files) for row in connection.execute(wanted)]
        )

    async def update(self, tenant: str, tag_id: str, change: TagChange) -> Tag:
        def work(connection: Connection) -> Tag:
            row = _row(connection, tenant, tag_id, lock=True)
            values: dict[str, Any] = {"modified_at": to_microseconds(self._now())}
            if change.colour is not None:
                values["colour"] = change.colour or None
            if change.description is not None:
                values["description"] = change.description
            values |= _moved(connection, row, change)
            with _unique(values["path"]):
                connection.execute(update(tags).where(tags.c.tag_id == row.tag_id).values(**values))
                _move_subtree(connection, row, values["path"])
            return _tag(connection, _row(connection, tenant, row.tag_id))

        return await self._database.write(work)

    async def remove(self, tenant: str, tag_id: str, *, force: bool) -> int:
        def work(connection: Connection) -> int:
            row = _row(connection, tenant, tag_id)
            subtree = and_(tags.c.tenant == tenant, or_(tags.c.tag_id == row.tag_id, under(row.path)))
            doomed = connection.execute(select(tags.c.tag_id).where(subtree).order_by(tags.c.path.desc()))
            tag_ids = list(doomed.scalars())
            if not force and (len(tag_ids) > 1 or _count_files(connection, row.tag_id)):
                raise TagInUse("The tag has files or tags below it; force removes it all the same.")
            for one in tag_ids:  # leaves first: a parent is referred to
                connection.execute(delete(tags).where(tags.c.tag_id == one))
            return len(tag_ids)

        return await self._database.write(work)


@contextmanager
def _unique(path: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as exc:
        raise TagExists(f"There is a tag {path!r} already.", field="name") from exc


def _below_parent(connection: Connection, tag: Tag) -> Tag:
    """Place a tag below its parent, wherever that has been moved meanwhile."""
    if tag.parent_id is None:
        return tag
    parent = _row(connection, tag.tenant, tag.parent_id, field="parent", lock=True)
    path = f"{parent.path}{PATH_SEPARATOR}{tag.name}"
    if len(path) > MAX_PATH_CHARS:
        raise InvalidTag(f"A path would have more than {MAX_PATH_CHARS} characters.", field="parent")
    return replace(tag, path=path)


def _row(
    connection: Connection, tenant: str, reference: str, *, field: str = "tag_id", lock: bool = False
) -> Any:
    """Find a row; a locked one is not moved by another before the work is done."""
    row = find_tag_row(connection, tenant, reference, lock=lock)
    if row is None:
        raise TagNotFound("There is no such tag.", field=field)
    return row


def _moved(connection: Connection, row: Any, change: TagChange) -> dict[str, Any]:
    """Work out name, parent and path after the change."""
    name = row.name if change.name is None else change.name
    parent_id, above = row.parent_id, row.path.rpartition(PATH_SEPARATOR)[0]
    if change.parent == "":
        parent_id, above = None, ""
    elif change.parent is not None:
        parent = _row(connection, row.tenant, change.parent, field="parent", lock=True)
        if parent.path == row.path or parent.path.startswith(row.path + PATH_SEPARATOR):
            raise InvalidTag("A tag cannot be moved below itself.", field="parent")
        parent_id, above = parent.tag_id, parent.path
    path = f"{above}{PATH_SEPARATOR}{name}" if above else name
    return {"name": name, "parent_id": parent_id, "path": path}


def _move_subtree(connection: Connection, row: Any, path: str) -> None:
    if path == row.path:
        return
    subtree = and_(tags.c.tenant == row.tenant, under(row.path))
    rows = connection.execute(select(tags.c.tag_id, tags.c.path).where(subtree).with_for_update()).all()
    moved = {tag_id: path + old[len(row.path) :] for tag_id, old in rows}
    if max(map(len, [path, *moved.values()])) > MAX_PATH_CHARS:
        raise InvalidTag(f"A path would have more than {MAX_PATH_CHARS} characters.", field="parent")
    for tag_id, new in moved.items():
        connection.execute(update(tags).where(tags.c.tag_id == tag_id).values(path=new))


def _count_files(connection: Connection, tag_id: str) -> int:
    counted = select(func.count()).select_from(file_tags).where(file_tags.c.tag_id == tag_id)
    return connection.execute(counted).scalar_one()


def _tag(connection: Connection, row: Any) -> Tag:
    return _from_row(row, _count_files(connection, row.tag_id))


def _from_row(row: Any, count: int) -> Tag:
    return Tag(
        tag_id=row.tag_id,
        tenant=row.tenant,
        name=row.name,
        path=row.path,
        parent_id=row.parent_id,
        colour=row.colour,
        description=row.description,
        created_at=from_microseconds(row.created_at),
        modified_at=from_microseconds(row.modified_at),
        files=count,
    )


def _values(tag: Tag) -> dict[str, Any]:
    return {
        "tag_id": tag.tag_id,
        "tenant": tag.tenant,
        "parent_id": tag.parent_id,
        "name": tag.name,
        "path": tag.path,
        "colour": tag.colour,
        "description": tag.description,
        "created_at": to_microseconds(tag.created_at),
        "modified_at": to_microseconds(tag.modified_at),
    }
