"""The job that makes a new document."""

from collections.abc import Mapping
from typing import Any

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.inputs import inputs_of, output_of
from dataflowtools.src.drivenadapters.documents_out.pdf.write import write_pdf
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.sheets.write import sheets_of, write_workbook
from dataflowtools.src.drivenadapters.documents_out.texts import content_blocks, written_text
from dataflowtools.src.drivenadapters.documents_out.word.write import write_word
from dataflowtools.src.drivenadapters.workers.job import Job


def write(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write the content to the job's output in the format asked for."""
    order, caveats = arguments["request"], Caveats()
    content, target = order["content"], order["to"]
    pictures = Pictures(inputs_of(job, arguments["inputs"]))
    with output_of(job) as file:
        if target == "xlsx":
            sheets = content.get("sheets") or sheets_of(content_blocks(content), caveats)
            write_workbook(sheets, order.get("properties", {}), caveats, file, job.scratch)
        elif target in {"docx", "pdf"}:
            writer = write_word if target == "docx" else write_pdf
            writer(content_blocks(content), order, pictures, caveats, file)
        else:
            title = order.get("properties", {}).get("title", "")
            file.write(written_text(content, target, title, pictures, caveats))
    return {"warnings": caveats.listed()}
