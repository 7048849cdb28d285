"""What a file's content says of itself: author, title, pages, sheets, camera, encryption, macros and the like."""

from collections.abc import Mapping

from dataflowtools.src.common.stored_file import StoredFile
from dataflowtools.src.errors import PasswordRequired, RequestRefused, ServiceTrouble, UnsupportedType
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.ports.document_reader import DocumentReader
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore

# As little of the content as readers can be asked for: the properties are of the whole document anyway.
_LEAST = ReadOptions(format="text", pages="1", tables=False, ocr="never")


class ReadProperties:
    """Reads the properties when they are asked for first and keeps them beside the file."""

    def __init__(self, *, store: FileStore, catalogue: FileCatalogue, reader: DocumentReader) -> None:
        self._store = store
        self._catalogue = catalogue
        self._reader = reader

    async def __call__(self, tenant: str, file_id: str) -> StoredFile:
        """Return the file with its properties; raises FileNotFound.

        Properties stay unknown while the readers are busy or away; the next call tries again.
        """
        file = await self._catalogue.find(tenant, file_id)
        if file.properties is not None:
            return file
        try:
            properties = await self._read(file)
        except ServiceTrouble:  # the description itself does not depend on it
            return file
        await self._catalogue.keep_properties(tenant, file_id, properties, sha256=file.content.sha256)
        return await self._catalogue.find(tenant, file_id)

    async def _read(self, file: StoredFile) -> Mapping[str, object]:
        try:
            async with (
                self._store.open(file.content.blob_id) as blob,
                self._reader.take(blob.chunks()) as document,
            ):
                return (await self._reader.read(document, file.name, _LEAST)).metadata
        except PasswordRequired:
            return {"encrypted": True}
        except UnsupportedType:
            return {}
        except RequestRefused as refusal:  # broken or hostile content: say so rather than try each time
            return {"unreadable": refusal.code}
