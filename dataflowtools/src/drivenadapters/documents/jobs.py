"""What the workers of documents do: find out what a file is, read it, render it."""

from collections.abc import Mapping
from contextlib import ExitStack
from importlib import metadata
from typing import Any

from dataflowtools.src.common.version import VERSION
from dataflowtools.src.drivenadapters.documents import decrypt, detect
from dataflowtools.src.drivenadapters.documents.handlers import BY_PROGRAMS, make_factory
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.logics.file.documents.handler import Source
from dataflowtools.src.logics.file.documents.model import Document
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.recognised import from_message
from dataflowtools.src.logics.file.documents.render import render

_FACTORY = make_factory()
_PACKAGES = {"calamine": "python-calamine", "pdfium": "pypdfium2", "pillow": "pillow", "lxml": "lxml"}
_PACKAGES |= {"markdown-it-py": "markdown-it-py", "pyarrow": "pyarrow"}


def _versions() -> dict[str, str]:
    return {engine: metadata.version(package) for engine, package in _PACKAGES.items()} | {
        "dataflowtools": VERSION
    }


def parse(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Read and render the file that came with the job; the rendering is the job's blob."""
    with ExitStack() as opened:
        return _parse(job, arguments, opened)


def _parse(job: Job, arguments: Mapping[str, Any], opened: ExitStack) -> dict[str, Any]:
    options = ReadOptions.from_message(arguments["options"])
    file, name = job.files[0], str(arguments["name"])
    found = detect.detect(file, name)
    opener = decrypt.opener_for(file, found)
    if opener is not None:
        file = opened.enter_context(opener(file, arguments.get("password"), job.scratch))
        found = detect.detect(file, "")
    if found in BY_PROGRAMS and not arguments.get("by_programs"):
        return {"by_programs": found}
    handler = _FACTORY.handler_for(found)
    source = Source(
        file=file, name=name, format=found, scratch=job.scratch, password=arguments.get("password"),
        recognised=from_message(arguments.get("recognised", {})),
    )  # fmt: skip
    document = handler.read(source, options)
    job.blobs.append(render(document, options.format))
    return _facts(document, found, handler.engine)


def _facts(document: Document, found: str, engine: str) -> dict[str, Any]:
    about = {"name": engine, "version": _VERSIONS.get(engine, "")}
    return {
        "unrecognised": [page.number for page in document.pages if page.needs_ocr],
        "metadata": {**document.metadata, "format": found, "engine": about},
        "warnings": [
            {
                "code": caveat.code,
                "message": caveat.message,
                **({"where": caveat.where} if caveat.where else {}),
            }
            for caveat in document.warnings
        ],
    }


_VERSIONS: dict[str, str] = {}


def warm_up() -> None:
    """Import what the libraries would import at the first document, and learn their versions."""
    import encodings.cp932
    import encodings.gb18030  # noqa: F401  # loaded here, before files can no longer be read

    import msoffcrypto.format.ooxml
    import msoffcrypto.format.xls97  # noqa: F401  # the same
    from PIL import Image
    from pillow_heif import register_heif_opener

    Image.init()
    register_heif_opener()
    _VERSIONS.update(_versions())
