"""What is known and said of a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dataflowtools.src.common.stored_file import FileDescription, MetadataValue, StoredFile
from dataflowtools.src.errors import PreconditionFailed
from dataflowtools.src.logics.file.check_metadata import check_metadata, check_tag_count
from dataflowtools.src.logics.file.clean_names import clean_name
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.tag.check_tags import check_reference

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptionChange:
    """What to merge into a description; a metadata value of None removes the entry."""

    name: str | None = None
    metadata: Mapping[str, MetadataValue | None] = field(default_factory=dict)
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()


class DescribeFile:
    """Reads and changes a file's name, metadata and tags."""

    def __init__(self, *, catalogue: FileCatalogue) -> None:
        self._catalogue = catalogue

    async def __call__(self, tenant: str, file_id: str) -> StoredFile:
        """Return the file; raises FileNotFound."""
        return await self._catalogue.find(tenant, file_id)

    async def replace(
        self, tenant: str, file_id: str, change: FileDescription, *, if_version: int | None
    ) -> StoredFile:
        """Put what is given in place of what was.

        Raises FileNotFound, PreconditionFailed, InvalidFileRequest or InvalidTag.
        """
        tags = None if change.tags is None else check_tag_count(check_reference(tag) for tag in change.tags)
        checked = FileDescription(
            name=None if change.name is None else clean_name(change.name),
            metadata=None if change.metadata is None else check_metadata(change.metadata),
            tags=tags,
        )
        return await self._catalogue.describe(tenant, file_id, checked, if_version=if_version)

    async def merge(
        self, tenant: str, file_id: str, change: DescriptionChange, *, if_version: int | None
    ) -> StoredFile:
        """Merge what is given into what was; raises as replace does."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._merge_once(tenant, file_id, change, if_version)
            except (
                PreconditionFailed
            ):  # somebody else was faster: look again, unless the caller named a version
                if if_version is not None:
                    raise
        return await self._merge_once(tenant, file_id, change, if_version)

    async def _merge_once(
        self, tenant: str, file_id: str, change: DescriptionChange, if_version: int | None
    ) -> StoredFile:
        file = await self._catalogue.find(tenant, file_id)
        merged = {**file.metadata, **change.metadata}
        removed = {check_reference(tag) for tag in change.remove_tags}
        description = FileDescription(
            name=change.name,
            metadata={name: value for name, value in merged.items() if value is not None},
            tags=[tag for tag in [*file.tags, *change.add_tags] if tag not in removed],
        )
        version = file.version if if_version is None else if_version
        return await self.replace(tenant, file_id, description, if_version=version)
