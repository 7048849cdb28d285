"""POST /api/tag/extract."""

from dataflowtools.src.driveradapters.tag.models import ExtractTagsBody, ExtractTagsReply, FoundTagReply
from dataflowtools.src.logics.tag.extract_tags import ExtractTags
from servicekit.http import ApiHandler, operation


class ExtractTagsHandler(ApiHandler):
    """Finds tags in a text by rules."""

    def initialize(self, extract_tags: ExtractTags) -> None:
        """Take the use case."""
        self._extract_tags = extract_tags

    @operation(
        summary="Find tags in a text",
        tag="tags",
        body=ExtractTagsBody,
        replies={200: ExtractTagsReply},
        errors=("invalid_tag_rules", "database_unavailable"),
        scope="files",
    )
    async def post(self) -> None:
        """Answer the tags found."""
        body = self.parse_body(ExtractTagsBody)
        rules = None if body.rules is None else [rule.value() for rule in body.rules]
        found = await self._extract_tags(
            self.caller.tenant, body.target.content, rules, whole_words=body.whole_words
        )
        self.reply(ExtractTagsReply(tags=[FoundTagReply.of(tag) for tag in found]))
