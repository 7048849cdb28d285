"""Files of a tenant, page by page."""

from dataflowtools.src.common.stored_file import FilePage, FileQuery
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue


class ListFiles:
    """Finds files by name, type, tag, time and metadata."""

    def __init__(self, *, catalogue: FileCatalogue) -> None:
        self._catalogue = catalogue

    async def __call__(self, tenant: str, query: FileQuery) -> FilePage:
        """Return one page, newest first."""
        return await self._catalogue.find_page(tenant, query)
