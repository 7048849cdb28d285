"""The URLs of stored files."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.file.download_handler import DownloadHandler
from dataflowtools.src.driveradapters.file.files_handler import FileHandler, FileListHandler
from dataflowtools.src.driveradapters.file.metadata_handler import MetadataHandler
from dataflowtools.src.driveradapters.file.upload_handler import UploadHandler
from dataflowtools.src.logics.file.delete_file import DeleteFile
from dataflowtools.src.logics.file.describe_file import DescribeFile
from dataflowtools.src.logics.file.list_files import ListFiles
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.read_properties import ReadProperties
from dataflowtools.src.logics.file.upload_files import UploadFiles
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUses:
    """The use cases behind /api/file."""

    upload_files: UploadFiles
    open_file: OpenFile
    list_files: ListFiles
    describe_file: DescribeFile
    delete_file: DeleteFile
    read_properties: ReadProperties
    upload_max_bytes: int


def file_routes(uses: FileUses) -> list[Route]:
    """List the routes of stored files that have a name of their own."""
    upload = {"upload_files": uses.upload_files, "max_body_bytes": uses.upload_max_bytes}
    described = {"describe_file": uses.describe_file, "read_properties": uses.read_properties}
    return [
        Route("/api/file/upload", UploadHandler, upload),
        Route("/api/file/download/{file_id}", DownloadHandler, {"open_file": uses.open_file}),
        Route("/api/file/list", FileListHandler, {"list_files": uses.list_files}),
        Route("/api/file/{file_id}/metadata", MetadataHandler, described),
    ]


def file_by_id_routes(uses: FileUses) -> list[Route]:
    """List the routes that match any name below /api/file; they come last."""
    one = {"describe_file": uses.describe_file, "delete_file": uses.delete_file}
    return [Route("/api/file/{file_id}", FileHandler, one)]
