"""Requests and replies about tags, as JSON."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field

from dataflowtools.src.common.tags import FoundTag, Tag, TagRule
from servicekit.http import Body


class TagReply(BaseModel):
    """One tag."""

    tag_id: str
    name: str
    path: str = Field(description="Names from the root down, joined by slashes.")
    parent_id: str | None
    colour: str | None = Field(description="#rrggbb")
    description: str
    created_at: AwareDatetime
    modified_at: AwareDatetime
    files: int = Field(description="Files that bear the tag itself.")

    @classmethod
    def of(cls, tag: Tag) -> TagReply:
        """Show a tag."""
        return cls(**_shown(tag))


class TagNodeReply(TagReply):
    """One tag with those below it."""

    children: list[TagNodeReply] = []


class TagListReply(BaseModel):
    """Tags in the order of their paths; nested when a tree was asked for."""

    tags: list[TagReply | TagNodeReply]
    next_cursor: str | None = Field(description="Give it as cursor to go on; null at the end.")


class TagListQuery(Body):
    """Which tags to list."""

    parent: str | None = Field(None, description="Id or path: only tags below it.")
    tree: bool = Field(False, description="Nest tags under their parents, all on one page.")
    limit: int = Field(200, ge=1, le=1000, description="Most tags on the page.")
    cursor: str | None = Field(None, max_length=2048, description="next_cursor of the page before.")


class CreateTagBody(Body):
    """A new tag."""

    name: str
    parent: str | None = Field(None, description="Id or path of the tag above.")
    colour: str = Field("", description="#rrggbb")
    description: str = ""


class UpdateTagBody(Body):
    """What to change; what is absent stays."""

    tag_id: str
    name: str | None = None
    parent: str | None = Field(None, description="Id or path of the new tag above; null makes it a root.")
    colour: str | None = Field(None, description="#rrggbb; null removes it.")
    description: str | None = None


class DeleteTagBody(Body):
    """Which tag to remove."""

    tag_id: str
    force: bool = Field(False, description="Also when files bear it or tags are below it, which go too.")


class DeletedTagsReply(BaseModel):
    """How many tags are gone."""

    deleted: int


class RuleWords(Body):
    """Words that make a tag."""

    any_of: list[list[str]] = Field(
        [], alias="or", description="Groups; one whose words all occur is enough."
    )
    none_of: list[str] = Field([], alias="not", description="Words none of which may occur.")


class RuleBody(Body):
    """One rule; without groups the tag's own name is looked for and counted."""

    tag_path: str = Field(min_length=1)
    tag_id: str = ""
    rule: RuleWords = RuleWords()
    weight: float = Field(1.0, gt=0, le=1e6, allow_inf_nan=False)

    def value(self) -> TagRule:
        """Give the rule as the logic knows it."""
        return TagRule(
            tag_id=self.tag_id,
            tag_path=self.tag_path,
            any_of=self.rule.any_of,
            none_of=self.rule.none_of,
            weight=self.weight,
        )


class TargetBody(Body):
    """What to look at."""

    content: str


class ExtractTagsBody(Body):
    """A text and the rules; without rules the tags that exist are looked for by name."""

    target: TargetBody
    rules: list[RuleBody] | None = None
    whole_words: bool = Field(False, description="Alphabetic words do not count within longer ones.")


class FoundTagReply(BaseModel):
    """A tag that the text bears."""

    tag: str
    tag_id: str
    weight: float
    words: list[str] = Field(description="The words that say so.")

    @classmethod
    def of(cls, found: FoundTag) -> FoundTagReply:
        """Show a found tag."""
        return cls(tag=found.tag, tag_id=found.tag_id, weight=found.weight, words=list(found.words))


class ExtractTagsReply(BaseModel):
    """The tags, the weightiest first."""

    tags: list[FoundTagReply]


def tree_of(tags: list[Tag]) -> list[TagNodeReply]:
    """Nest tags under those of their parents that are among them."""
    nodes = {tag.tag_id: TagNodeReply(**_shown(tag)) for tag in tags}
    roots: list[TagNodeReply] = []
    for node in nodes.values():
        parent = nodes.get(node.parent_id or "")
        (roots if parent is None else parent.children).append(node)
    return roots


def _shown(tag: Tag) -> dict[str, object]:
    return {
        "tag_id": tag.tag_id,
        "name": tag.name,
        "path": tag.path,
        "parent_id": tag.parent_id,
        "colour": tag.colour,
        "description": tag.description,
        "created_at": tag.created_at,
        "modified_at": tag.modified_at,
        "files": tag.files,
    }
