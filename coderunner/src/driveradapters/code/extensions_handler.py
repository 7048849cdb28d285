"""GET /api/code/extensions: which parser and which executor serve here."""

from typing import Any

from pydantic import BaseModel, Field

from coderunner.src.logics.code.ports.code_analyser import CodeAnalyser, CustomPythonParser
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.runner.ports.sandbox import CustomPythonExecutor, Sandbox
from servicekit.http import ApiHandler, operation

_FEATURES = ("parse", "parse_package", "syntax_tree", "parameters_schema", "validate", "dependencies")


class ParserReply(BaseModel):
    """The parser."""

    name: str
    features: list[str]


class ExecutorReply(BaseModel):
    """The executor."""

    name: str
    versions: list[str] = Field(description="Pythons that it runs.")


class ExtensionsReply(BaseModel):
    """Both."""

    parser: ParserReply
    executor: ExecutorReply


class ExtensionsHandler(ApiHandler):
    """The service's own two unless the operator's settings name others."""

    def initialize(self, parser: CodeAnalyser, executor: Sandbox, catalogue: GuestCatalogue) -> None:
        self._parser = parser
        self._executor = executor
        self._catalogue = catalogue

    @operation(
        summary="Say which parser and which executor serve here",
        tag="code",
        replies={200: ExtensionsReply},
        scope="run",
    )
    async def get(self) -> None:
        self.reply({"parser": self._about_parser(), "executor": await self._about_executor()})

    def _about_parser(self) -> dict[str, Any]:
        parser = self._parser
        if isinstance(parser, CustomPythonParser):
            return {"name": parser.parser_name(), "features": list(parser.supported_features())}
        return {"name": "guest", "features": list(_FEATURES)}

    async def _about_executor(self) -> dict[str, Any]:
        executor = self._executor
        if isinstance(executor, CustomPythonExecutor):
            return {"name": executor.executor_name(), "versions": list(executor.supported_versions())}
        contents = await self._catalogue.contents()
        return {"name": "sandbox", "versions": [contents.python_version]}
