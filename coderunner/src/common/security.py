"""What programs may do at level restricted, in the words of SecuritySettings, and what an API key is held to."""

import builtins
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from coderunner.src.common.program import SecurityLevel

SWITCHES: Final = ("enable_system_calls", "enable_file_access", "enable_network_access")
LISTS: Final = ("allowed_modules", "blocked_modules", "allowed_functions", "blocked_functions")
_NEVER: Final = frozenset({"exec", "eval", "compile", "__import__", "globals", "locals"})
_NAME: Final = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\.\*)?$|^\*$"


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _liftable(names: tuple[str, ...]) -> tuple[str, ...]:
    never = sorted(_NEVER & set(names))
    if never:
        message = f"{', '.join(never)} cannot be allowed at level restricted"
        raise ValueError(message)
    return names


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = sorted(name for name in names if "." not in name and not hasattr(builtins, name))
    if unknown:
        message = f"{', '.join(unknown)}: neither a builtin nor package.function"
        raise ValueError(message)
    return names


Name = Annotated[str, Field(max_length=255, pattern=_NAME)]
Modules = Annotated[tuple[Name, ...], BeforeValidator(_split)]
Functions = Annotated[tuple[Name, ...], BeforeValidator(_split), AfterValidator(_known)]
Liftable = Annotated[tuple[Name, ...], BeforeValidator(_split), AfterValidator(_liftable)]


class KeyPolicy(BaseModel):
    """What an API key is held to, beyond the operator's settings; what is absent is as the operator has it.

    With `overrides_operator` the key's members stand in the place of the operator's, and may be wider.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    overrides_operator: bool = False
    allowed_modules: Modules | None = None
    blocked_modules: Modules | None = None
    allowed_functions: Liftable | None = None
    blocked_functions: Functions | None = None
    enable_system_calls: bool | None = None
    enable_file_access: bool | None = None
    enable_network_access: bool | None = None
    security_levels: tuple[SecurityLevel, ...] | None = Field(None, min_length=1)
    max_execution_time: float | None = Field(None, gt=0)
    max_memory_usage: int | None = Field(None, ge=1024**2)

    def settings(self) -> dict[str, Any]:
        """The members of SecuritySettings that the key names."""
        return {name: held for name in (*LISTS, *SWITCHES) if (held := getattr(self, name)) is not None}

    def levels(self) -> frozenset[SecurityLevel] | None:
        """The levels a key may use; one that narrows the language runs restricted only unless it names levels."""
        if self.security_levels is not None:
            return frozenset(self.security_levels)
        return frozenset({SecurityLevel.RESTRICTED}) if self.settings() else None


def key_policy(found: Mapping[str, Any]) -> KeyPolicy:
    """The policy kept with a key; ValueError says what is wrong with it."""
    if not found:
        return NO_KEY_POLICY
    try:
        return KeyPolicy.model_validate(dict(found))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        text = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        raise ValueError(text) from None


NO_KEY_POLICY: Final = KeyPolicy()
