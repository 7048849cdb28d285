"""What every kind of template does: tell its slots, and fill one record."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents_out.templates.slots import SlotFinder


class TemplateFile(ABC):
    """A template that was opened; its tags are compiled once."""

    ending: str

    @abstractmethod
    def find_slots(self, finder: SlotFinder) -> None:
        """Add the slots of all its parts."""

    @abstractmethod
    def fill(self, data: Mapping[str, Any], file: BinaryIO) -> list[str]:
        """Write the template filled with one record, and list the fields that were shown but not there."""
