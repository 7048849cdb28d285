"""Requirements as data: names and versions from an index, and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from coderunner.src.errors import InvalidRequirementText, PackageNotAllowed
from coderunner.src.logics.code.distributions import canonical

_MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class PackageRules:
    """Which distributions the operator lets in; an empty `allowed` lets all in that are not denied."""

    allowed: frozenset[str]
    denied: frozenset[str]

    def hold(self, names: Iterable[str]) -> None:
        """PackageNotAllowed names all that may not be installed."""
        refused = sorted(
            name for name in names if name in self.denied or (self.allowed and name not in self.allowed)
        )
        if refused:
            raise PackageNotAllowed(f"may not be installed here: {', '.join(refused)}")


def parse_requirements(texts: Sequence[str], pointer: str = "/packages") -> dict[str, str]:
    """Each by canonical name, in one spelling; InvalidRequirementText names the place of the first bad one."""
    found: dict[str, str] = {}
    for index, text in enumerate(texts):
        requirement = _parsed(text, f"{pointer}/{index}")
        name, spelt = canonical(requirement.name), str(requirement)
        if found.setdefault(name, spelt) != spelt:
            message = f"{name} is named twice, as {found[name]!r} and {spelt!r}"
            raise InvalidRequirementText(message, pointer=f"{pointer}/{index}")
    return found


def requirement_lines(text: str, pointer: str = "/requirements") -> list[str]:
    """The requirements of a requirements file; options, files and addresses in it are refused."""
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    kept = [line for line in lines if line and not line.startswith("#")]
    for line in kept:
        _parsed(line, pointer)
    return kept


def _parsed(text: str, pointer: str) -> Requirement:
    shown = text[:80]
    message = f"{shown!r} is not a requirement such as name, name==1.2 or name[extra]>=1,<2"
    if len(text) > _MAX_LENGTH or any(ord(char) < ord(" ") for char in text):
        raise InvalidRequirementText(message, pointer=pointer)
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise InvalidRequirementText(message, pointer=pointer) from None
    if requirement.url is not None:
        message = f"{shown!r} names an address; packages come from the index only"
        raise InvalidRequirementText(message, pointer=pointer)
    return requirement
