"""The URLs of tags."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.tag.extract_handler import ExtractTagsHandler
from dataflowtools.src.driveradapters.tag.tags_handlers import (
    CreateTagHandler,
    DeleteTagHandler,
    ListTagsHandler,
    UpdateTagHandler,
)
from dataflowtools.src.logics.tag.edit_tags import CreateTag, DeleteTag, ListTags, UpdateTag
from dataflowtools.src.logics.tag.extract_tags import ExtractTags
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class TagUses:
    """The use cases behind /api/tag."""

    create_tag: CreateTag
    list_tags: ListTags
    update_tag: UpdateTag
    delete_tag: DeleteTag
    extract_tags: ExtractTags


def tag_routes(uses: TagUses) -> list[Route]:
    """List the routes of tags."""
    return [
        Route("/api/tag/create", CreateTagHandler, {"create_tag": uses.create_tag}),
        Route("/api/tag/list", ListTagsHandler, {"list_tags": uses.list_tags}),
        Route("/api/tag/update", UpdateTagHandler, {"update_tag": uses.update_tag}),
        Route("/api/tag/delete", DeleteTagHandler, {"delete_tag": uses.delete_tag}),
        Route("/api/tag/extract", ExtractTagsHandler, {"extract_tags": uses.extract_tags}),
    ]
