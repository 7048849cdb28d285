"""The URLs of converting files."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.file.convert_handler import ConvertHandler, FormatsHandler
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertingUses:
    """The use cases behind converting."""

    convert_file: ConvertFile
    max_body_bytes: int


def converting_routes(uses: ConvertingUses) -> list[Route]:
    """List the routes."""
    converting = {"convert_file": uses.convert_file, "max_body_bytes": uses.max_body_bytes}
    return [
        Route("/api/file/convert", ConvertHandler, converting),
        Route("/api/file/formats", FormatsHandler, {"convert_file": uses.convert_file}),
    ]
