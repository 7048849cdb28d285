"""Requirements as data: names and versions from an index, kept wheels, and what else the operator allows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from coderunner.src.errors import InvalidRequirementText, PackageNotAllowed, SourceNotAllowed
from coderunner.src.logics.code.distributions import canonical

_MAX_LENGTH = 500
_KEPT = "wheel:"  # how a row names a kept wheel; nobody else may
_NO_BUILD = (
    "is source: packages come as wheels, because building one would run its build script; build a wheel and upload "
    "it to /api/pypkg/install (the operator may allow building in the sandbox: PACKAGE_BUILD_FROM_SOURCE)"
)


@dataclass(frozen=True, slots=True)
class PackageRules:
    """Which distributions the operator lets in; an empty `allowed` lets all in that are not denied."""

    allowed: frozenset[str]
    denied: frozenset[str]
    local_roots: tuple[PurePosixPath, ...] = ()
    git_urls: tuple[str, ...] = ()
    builds: bool = False

    def hold(self, names: Iterable[str]) -> None:
        """PackageNotAllowed names all that may not be installed."""
        refused = sorted(
            name for name in names if name in self.denied or (self.allowed and name not in self.allowed)
        )
        if refused:
            raise PackageNotAllowed(f"may not be installed here: {', '.join(refused)}")

    def hold_sources(self, asked: Mapping[str, str], pointer: str) -> None:
        """SourceNotAllowed for repositories and files that the operator has not named, and for unwanted source."""
        for index, text in enumerate(asked.values()):
            url = Requirement(text).url
            if url is None or url.startswith(_KEPT):
                continue
            if reason := self._refusal(url, local_path(text)):
                raise SourceNotAllowed(f"{text[:80]!r} {reason}", pointer=f"{pointer}/{index}")

    def _refusal(self, url: str, path: str) -> str:
        if urlsplit(url).scheme.startswith("git"):
            if not self.builds:
                return _NO_BUILD
            known = any(_is_beneath(url.removeprefix("git+"), beginning) for beginning in self.git_urls)
            return "" if known else "is not beneath one of PACKAGE_GIT_URLS"
        place = PurePosixPath(path or "/")
        if not any(place.is_relative_to(root) for root in self.local_roots) or ".." in place.parts:
            return "is outside the folders of PACKAGE_LOCAL_ROOTS"
        return "" if place.suffix == ".whl" or self.builds else _NO_BUILD


def _is_beneath(url: str, beginning: str) -> bool:
    """Same scheme and host, and a path that begins with the other's; no user, query or fragment."""
    try:
        given, allowed = urlsplit(url), urlsplit(beginning)
    except ValueError:
        return False
    if given.username or given.password or given.query or given.fragment or ".." in given.path.split("/"):
        return False
    same = (given.scheme, given.netloc.lower()) == (allowed.scheme, allowed.netloc.lower())
    return (
        same and given.scheme in {"http", "https"} and given.path.startswith(allowed.path.rstrip("/") + "/")
    )


def parse_requirements(
    texts: Sequence[str], pointer: str = "/packages", *, kept: bool = False, everywhere: bool = False
) -> dict[str, str]:
    """Each by canonical name, in one spelling; InvalidRequirementText names the place of the first bad one.

    `kept` is for texts of our own rows, which may name kept wheels; `everywhere` for those of a list that is made for
    several Pythons, which names a package once for each.
    """
    found: dict[str, str] = {}
    for index, text in enumerate(texts):
        requirement = _parsed(text, f"{pointer}/{index}", kept=kept)
        name, spelt = canonical(requirement.name), str(requirement)
        first = found.setdefault(name, spelt)
        is_alternative = (
            everywhere and requirement.marker is not None and Requirement(first).marker is not None
        )
        if first != spelt and not is_alternative:
            message = f"{name} is named twice, as {found[name]!r} and {spelt!r}"
            raise InvalidRequirementText(message, pointer=f"{pointer}/{index}")
    return found


def applicable(texts: Sequence[str], python_version: str) -> list[str]:
    """Those whose markers, if they have any, hold for the guest interpreter on this machine."""
    environment = {
        "python_version": ".".join(python_version.split(".")[:2]),
        "python_full_version": python_version,
        "extra": "",
    }
    markers = [Requirement(text).marker for text in texts]
    return [
        text
        for text, marker in zip(texts, markers, strict=True)
        if marker is None or marker.evaluate(environment)
    ]


def requirement_lines(text: str, pointer: str = "/requirements") -> list[str]:
    """The requirements of a requirements file; options, files and addresses in it are refused."""
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    kept = [line for line in lines if line and not line.startswith("#")]
    for line in kept:
        _parsed(line, pointer)
    return kept


def kept_requirement(name: str, wheel: str) -> str:
    """How a row asks for a kept wheel."""
    return str(Requirement(f"{name} @ {_KEPT}{wheel}"))


def kept_wheel(text: str) -> str:
    """The kept wheel that a requirement of a row names, or nothing."""
    url = Requirement(text).url or ""
    return url.removeprefix(_KEPT) if url.startswith(_KEPT) else ""


def local_path(text: str) -> str:
    """The file of this machine that a requirement names, or nothing."""
    parts = urlsplit(Requirement(text).url or "")
    return unquote(parts.path) if parts.scheme == "file" and not parts.netloc else ""


def source_location(text: str) -> str:
    """The source that a requirement names, as a path or as git+…; nothing for wheels and index requirements."""
    url = Requirement(text).url or ""
    if urlsplit(url).scheme.startswith("git"):
        return url
    path = local_path(text)
    return "" if path.endswith(".whl") else path


def _parsed(text: str, pointer: str, *, kept: bool = False) -> Requirement:
    shown = text[:80]
    message = f"{shown!r} is not a requirement such as name, name==1.2 or name[extra]>=1,<2"
    if len(text) > _MAX_LENGTH or any(ord(char) < ord(" ") for char in text):
        raise InvalidRequirementText(message, pointer=pointer)
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise InvalidRequirementText(message, pointer=pointer) from None
    if requirement.url is not None and not (kept and requirement.url.startswith(_KEPT)):
        _require_source(requirement.url, shown, pointer)
    return requirement


def _require_source(url: str, shown: str, pointer: str) -> None:
    """Only sources that have a name go on to the operator's rules; addresses are no requirement."""
    parts = urlsplit(url)
    if parts.scheme in {"git", "git+https", "git+http", "git+ssh", "git+file"} or (
        parts.scheme == "file" and parts.netloc in {"", "localhost"}
    ):
        return
    raise InvalidRequirementText(
        f"{shown!r} names an address; packages come from the index only", pointer=pointer
    )
