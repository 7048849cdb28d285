"""The roots that every subject's errors grow from."""

from collections.abc import Sequence
from typing import ClassVar


class DataflowError(Exception):
    """Root of the tree: a public message, a stable code and the field that is wrong, if one is."""

    code: ClassVar[str]
    retry_after_s: ClassVar[float | None] = None

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    @property
    def errors(self) -> Sequence[dict[str, str]]:
        """What the problem document lists: the field at fault, if one is."""
        if self.field is None:
            return ()
        pointer = f"/{self.field.removeprefix('/')}"
        return ({"pointer": pointer, "code": self.code, "message": self.message},)


class RequestRefused(DataflowError):
    """The request cannot be served as it is."""


class ServiceTrouble(DataflowError):
    """The service or something it needs cannot serve now."""

    retry_after_s: ClassVar[float | None] = 5
