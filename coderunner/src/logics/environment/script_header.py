"""What a program says of itself in its header: dependencies and Python version, as PEP 723 writes them."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from coderunner.src.common.program import Program
from coderunner.src.errors import ScriptHeaderInvalid
from coderunner.src.logics.environment.requirements import parse_requirements
from coderunner.src.logics.runner.imports_scan import MAX_SCANNED_CHARACTERS

_OPEN = re.compile(r"^# /// (?P<type>[a-zA-Z0-9-]+)\r?$", re.MULTILINE)
_MARK, _CLOSE = "# /// script", "# ///"
_MAX_CHARACTERS = 64 * 1024
_MAX_DEPENDENCIES = 500
_MAX_OPENINGS = 1000


@dataclass(frozen=True, slots=True)
class ScriptHeader:
    """`dependencies` by canonical name, None where the header does not speak of them."""

    dependencies: dict[str, str] | None
    requires_python: SpecifierSet | None
    pointer: str


def script_header(program: Program) -> ScriptHeader | None:
    """The header of the text that runs, if it has one; ScriptHeaderInvalid says what is wrong with it."""
    source, pointer = program.code, "/code"
    if program.entrypoint is not None:
        source = program.files[program.entrypoint]
        pointer = "/files/" + program.entrypoint.replace("~", "~0").replace("/", "~1")
    text = _block(source, pointer)
    if text is None:
        return None
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        message = f"the header (# /// script) is not TOML: {str(fault)[:200]}"
        raise ScriptHeaderInvalid(message, pointer=pointer) from fault
    return ScriptHeader(_dependencies(said, pointer), _requires_python(said, pointer), pointer)


def _block(source: str, pointer: str) -> str | None:
    """The one block of type script; looks at every line once, for the service does this itself."""
    source = source[:MAX_SCANNED_CHARACTERS]
    if _MARK not in source:
        return None
    found: list[str] = []
    place = 0
    for _ in range(_MAX_OPENINGS):
        opened = _OPEN.search(source, place)
        if opened is None:
            break
        content, place = _content(source, opened.end())
        if content is not None and opened["type"] == "script":
            found.append(content)
    if len(found) > 1:
        raise ScriptHeaderInvalid("the program has more than one header (# /// script)", pointer=pointer)
    return found[0] if found else None


def _content(source: str, place: int) -> tuple[str | None, int]:
    """The comment lines up to the last `# ///` of the run, None where it is never closed; and where to go on."""
    lines: list[str] = []
    closed, after = 0, place
    first = place
    while place < len(source) and place - first < _MAX_CHARACTERS:
        end = source.find("\n", place + 1)
        end = len(source) if end < 0 else end
        text = source[place + 1 : min(end, place + 1 + _MAX_CHARACTERS)].removesuffix("\r")
        if text != "#" and not text.startswith("# "):
            break
        place = end
        if text == _CLOSE:
            closed, after = len(lines), end
        lines.append(text[2:])
    return ("\n".join(lines[:closed]), after) if closed else (None, max(place, first))


def _dependencies(said: dict[str, Any], pointer: str) -> dict[str, str] | None:
    found = said.get("dependencies")
    if found is None:
        return None
    if (
        not isinstance(found, list)
        or len(found) > _MAX_DEPENDENCIES
        or not all(isinstance(text, str) for text in found)
    ):
        message = f"dependencies in the header is a list of at most {_MAX_DEPENDENCIES} strings"
        raise ScriptHeaderInvalid(message, pointer=pointer)
    return parse_requirements(found, pointer)


def _requires_python(said: dict[str, Any], pointer: str) -> SpecifierSet | None:
    found = said.get("requires-python")
    if found is None:
        return None
    try:
        return SpecifierSet(found)
    except (InvalidSpecifier, TypeError, AttributeError) as fault:
        message = "requires-python in the header is a text such as >=3.11"
        raise ScriptHeaderInvalid(message, pointer=pointer) from fault
