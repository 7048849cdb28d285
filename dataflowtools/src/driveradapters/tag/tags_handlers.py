"""The URLs that the README names for the tree of tags."""

from dataflowtools.src.common.tags import TagChange
from dataflowtools.src.driveradapters.tag.models import (
    CreateTagBody,
    DeletedTagsReply,
    DeleteTagBody,
    TagListQuery,
    TagListReply,
    TagReply,
    UpdateTagBody,
    tree_of,
)
from dataflowtools.src.logics.tag.edit_tags import CreateTag, DeleteTag, ListTags, UpdateTag
from servicekit.http import ApiHandler, decode_cursor, encode_cursor, operation

_MAX_TREE = 20_000


class CreateTagHandler(ApiHandler):
    """POST /api/tag/create."""

    def initialize(self, create_tag: CreateTag) -> None:
        """Take the use case."""
        self._create_tag = create_tag

    @operation(
        summary="Create a tag",
        tag="tags",
        body=CreateTagBody,
        replies={201: TagReply},
        errors=(
            "invalid_tag",
            "tag_not_found",
            "tag_exists",
            "idempotency_key_reused",
            "database_unavailable",
        ),
        scope="files",
    )
    async def post(self) -> None:
        """Create the tag."""
        body = self.parse_body(CreateTagBody)
        tag = await self._create_tag(
            self.caller.tenant,
            name=body.name,
            parent=body.parent,
            colour=body.colour,
            description=body.description,
            request_name=self.idempotency_key,
        )
        self.reply(TagReply.of(tag), status=201)


class ListTagsHandler(ApiHandler):
    """GET /api/tag/list."""

    def initialize(self, list_tags: ListTags) -> None:
        """Take the use case."""
        self._list_tags = list_tags

    @operation(
        summary="List tags",
        tag="tags",
        query=TagListQuery,
        replies={200: TagListReply},
        errors=("tag_not_found", "database_unavailable"),
        scope="files",
    )
    async def get(self) -> None:
        """Answer one page, or the tree."""
        query = self.parse_query(TagListQuery)
        after = None if query.cursor is None else str(decode_cursor(query.cursor).get("path", ""))
        limit = _MAX_TREE if query.tree else query.limit
        tags, more = await self._list_tags(self.caller.tenant, below=query.parent, after=after, limit=limit)
        shown = tree_of(list(tags)) if query.tree else [TagReply.of(tag) for tag in tags]
        cursor = None if more is None else encode_cursor({"path": more})
        self.reply(TagListReply(tags=list(shown), next_cursor=cursor))


class UpdateTagHandler(ApiHandler):
    """PUT /api/tag/update."""

    def initialize(self, update_tag: UpdateTag) -> None:
        """Take the use case."""
        self._update_tag = update_tag

    @operation(
        summary="Rename, move or describe a tag",
        tag="tags",
        body=UpdateTagBody,
        replies={200: TagReply},
        errors=("invalid_tag", "tag_not_found", "tag_exists", "database_unavailable"),
        scope="files",
    )
    async def put(self) -> None:
        """Change the tag."""
        body = self.parse_body(UpdateTagBody)
        cleared = {name for name in ("parent", "colour") if name in body.model_fields_set}
        change = TagChange(
            name=body.name,
            parent="" if "parent" in cleared and body.parent is None else body.parent,
            colour="" if "colour" in cleared and body.colour is None else body.colour,
            description=body.description,
        )
        self.reply(TagReply.of(await self._update_tag(self.caller.tenant, body.tag_id, change)))


class DeleteTagHandler(ApiHandler):
    """DELETE /api/tag/delete."""

    def initialize(self, delete_tag: DeleteTag) -> None:
        """Take the use case."""
        self._delete_tag = delete_tag

    @operation(
        summary="Delete a tag",
        tag="tags",
        description="tag_id and force stand in the query or in a JSON body.",
        query=DeleteTagBody,
        replies={200: DeletedTagsReply},
        errors=("tag_not_found", "tag_in_use", "database_unavailable"),
        scope="files",
    )
    async def delete(self) -> None:
        """Delete the tag."""
        in_query = bool(self.request.query_arguments)
        asked = self.parse_query(DeleteTagBody) if in_query else self.parse_body(DeleteTagBody)
        deleted = await self._delete_tag(self.caller.tenant, asked.tag_id, force=asked.force)
        self.reply(DeletedTagsReply(deleted=deleted))
