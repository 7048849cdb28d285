"""Tags as values: the tree, expressions over it, and rules that find tags in text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

PATH_SEPARATOR = "/"
MAX_NAME_CHARS = 64
MAX_PATH_CHARS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One node of a tenant's tree of tags."""

    tag_id: str
    tenant: str
    name: str
    path: str
    parent_id: str | None
    colour: str | None
    description: str
    created_at: datetime
    modified_at: datetime
    files: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """What to change about a tag; None leaves as it is, and parent "" makes it a root."""

    name: str | None = None
    parent: str | None = None
    colour: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class HasTag:
    """True of a file that bears the tag (named by path or id) or one below it."""

    tag: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every part is."""

    parts: tuple["TagExpression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when some part is."""

    parts: tuple["TagExpression", ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """True when the part is not."""

    part: "TagExpression"


TagExpression = HasTag | AllOf | AnyOf | NoneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRule:
    """When a text bears a tag: some group has all its words, and no excluded word occurs."""

    tag_id: str
    tag_path: str
    any_of: Sequence[Sequence[str]] = ()
    none_of: Sequence[str] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTag:
    """A tag that a text bears, how strongly, and the words that say so."""

    tag_id: str
    tag: str
    weight: float
    words: Sequence[str]
