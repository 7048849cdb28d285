"""What a new document is to hold and how it is to look, as a request or a file says it."""

import codecs
from typing import Any

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, from_json

from dataflowtools.src.common.strict_model import Model
from dataflowtools.src.errors import EmptyFile, InvalidContent
from dataflowtools.src.logics.file.writing.blocks import BlockContent, Printable, message_of
from dataflowtools.src.logics.file.writing.content import Content, PageSetup, Properties, WordStyle

Margin = str | list[BlockContent]
_MAX_NAMED = 5
_MAX_NAME = 200


class WriteChoices(Model):
    """The format of a document, and how it looks."""

    to: str = Field(
        "",
        max_length=100,
        description="docx, xlsx, pdf, md, html, txt, or through LibreOffice doc, odt, rtf, xls, ods.",
    )
    page: PageSetup | None = Field(None, description="Paper and margins of docx and pdf.")
    header: Margin = Field("", description="Text with {page} and {pages}, or blocks (docx).")
    footer: Margin = Field("", description="The same, below.")
    properties: Properties = Field(default_factory=Properties)
    styles: dict[Printable, WordStyle] = Field(
        default={},
        max_length=200,
        description="Looks by the name of a style: heading 1, Normal, or your own.",
    )

    def order(self) -> dict[str, Any]:
        """Give the choices as the use case takes them, without what says nothing."""
        plain = self.model_dump(exclude_defaults=True, exclude={"content", "header", "footer"})
        margins = {"header": self.header, "footer": self.footer}
        said = {
            name: one if isinstance(one, str) else message_of(one) for name, one in margins.items() if one
        }
        return {**plain, **said}


class WriteOrder(WriteChoices):
    """A document to be made."""

    name: str = Field("", max_length=1024, description="Name of the stored file.")
    content: Content

    def order(self) -> dict[str, Any]:
        """Give the request as the use case takes it."""
        return {**super().order(), "content": self.content.as_message()}


class FileOrder(WriteOrder):
    """A document as a JSON file holds it: such a request, its content alone, or what reading a document gave."""

    metadata: Any = Field(None, description="As reading gives it; not used.")
    warnings: Any = Field(None, description="The same.")

    @model_validator(mode="before")
    @classmethod
    def _bare_content(cls, value: Any) -> Any:
        return value if isinstance(value, dict) and "content" in value else {"content": value}

    def order(self) -> dict[str, Any]:
        """Give what the file says as the use case takes it."""
        said = super().order()
        return {name: one for name, one in said.items() if name not in {"metadata", "warnings"}}


def order_of_file(text: bytes) -> dict[str, Any]:
    """Read such a file; raises EmptyFile, or InvalidContent with the place of the first fault."""
    if not text.strip():
        raise EmptyFile("The file is empty.")
    text = text.removeprefix(codecs.BOM_UTF8)
    try:
        return FileOrder.model_validate_json(text).order()
    except ValidationError as wrong:
        found = wrong.errors(include_url=False, include_context=False, include_input=False)[:_MAX_NAMED]
        places = [_pointer(text, one) for one in found]
        told = [f"{place or '/'}: {one['msg'][:200]}" for place, one in zip(places, found, strict=True)]
        raise InvalidContent(
            f"The file is no document in JSON. {'; '.join(told)}", field=places[0] or None
        ) from None


def _pointer(text: bytes, fault: ErrorDetails) -> str:
    """Lead to the value at fault; of several types that it may have, the finding also names the one tried."""
    if fault["type"] == "json_invalid":
        return ""
    value, parts, location = from_json(text), list[str](), fault["loc"]
    if not (isinstance(value, dict) and "content" in value):
        location = location[1:]  # the file is the content alone
    for part in location:
        there = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        if part in there:
            value = value[part]
            parts.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part[:_MAX_NAME]}" for part in parts)
