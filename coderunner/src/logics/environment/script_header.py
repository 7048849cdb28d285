"""What a program says of itself in its header: dependencies and Python version, as PEP 723 writes them."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from coderunner.src.common.program import Program
from coderunner.src.errors import ScriptHeaderInvalid
from coderunner.src.logics.environment.requirements import parse_requirements

_OPEN = re.compile(r"^# /// script[ \t]*\r?$", re.MULTILINE)
_MARK, _CLOSE = "# /// script", "# ///"
_MAX_CHARACTERS = 64 * 1024
_MAX_DEPENDENCIES = 500


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
    if _MARK not in source:
        return None
    starts = list(_OPEN.finditer(source))
    blocks = [block for start in starts if (block := _content(source, start.end() + 1)) is not None]
    if len(blocks) > 1:
        raise ScriptHeaderInvalid("the program has more than one header (# /// script)", pointer=pointer)
    return blocks[0] if blocks else None


def _content(source: str, start: int) -> str | None:
    """The comment lines up to the last `# ///` of the run; None where it is never closed."""
    lines: list[str] = []
    closed = None
    for line in source[start : start + _MAX_CHARACTERS].split("\n"):
        text = line.removesuffix("\r")
        if text == _CLOSE:
            closed = len(lines)
        elif text != "#" and not text.startswith("# "):
            break
        lines.append(text[2:])
    return None if closed is None else "\n".join(lines[:closed])


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
