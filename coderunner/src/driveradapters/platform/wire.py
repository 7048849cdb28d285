"""The bodies of the platform's runner: typed values by place in, named values out."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from coderunner.src.common.program import Program, RunOutcome, SecurityLevel, Verdict
from coderunner.src.driveradapters.runner.wire import MAX_CODE_CHARACTERS, FunctionName

_MOST_PARAMETERS = 1000


class _Lenient(BaseModel):
    """The platform's clients send members that say nothing here."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class InputParam(_Lenient):
    """One argument; its `key`, if there is one, is not looked at."""

    type: str = Field(max_length=100, description="string, int, number, boolean, array or object.")
    value: Any = None


class OutputParam(_Lenient):
    """The name under which a result is returned."""

    key: str = Field(max_length=1000)


class RunByParamsBody(_Lenient):
    """A program that defines a function, and what the function is called with."""

    code: Annotated[str, Field(max_length=MAX_CODE_CHARACTERS)]
    input_params: list[InputParam] = Field(default_factory=list, max_length=_MOST_PARAMETERS)
    output_params: list[OutputParam] = Field(default_factory=list, max_length=_MOST_PARAMETERS)
    func: FunctionName = "main"

    @model_validator(mode="before")
    @classmethod
    def _leave_out(cls, given: Any) -> Any:
        """Clients in Go send null and "" for what they leave out."""
        if not isinstance(given, dict):
            return given
        empty = {"input_params": (None,), "output_params": (None,), "func": (None, "")}
        return {name: value for name, value in given.items() if value not in empty.get(name, ())}

    def program(self, level: SecurityLevel, key_policy: Mapping[str, Any]) -> Program:
        """The call by place; ValueError names the parameter that cannot be read."""
        return Program(
            code=self.code,
            security_level=level,
            key_policy=key_policy,
            function_name=self.func,
            arguments=tuple(_read(index, param) for index, param in enumerate(self.input_params)),
        )


class AsyncRunByParamsBody(RunByParamsBody):
    """The same, and where its result is posted."""

    callback: Annotated[str, Field(min_length=1, max_length=2000)]


class StartedReply(BaseModel):
    """Accepted; the execution can be followed and cancelled at `Location`."""

    status: str
    execution_id: str


class ResultReply(RootModel[dict[str, Any]]):
    """Results by their keys."""


class FailureReply(BaseModel):
    """Whatever went wrong with the program, as the platform expects it."""

    detail: str
    code: int = 500


def results(outcome: RunOutcome, wanted: list[OutputParam]) -> dict[str, Any]:
    """A tuple goes to the keys one by one, any other result to the first."""
    keys = [param.key for param in wanted]
    if outcome.value_is_tuple:
        return dict(zip(keys, outcome.value, strict=False))
    return {keys[0]: outcome.value} if keys else {}


def failure(outcome: RunOutcome) -> str:
    """What the program's failure is in one text; "" for a success."""
    if outcome.verdict is Verdict.SUCCESS:
        return ""
    if outcome.limit is not None:
        limit = outcome.limit
        return f"{outcome.verdict.value}: {limit.name} is limited to {limit.value:g} {limit.unit}"
    said = [f"{error['type']}: {error['message']}" for error in outcome.exceptions]
    said += [f"{found.get('what')} is refused: {found.get('why')}" for found in outcome.violations]
    return "; ".join(said) or f"the program ended with code {outcome.return_code}"


# --- values: the platform's client sends every value as text, other callers as what it is ---


def _read(index: int, param: InputParam) -> Any:
    reader = _READERS.get(param.type)
    if reader is None:
        known = ", ".join(_READERS)
        raise ValueError(f"input_params[{index}]: there is no type {param.type!r}; there are {known}")
    text = param.value if isinstance(param.value, str) else json.dumps(param.value, ensure_ascii=False)
    try:
        return reader(text)
    except (ValueError, OverflowError):
        raise ValueError(f"input_params[{index}]: {text[:200]!r} is no {param.type}") from None


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return int(float(text))


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return int(text) if text.strip().lstrip("+-").isdecimal() else value


def _boolean(text: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.strip().lower() not in known:
        raise ValueError(text)
    return known[text.strip().lower()]


def _parsed(text: str) -> Any:
    """JSON, and what is no JSON as the text that it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "string": str,
    "int": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _parsed,
    "object": _parsed,
}
