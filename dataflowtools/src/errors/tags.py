"""What can be wrong with a request about tags."""

from dataflowtools.src.errors.base import RequestRefused


class InvalidTag(RequestRefused):
    """A tag's name, colour, description or place in the tree is not acceptable."""

    code = "invalid_tag"


class TagNotFound(RequestRefused):
    """No tag of this tenant has that id or path."""

    code = "tag_not_found"


class TagExists(RequestRefused):
    """The parent already has a tag of that name."""

    code = "tag_exists"


class TagInUse(RequestRefused):
    """The tag has files or tags below it, and the caller did not say force."""

    code = "tag_in_use"


class InvalidTagExpression(RequestRefused):
    """A tag expression does not parse; the message names the column."""

    code = "invalid_tag_expression"


class InvalidTagRules(RequestRefused):
    """Rules for extracting tags are contradictory, empty or too many."""

    code = "invalid_tag_rules"
