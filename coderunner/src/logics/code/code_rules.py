"""The operator's rules for source text."""

from collections.abc import Sequence
from dataclasses import dataclass

from coderunner.src.errors import CodeTooLarge


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One text and where in the request it stands."""

    name: str
    raw: bytes
    pointer: str


@dataclass(frozen=True, slots=True)
class CodeRules:
    """How large source may be, and what is looked at."""

    max_code_bytes: int
    trees: bool = True
    dependencies: bool = True

    def hold_size(self, files: Sequence[SourceFile]) -> None:
        """CodeTooLarge names the file that is too large, or the first that makes all of them too large."""
        total = 0
        for file in files:
            total += len(file.raw)
            if total > self.max_code_bytes:
                raise CodeTooLarge(self.too_large(total), pointer=file.pointer)

    def too_large(self, size_bytes: int) -> str:
        """The sentence for source above the bound."""
        return f"the source is {size_bytes} bytes; at most {self.max_code_bytes} are analysed here"
