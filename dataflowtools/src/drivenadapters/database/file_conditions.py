"""File queries and tag expressions as SQL conditions."""

import re
from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, false, not_, or_, select

from dataflowtools.src.common.stored_file import FileQuery
from dataflowtools.src.common.tags import AllOf, AnyOf, HasTag, NoneOf, TagExpression
from dataflowtools.src.drivenadapters.database.columns import to_microseconds
from dataflowtools.src.drivenadapters.database.schema import file_metadata, file_tags, files, tags

_ID = re.compile("[0-9a-f]{32}")


def conditions(tenant: str, query: FileQuery) -> ColumnElement[bool]:
    """Join everything that the query asks for."""
    return and_(files.c.tenant == tenant, *_of_file(query), *_of_time(query), *_of_others(tenant, query))


def below(path: str) -> ColumnElement[bool]:
    """Hold for every tag under the path; LIKE would fold case on one of the databases."""
    return and_(tags.c.path >= path + "/", tags.c.path < path + "0")  # 0 follows / in every encoding here


def _below_id(tenant: str, tag_id: str) -> ColumnElement[bool]:
    """Hold for every tag under the one of that id."""
    if not _ID.fullmatch(tag_id):
        return false()
    top = tags.alias("top")
    return (
        select(top.c.tag_id)
        .where(top.c.tenant == tenant, top.c.tag_id == tag_id)
        .where(tags.c.path >= top.c.path.concat("/"), tags.c.path < top.c.path.concat("0"))
        .exists()
    )


def _of_file(query: FileQuery) -> Iterator[ColumnElement[bool]]:
    if query.name_contains is not None:
        yield files.c.name_folded.contains(query.name_contains.casefold(), autoescape=True)
    if query.media_type is not None and query.media_type.endswith("/*"):
        yield files.c.media_type.startswith(query.media_type[:-1], autoescape=True)
    elif query.media_type is not None:
        yield files.c.media_type == query.media_type
    if query.sha256 is not None:
        yield files.c.sha256 == query.sha256


def _of_time(query: FileQuery) -> Iterator[ColumnElement[bool]]:
    if query.created_from is not None:
        yield files.c.created_at >= to_microseconds(query.created_from)
    if query.created_before is not None:
        yield files.c.created_at < to_microseconds(query.created_before)
    if query.after is not None:
        moment = to_microseconds(query.after.created_at)
        yield files.c.created_at <= moment
        yield or_(files.c.created_at < moment, files.c.file_id < query.after.file_id)


def _of_others(tenant: str, query: FileQuery) -> Iterator[ColumnElement[bool]]:
    for name, value in query.metadata.items():
        yield (
            select(file_metadata.c.file_id)
            .where(
                file_metadata.c.file_id == files.c.file_id,
                file_metadata.c.name == name,
                file_metadata.c.value == value,
            )
            .exists()
        )
    if query.tag is not None:
        yield _tagged(tenant, query.tag)


def _tagged(tenant: str, expression: TagExpression) -> ColumnElement[bool]:
    match expression:
        case HasTag(reference):
            chosen = or_(tags.c.tag_id == reference, tags.c.path == reference, below(reference))
            bearers = (
                select(file_tags.c.file_id)
                .join(tags, tags.c.tag_id == file_tags.c.tag_id)
                .where(tags.c.tenant == tenant, or_(chosen, _below_id(tenant, reference)))
            )
            is_bearer: ColumnElement[bool] = files.c.file_id.in_(bearers)
            return is_bearer
        case AllOf(parts):
            return and_(*(_tagged(tenant, part) for part in parts))
        case AnyOf(parts):
            return or_(false(), *(_tagged(tenant, part) for part in parts))
        case NoneOf(part):
            return not_(_tagged(tenant, part))
