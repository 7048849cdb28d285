"""What the call that works on many files takes, and what its execution gives."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from dataflowtools.src.driveradapters.file.batch_options import Kind, Options, fault, operation_of, refused
from dataflowtools.src.logics.file.batch.operations import BatchOperations
from dataflowtools.src.logics.file.batch.results import BatchReport
from dataflowtools.src.logics.file.batch.run_batch import Operation
from dataflowtools.src.logics.file.batch.sources import BatchSources
from servicekit.http import Body

_MOST_IDS = 100_000


class BatchRequest(Body):
    """One operation over many files."""

    operation: Kind
    file_ids: list[Annotated[str, Field(max_length=100)]] = Field(
        default=[], max_length=_MOST_IDS, description="Stored files to work on."
    )
    file_id: str | None = Field(
        default=None, max_length=100, description="A stored zip whose files to work on, instead."
    )
    options: Options = Field(
        default={}, description="What the call for a single file takes, by the operation; no passwords."
    )
    name: str = Field(default="batch.zip", min_length=1, max_length=200, description="Name of the result.")

    @model_validator(mode="after")
    def _one_source(self) -> "BatchRequest":
        if bool(self.file_ids) == (self.file_id is not None):
            raise ValueError("give either file_ids or the file_id of a zip")
        return self

    @property
    def sources(self) -> BatchSources:
        """Return the files as the use case takes them."""
        return BatchSources(file_ids=self.file_ids, zip_file_id=self.file_id)

    @property
    def in_place(self) -> bool:
        """Whether it changes stored files, so that doing it twice is not doing it once."""
        return self.operation == "edit" and self.options.get("in_place") is True

    def chosen(self, operations: BatchOperations) -> Operation:
        """Return the operation with its options; a Problem or RequestRefused names the option that is wrong."""
        operation = operation_of(self.operation, self.options, operations)
        faults = self._faults_in_place() if self.in_place else []
        if faults:
            raise refused(faults[0]["message"], faults)
        return operation

    def _faults_in_place(self) -> list[dict[str, str]]:
        if self.file_id is not None:
            return [
                fault("/options/in_place", "The files of a zip are not stored ones; only copies are edited.")
            ]
        first = {file_id: place for place, file_id in reversed(list(enumerate(self.file_ids)))}
        twice = [place for place, file_id in enumerate(self.file_ids) if first[file_id] != place]
        unknown = [file_id for file_id in self.options.get("if_match", {}) if file_id not in first]
        return [
            *(fault(f"/file_ids/{place}", "The file is named twice.") for place in twice),
            *(fault(f"/options/if_match/{one}", "No file of the batch has this id.") for one in unknown),
        ]


def report_of(report: BatchReport) -> dict[str, Any]:
    """Show a batch that is over."""
    return {
        "file_id": report.file_id,
        "name": report.name,
        "succeeded": len(report.items) - report.failed,
        "failed": report.failed,
        "items": list(report.items),
    }
