"""The bodies of /api/runner: what a caller sends and gets."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from coderunner.src.common.program import FigureWishes, Program, SecurityLevel
from coderunner.src.common.security import SWITCHES, Functions, Liftable, Modules
from coderunner.src.logics.runner.execute_code import Execution
from coderunner.src.logics.runner.limits import WIRE_LIMITS
from servicekit.http import Body, encode_json

MAX_CODE_CHARACTERS = 10_000_000
MAX_FILES = 1000
_MAX_PATH = 1000
_MAX_DEPTH = 50
_MAX_SEGMENT_BYTES = 255
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_FORBIDDEN_ENV = re.compile(r"LD_|PYTHON|GLIBC_|MALLOC_|GCONV_|NLSPATH$|LOCPATH$|PATH$|HOME$|TMPDIR$")


def _file_path(path: str) -> str:
    """A relative path beneath the work folder, in one spelling."""
    parts = path.split("/")
    bad = (
        not path
        or len(path) > _MAX_PATH
        or len(parts) > _MAX_DEPTH
        or "\\" in path
        or any(ord(c) < ord(" ") or ord(c) == 127 for c in path)  # noqa: PLR2004 - DEL
        or any(part in {"", ".", ".."} or len(_bytes(part)) > _MAX_SEGMENT_BYTES for part in parts)
        or PurePosixPath(path).is_absolute()
    )
    if bad:
        message = (
            "must be a relative path without empty, '.' or '..' parts, backslashes or control characters"
        )
        raise ValueError(message)
    return path


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _env_name(name: str) -> str:
    if not _ENV_NAME.fullmatch(name):
        message = "must be letters, digits and underscores, not starting with a digit"
        raise ValueError(message)
    if _FORBIDDEN_ENV.match(name):
        message = "is a name that the interpreter or the system's loader reads"
        raise ValueError(message)
    return name


def _no_nul(text: str) -> str:
    if "\0" in text:
        message = "must not contain a NUL character"
        raise ValueError(message)
    return text


def _function_name(name: str) -> str:
    if not name.isidentifier() or name.startswith("_"):
        message = "must be a Python identifier that does not start with an underscore"
        raise ValueError(message)
    return name


Text = Annotated[str, AfterValidator(_no_nul)]
FilePath = Annotated[str, AfterValidator(_file_path)]
FunctionName = Annotated[str, AfterValidator(_function_name)]
Positive = Annotated[int, Field(ge=1, le=2**53)]


class FigureBody(Body):
    """How open matplotlib figures are drawn."""

    formats: list[str] = Field(default_factory=lambda: ["png"], max_length=2, description="png, svg or both.")
    dpi: int = Field(default=100, ge=20, le=600, description="Dots per inch of PNGs.")
    size: tuple[float, float] | None = Field(default=None, description="Width and height in inches.")

    @model_validator(mode="after")
    def _known(self) -> "FigureBody":
        unknown = sorted(set(self.formats) - {"png", "svg"})
        if unknown:
            message = f"formats knows png and svg, not {', '.join(unknown)}"
            raise ValueError(message)
        if self.size and not all(0 < side <= 100 for side in self.size):  # noqa: PLR2004 - inches
            message = "size takes two numbers above 0 and up to 100"
            raise ValueError(message)
        return self


class SecuritySettingsBody(Body):
    """What a program may do at level restricted: narrower than the operator and the API key have it, never wider."""

    allowed_modules: Modules | None = Field(
        default=None, max_length=1000, strict=False, description="These modules only, with their submodules."
    )
    blocked_modules: Modules | None = Field(
        default=None, max_length=1000, strict=False, description="Taken away, with their submodules."
    )
    allowed_functions: Liftable | None = Field(
        default=None, max_length=1000, strict=False, description="Of the functions lifted here, these only."
    )
    blocked_functions: Functions | None = Field(
        default=None, max_length=1000, strict=False, description="Builtins and members taken away."
    )
    enable_system_calls: bool | None = Field(
        default=None,
        description="false: no process of its own, and no os, sys and the like at level restricted.",
    )
    enable_file_access: bool | None = Field(
        default=None, description="false: nothing is written, and no file at all at level restricted."
    )
    enable_network_access: bool | None = Field(
        default=None, description="false: no network, and no network modules at level restricted."
    )


class ExecuteBody(Body):
    """A program and what it may use."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["code"]}, {"required": ["files", "entrypoint"]}]}
    )

    code: Annotated[str, Field(max_length=MAX_CODE_CHARACTERS)] = Field(
        default="", description="Python source; with `entrypoint` it may be left out."
    )
    timeout: float | None = Field(default=None, gt=0, le=86_400, description="Wall time, seconds.")
    security_level: SecurityLevel | None = Field(
        default=None, strict=False, description="restricted or isolated; the operator's default when absent."
    )
    security_settings: SecuritySettingsBody = Field(
        default_factory=SecuritySettingsBody, description="Narrows what the program may do."
    )
    enable_network_access: bool | None = Field(default=None, description="false: no network for this run.")
    enable_file_access: bool | None = Field(default=None, description="false: this run writes no file.")
    enable_system_calls: bool | None = Field(default=None, description="false: this run starts no process.")
    function_name: FunctionName | None = Field(
        default=None, description="Call this function of the program and return what it returns."
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Arguments of the function; without one, variables of the program."
    )
    arguments: list[Any] = Field(
        default_factory=list, max_length=1000, description="Arguments of the function by place."
    )
    memory_limit: Positive | None = Field(default=None, description="Memory of all processes together, MB.")
    stdin: str = Field(default="", max_length=MAX_CODE_CHARACTERS, description="What input() reads.")
    env: dict[Annotated[str, AfterValidator(_env_name)], Text] = Field(
        default_factory=dict, max_length=100, description="Environment variables of the program."
    )
    args: list[Text] = Field(default_factory=list, max_length=1000, description="sys.argv[1:].")
    files: dict[FilePath, str] = Field(
        default_factory=dict, max_length=MAX_FILES, description="Files of the program: path to text."
    )
    entrypoint: FilePath | None = Field(
        default=None,
        description="What runs as __main__: one of `files` by its path, or a module or package of theirs by its "
        "dotted name, as `python -m` takes it.",
    )
    environment_id: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="Environment whose packages the program sees; else the one that its header (`# /// script`) "
        "asks for, else the caller's default one. `guest` is none but the guest interpreter.",
    )
    auto_install: bool = Field(
        default=False, description="Install what the program imports and lacks (needs the scope packages)."
    )
    figure: FigureBody = Field(default_factory=FigureBody, description="How figures are drawn.")
    cpu_time: Positive | None = Field(default=None, description="CPU seconds of all processes together.")
    cpu_limit: float | None = Field(
        default=None, ge=0.01, le=1024, description="Cores that the run may keep busy at once, as 0.5."
    )
    max_processes: Positive | None = Field(default=None, description="Processes and threads.")
    max_open_files: Annotated[int, Field(ge=16, le=2**31)] | None = Field(
        default=None, description="Open files of each process."
    )
    disk_limit: Positive | None = Field(
        default=None, description="Work folder, /tmp and /dev/shm together, MB."
    )
    max_files: Annotated[int, Field(ge=16, le=2**31)] | None = Field(
        default=None, description="Files and folders."
    )
    max_stdout_bytes: Positive | None = Field(default=None, description="stdout that is kept, bytes.")
    max_stderr_bytes: Positive | None = Field(default=None, description="stderr that is kept, bytes.")
    max_value_bytes: Positive | None = Field(default=None, description="JSON value, bytes.")
    max_outputs: Positive | None = Field(default=None, description="Rich outputs.")
    max_output_bytes: Positive | None = Field(default=None, description="Rich outputs together, bytes.")

    @model_validator(mode="after")
    def _runnable(self) -> "ExecuteBody":
        if self.entrypoint is None and "code" not in self.model_fields_set:
            message = "code is required, or files with an entrypoint"
            raise ValueError(message)
        if self.entrypoint is not None and _entry(self.entrypoint, self.files) is None:
            message = "entrypoint must be one of files, or a module or package (with __main__.py) among them"
            raise ValueError(message)
        if self.entrypoint is not None and self.code:
            message = "give code or an entrypoint, not both"
            raise ValueError(message)
        if self.arguments and self.function_name is None:
            message = "arguments need a function_name"
            raise ValueError(message)
        _no_file_is_a_folder(self.files)
        return self

    def program(self, default_level: SecurityLevel, key_policy: Mapping[str, Any]) -> Program:
        """The program as the core knows it, held to what the caller's key is held to."""
        entry = None if self.entrypoint is None else _entry(self.entrypoint, self.files)
        return Program(
            code=self.code,
            security_level=self.security_level or default_level,
            security=self._security(),
            key_policy=key_policy,
            function_name=self.function_name,
            parameters=self.parameters,
            arguments=tuple(self.arguments),
            stdin=self.stdin,
            env=self.env,
            args=tuple(self.args),
            files=self.files,
            entrypoint=entry,
            as_module=entry != self.entrypoint,
            environment_id=self.environment_id,
            auto_install=self.auto_install,
            figure=FigureWishes(tuple(self.figure.formats), self.figure.dpi, self.figure.size),
        )

    def _security(self) -> dict[str, Any]:
        """security_settings with the three switches that may stand beside them; the narrower one counts."""
        security = self.security_settings.model_dump(exclude_none=True)
        for name in SWITCHES:
            wish = getattr(self, name)
            if wish is not None:
                security[name] = wish and security.get(name, True)
        return security

    def wishes(self) -> dict[str, Any]:
        """The limits that the caller asked for."""
        return {name: getattr(self, name) for name in WIRE_LIMITS}


def _entry(named: str, files: Mapping[str, str]) -> str | None:
    """The file that an entry point stands for: itself, or that of the module or package of this name."""
    place = named.replace(".", "/")
    return next((path for path in (named, f"{place}.py", f"{place}/__main__.py") if path in files), None)


def _no_file_is_a_folder(files: dict[str, str]) -> None:
    for path in files:
        for folder in PurePosixPath(path).parents:
            if str(folder) in files:
                message = f"files has {folder} both as a file and as a folder"
                raise ValueError(message)


class LimitReply(BaseModel):
    """The limit that ended the run."""

    name: str
    value: float
    used: float
    unit: str


class TimingReply(BaseModel):
    """Where the milliseconds went."""

    model_config = ConfigDict(populate_by_name=True)

    install: float
    queue: float
    pool: float
    compile: float
    import_: float = Field(alias="import")
    run: float


class ExecutionReply(BaseModel):
    """What a run returned; a failing program is an answer too."""

    execution_id: str
    environment_id: str | None = Field(
        description="The environment that the request or the program's header named."
    )
    status: str = Field(
        description="success, error, timeout, memory_exceeded, output_exceeded, killed, policy_violation, cancelled."
    )
    result: str = Field(description="The program's stdout.")
    value: Any = Field(
        description="Value of the last expression, or what the called function returned, as JSON."
    )
    value_truncated: bool = Field(
        description="The value was larger than its limit, so parts of it are missing."
    )
    outputs: list[dict[str, Any]] = Field(description="Rich results as nbformat outputs.")
    stdout: str
    stderr: str
    stdout_truncated: bool
    stderr_truncated: bool
    return_code: int = Field(description="As Python exits; negative: ended by that signal.")
    exceptions: list[dict[str, Any]] = Field(description="type, message, line and the program's own frames.")
    violations: list[dict[str, Any]] = Field(
        description="What the policy refused: where, what, why, what instead."
    )
    limit: LimitReply | None
    execution_time_ms: float
    cpu_time_ms: float
    memory_usage_kb: int = Field(description="What the run's processes own beyond the shared parent.")
    timing: TimingReply


def encoded_reply(execution: Execution) -> bytes:
    """The reply as it is sent, and remembered."""
    return encode_json(execution_reply(execution))


def execution_reply(execution: Execution) -> dict[str, Any]:
    """The reply as JSON members."""
    outcome = execution.outcome
    timing = outcome.timing
    limit = outcome.limit
    return {
        "execution_id": execution.execution_id,
        "environment_id": execution.environment_id,
        "status": outcome.verdict.value,
        "result": outcome.stdout,
        "value": outcome.value,
        "value_truncated": outcome.value_truncated,
        "outputs": list(outcome.outputs),
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "stdout_truncated": outcome.stdout_truncated,
        "stderr_truncated": outcome.stderr_truncated,
        "return_code": outcome.return_code,
        "exceptions": list(outcome.exceptions),
        "violations": list(outcome.violations),
        "limit": limit and {"name": limit.name, "value": limit.value, "used": limit.used, "unit": limit.unit},
        "execution_time_ms": round(outcome.execution_time_ms, 3),
        "cpu_time_ms": round(outcome.cpu_time_ms, 3),
        "memory_usage_kb": outcome.memory_usage_kb,
        "timing": {
            "install": round(timing.install_ms, 3),
            "queue": round(timing.queue_ms, 3),
            "pool": round(timing.pool_ms, 3),
            "compile": round(timing.compile_ms, 3),
            "import": round(timing.import_ms, 3),
            "run": round(timing.run_ms, 3),
        },
    }
