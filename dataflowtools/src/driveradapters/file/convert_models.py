"""What the calls that convert files take and give."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from dataflowtools.src.driveradapters.file.parse_models import ParseWarning
from dataflowtools.src.logics.file.converting.convert_file import ConvertedFile
from dataflowtools.src.logics.file.converting.formats import FORMATS
from dataflowtools.src.logics.file.converting.graph import ConversionGraph, Route
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from servicekit.http import Body

_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_NUMBERS = frozenset({"dpi", "quality"})


class ConversionOptions(Body):
    """Choices about a conversion; each concerns the steps that know it."""

    pages: str = Field(
        "", max_length=200, description="Pages of a PDF, of slides or of the result: 1-3,7,10-."
    )
    dpi: int = Field(150, ge=20, le=600, description="Dots an inch of pages that are drawn.")
    quality: int = Field(90, ge=1, le=100, description="Quality of jpeg and webp.")
    sheet: str | int | None = Field(None, description="Sheet by name, or by number from 1.")
    encoding: str = Field("", max_length=40, description="Encoding of a text; found out when not given.")
    delimiter: str = Field("", max_length=1, description="Delimiter of a csv; found out when not given.")
    pdf_a: bool = Field(default=False, description="Write PDF/A-2b from office documents.")
    one_page_sheets: bool = Field(default=False, description="Put each sheet on one page of its own size.")
    escape_formulas: bool = Field(
        default=False,
        description="Give texts of csv and tsv that a spreadsheet would calculate an apostrophe.",
    )

    def chosen(self, password: str | None) -> ConvertOptions:
        """Return the choices as the use case takes them."""
        return ConvertOptions(
            **self.model_dump(include=set(ConversionOptions.model_fields)), password=password
        )


class ConvertRequest(Body):
    """A stored file to convert."""

    file_id: str = Field(max_length=100, description="The id that uploading returned.")
    to: str = Field(max_length=100, description="The format to make: pdf, docx, md …")
    options: ConversionOptions = Field(default_factory=ConversionOptions)
    password: str | None = Field(
        None, max_length=1000, description="Opens an encrypted document; never kept."
    )


class ConvertForm(Body):
    """The fields that come with a file."""

    to: str = Field(max_length=100)
    options: ConversionOptions = Field(default_factory=ConversionOptions)
    password: str | None = Field(None, max_length=1000)


class RouteStep(BaseModel):
    """One step of a route."""

    source: str = Field(serialization_alias="from")
    target: str = Field(serialization_alias="to")
    by: str = Field(description="The converter.")


class ConvertReply(BaseModel):
    """The new file and how it came about."""

    file_id: str
    name: str
    media_type: str
    size: int
    route: list[RouteStep]
    losses: list[str] = Field(description="What this route does not keep.")
    warnings: list[ParseWarning]

    @classmethod
    def of(cls, made: ConvertedFile) -> "ConvertReply":
        """Show a converted file."""
        return cls(
            file_id=made.file.file_id,
            name=made.file.name,
            media_type=made.file.content.media_type,
            size=made.file.content.size_bytes,
            route=steps_of(made.route),
            losses=made.route.losses,
            warnings=[ParseWarning(**one) for one in made.warnings],
        )


class FormatReply(BaseModel):
    """A format."""

    name: str
    ending: str
    media_type: str


class ConversionReply(BaseModel):
    """A pair of formats that works here."""

    source: str = Field(serialization_alias="from")
    target: str = Field(serialization_alias="to")
    route: list[RouteStep]
    losses: list[str]


class MissingReply(BaseModel):
    """A program that is not installed here, and how many pairs would work with it."""

    program: str
    conversions: int


class FormatsReply(BaseModel):
    """Formats and what can be made of them here."""

    formats: list[FormatReply]
    conversions: list[ConversionReply]
    missing: list[MissingReply]


def steps_of(route: Route) -> list[RouteStep]:
    """List the steps of a route."""
    return [RouteStep(source=hop.source, target=hop.target, by=hop.converter) for hop in route.hops]


def formats_of(graph: ConversionGraph) -> FormatsReply:
    """List what works here, and what is missing."""
    conversions, missing = [], dict[str, int]()
    used = set()
    for source in graph.sources:
        working = graph.routes(source)
        used |= {source, *working}
        conversions += [
            ConversionReply(source=source, target=target, route=steps_of(route), losses=route.losses)
            for target, route in sorted(working.items())
        ]
        for target, route in graph.routes(source, working=False).items():
            for program in route.missing if target not in working else ():
                missing[program] = missing.get(program, 0) + 1
    formats = [
        FormatReply(name=one.name, ending=one.ending, media_type=one.media_type)
        for one in (FORMATS[name] for name in sorted(used))
    ]
    lacking = [MissingReply(program=name, conversions=count) for name, count in sorted(missing.items())]
    return FormatsReply(formats=formats, conversions=conversions, missing=lacking)


def body_of_form(fields: Mapping[str, str]) -> dict[str, Any]:
    """Turn a form's texts into what the JSON body would hold; the choices stand beside the other fields."""
    outer = {name: text for name, text in fields.items() if name in ("to", "password")}
    inner = {name: _value(name, text) for name, text in fields.items() if name not in outer}
    return {**outer, "options": inner}


def _value(name: str, text: str) -> Any:
    flag = ConversionOptions.model_fields[name].annotation is bool
    if flag:
        return _FLAGS.get(text.strip().lower(), text)
    whole = text.strip().isdecimal() and len(text) < 10  # noqa: PLR2004  # digits
    return int(text) if whole and (name in _NUMBERS or name == "sheet") else text
