"""The job that changes a document: every operation in its order, and then the whole or nothing."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.decrypt import opener_for
from dataflowtools.src.drivenadapters.documents.detect import detect, ending
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.dangers import warn_of_package
from dataflowtools.src.drivenadapters.documents_out.edit_texts import TextEditor
from dataflowtools.src.drivenadapters.documents_out.inputs import inputs_of, output_of
from dataflowtools.src.drivenadapters.documents_out.locks import lock_office
from dataflowtools.src.drivenadapters.documents_out.pdf.edit import PdfEditor, split
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.sheets.edit import WorkbookEditor
from dataflowtools.src.drivenadapters.documents_out.word.edit import WordEditor
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import (
    DataflowError,
    InvalidContent,
    InvalidEdit,
    InvalidSelection,
    UnsupportedType,
)

_MAIN = "main"
_TEXTS = frozenset({"md", "txt", "log"})
Editor = WordEditor | WorkbookEditor | PdfEditor | TextEditor
Order = Mapping[str, Any]


def edit(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Apply the operations to the main file and write the result to the job's output."""
    with ExitStack() as opened:
        return _edit(job, arguments, opened)


def _edit(job: Job, arguments: Mapping[str, Any], opened: ExitStack) -> dict[str, Any]:
    inputs = inputs_of(job, arguments["inputs"])
    main, request, caveats = inputs.pop(_MAIN), arguments["request"], Caveats()
    orders: Sequence[Order] = request["operations"]
    found, password = detect(main, request["name"]), request.get("password")
    opener = opener_for(main, found)
    if opener is not None:
        main = opened.enter_context(opener(main, password, job.scratch))
        found = detect(main, "")
    if any(order["op"] == "split" for order in orders):
        return _split(job, main, found, request)
    editor = _editor(found, main, inputs, request, caveats)
    results = [_applied(editor, found, number, order) for number, order in enumerate(orders)]
    with output_of(job) as file:
        if opener is None:
            editor.save(file)
        else:
            with tempfile.TemporaryFile(dir=job.scratch) as plain:
                editor.save(plain)
                lock_office(plain, password, file)
    if isinstance(editor, WordEditor | WorkbookEditor):
        warn_of_package(main, caveats)
    return {"results": results, "warnings": caveats.listed()}


def _editor(
    found: str, main: BinaryIO, inputs: Mapping[str, BinaryIO], request: Order, caveats: Caveats
) -> Editor:
    if found == "docx":
        return WordEditor(main, Pictures(inputs), caveats)
    if found == "xlsx":
        return WorkbookEditor(main, caveats)
    if found == "pdf":
        return PdfEditor(main, inputs, request, caveats)
    if found in _TEXTS:
        target = "md" if ending(request["name"]) == "md" else "txt"
        return TextEditor(main, target, Pictures(inputs), caveats)
    raise UnsupportedType(f"Files of the type {found} are not changed; docx, xlsx, pdf, md and txt are.")


def _applied(editor: Editor, found: str, number: int, order: Order) -> dict[str, Any]:
    operation = editor.operations.get(order["op"])
    if operation is None:
        known = ", ".join(sorted([*editor.operations, *(["split"] if found == "pdf" else [])]))
        raise InvalidEdit(
            f"A {found} file knows no {order['op']}; it knows {known}.", field=f"/operations/{number}/op"
        )
    try:
        return {"op": order["op"], **operation(order)}
    except (InvalidEdit, InvalidContent, InvalidSelection) as refusal:
        refusal.field = f"/operations/{number}"
        raise
    except DataflowError as refusal:
        refusal.field = refusal.field or f"/operations/{number}"
        raise


def _split(job: Job, main: BinaryIO, found: str, request: Order) -> dict[str, Any]:
    if found != "pdf":
        raise InvalidEdit("Only PDF files are split.", field="/operations/0/op")
    if len(request["operations"]) > 1:
        raise InvalidEdit("split stands alone.", field="/operations")
    order = request["operations"][0]
    with output_of(job) as file:
        files = split(main, order, request, file)
    results = [{"op": "split", "files": len(files)}]
    return {"is_new": True, "files": files, "results": results, "warnings": []}
