"""The operator's rules for source text, and a caller's on top of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coderunner.src.errors import CodeTooLarge


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One text and where in the request it stands."""

    name: str
    raw: bytes
    pointer: str


@dataclass(frozen=True, slots=True)
class CodeRules:
    """How large source may be, what it may import, and what is looked at."""

    max_code_bytes: int
    allowed_imports: tuple[str, ...] | None
    blocked_imports: tuple[str, ...]
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

    def policy(self, wishes: Mapping[str, Any]) -> dict[str, Any]:
        """A caller's settings, narrowed by the operator's: what the operator blocks stays blocked."""
        policy = {name: value for name, value in wishes.items() if value is not None}
        blocked = [*self.blocked_imports, *policy.get("blocked_modules", ())]
        if blocked:
            policy["blocked_modules"] = blocked
        if self.allowed_imports is not None:
            asked = policy.get("allowed_modules")
            everything = asked is None or "*" in asked
            named = [name for name in asked or () if _among(name, self.allowed_imports)]
            policy["allowed_modules"] = [*(self.allowed_imports if everything else ()), *named]
        return policy


def _among(name: str, allowed: Sequence[str]) -> bool:
    parts = name.split(".")
    return "*" in allowed or any(".".join(parts[:length]) in allowed for length in range(1, len(parts) + 1))
