"""The bodies of /api/code: source as text, as files, or uploaded."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, RootModel, model_validator

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.runner.wire import FilePath, SecuritySettingsBody
from coderunner.src.logics.code.code_rules import SourceFile
from coderunner.src.logics.code.find_dependencies import Dependencies
from servicekit.http import Body

_MAX_CHARACTERS = 64_000_000
MAX_FILES = 1000
ModuleName = Annotated[str, Field(min_length=1, max_length=255)]
ToolId = Annotated[str, Field(min_length=1, max_length=255)]
EnvironmentId = Annotated[str, Field(max_length=64)]


class SourceBody(Body):
    """One text or several files."""

    code: Annotated[str, Field(max_length=_MAX_CHARACTERS)] | None = Field(
        default=None, description="Python source."
    )
    files: dict[FilePath, str] = Field(
        default_factory=dict, max_length=MAX_FILES, description="A package: path to source."
    )
    environment_id: EnvironmentId | None = Field(
        default=None,
        description="Look here for what is installed; else the default environment.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "SourceBody":
        if (self.code is None) == (not self.files):
            message = "give either code or files"
            raise ValueError(message)
        return self

    def sources(self, name: str = "main") -> list[SourceFile]:
        """The texts as bytes; what Python cannot encode is left for the parser to complain about."""
        if self.code is not None:
            return [SourceFile(name, self.code.encode("utf-8", "surrogatepass"), "/code")]
        return [
            SourceFile(path, text.encode("utf-8", "surrogatepass"), f"/files/{_escaped(path)}")
            for path, text in self.files.items()
        ]


def _escaped(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1")


class ParseBody(SourceBody):
    """What to parse."""

    module_name: ModuleName = Field(default="main", description="The module's name in the reply.")
    include_ast: bool = Field(default=False, description="Add the syntax tree as ast.dump writes it.")
    tool_id: ToolId | None = Field(
        default=None, description="Keep the module in the history under this tool."
    )


class ValidateBody(SourceBody):
    """What to validate, and against what."""

    security_level: SecurityLevel | None = Field(default=None, strict=False)
    security_settings: SecuritySettingsBody = Field(default_factory=SecuritySettingsBody)


class DependenciesBody(SourceBody):
    """Whose dependencies to find."""


class DependencyReply(BaseModel):
    """One distribution that a program needs."""

    name: str
    version: str | None = Field(description="The installed version.")
    source: str
    requirements: list[str]
    import_names: list[str]
    installed: bool
    optional: bool = Field(description="Only imported in a try block or for type checkers.")
    origin: str = Field(description="guest, environment or missing.")
    guessed: bool = Field(
        description="Nothing knows this import; the distribution is taken to have its name."
    )


class DependenciesReply(BaseModel):
    """Imports sorted by where they come from."""

    dependencies: list[DependencyReply]
    installed: list[str]
    missing: list[str]
    standard_library: list[str]
    local: list[str]


class ModuleReply(BaseModel):
    """A parsed module: the fields of PythonModule."""

    name: str
    docstring: str | None
    functions: list[dict[str, Any]]
    classes: list[dict[str, Any]]
    imports: list[dict[str, Any]]
    dependencies: list[DependencyReply]
    source_code: str
    ast: str | None


class EntryReply(BaseModel):
    """One thing that speaks against a program."""

    code: str
    severity: str
    message: str
    line: int | None
    column: int | None
    end_line: int | None
    end_column: int | None
    source: str
    caret: str
    suggestion: str
    file: str


class PackageReply(BaseModel):
    """The files that parse, and what is wrong with the others."""

    modules: list[ModuleReply]
    errors: list[EntryReply]


class ParseReply(RootModel[ModuleReply | PackageReply]):
    """One module for one text, a list for a package."""


class ValidationReply(BaseModel):
    """Valid when no error is listed."""

    valid: bool
    errors: list[EntryReply]
    warnings: list[EntryReply]


def dependency_member(found: dict[str, Any]) -> dict[str, Any]:
    """One dependency with the seed's fields."""
    return {**found, "source": "pypi", "requirements": []}


def module_member(module: dict[str, Any]) -> dict[str, Any]:
    """One module with its dependencies as members."""
    return {**module, "dependencies": [dependency_member(one) for one in module["dependencies"]]}


def dependencies_member(found: Dependencies) -> dict[str, Any]:
    """The reply of /api/code/dependencies."""
    listed = [
        dependency_member({name: getattr(one, name) for name in type(one).__slots__})
        for one in found.dependencies
    ]
    return {
        "dependencies": listed,
        "installed": [one.name for one in found.dependencies if one.installed],
        "missing": list(found.missing),
        "standard_library": list(found.standard_library),
        "local": list(found.local),
    }
