"""POST /api/code/parse, /api/code/validate and /api/code/dependencies."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.code.uploads import (
    DependenciesForm,
    ParseForm,
    UploadingHandler,
    ValidateForm,
)
from coderunner.src.driveradapters.code.wire import (
    DependenciesBody,
    DependenciesReply,
    ParseBody,
    ParseReply,
    ValidateBody,
    ValidationReply,
    dependencies_member,
    module_member,
)
from coderunner.src.logics.code.code_rules import SourceFile
from coderunner.src.logics.code.find_dependencies import FindDependencies
from coderunner.src.logics.code.parse_code import ParseCode
from coderunner.src.logics.code.ports.run_history import RunHistory
from coderunner.src.logics.code.validate_code import ValidateCode
from servicekit.http import operation

_ERRORS = (
    "syntax_error",
    "code_too_large",
    "code_not_analysable",
    "capacity_exceeded",
    "sandbox_unavailable",
)


class ParseHandler(UploadingHandler):
    """Source in, structure out; nothing is executed."""

    def initialize(self, parse_code: ParseCode, history: RunHistory) -> None:
        self._parse_code = parse_code
        self._history = history

    @operation(
        summary="Parse Python source without running it",
        description="`code` answers with one module; `files`, or several uploaded files, with a list of modules.",
        tag="code",
        body=ParseBody,
        replies={200: ParseReply},
        errors=_ERRORS,
        scope="run",
    )
    async def post(self) -> None:
        asked: ParseForm | ParseBody
        if self.is_upload:
            asked, sources = self.parse_form(ParseForm)
            is_package = len(sources) > 1
            if asked.module_name and not is_package:
                sources = [replace(sources[0], name=asked.module_name)]
        else:
            asked = self.parse_body(ParseBody)
            sources, is_package = asked.sources(asked.module_name), asked.code is None
        if is_package:
            await self._package(asked, sources)
            return
        module = await self._parse_code(
            self.caller.tenant, sources[0], asked.environment_id, with_tree=asked.include_ast
        )
        await self._keep(asked.tool_id, [module])
        self.reply(module_member(module))

    async def _package(self, asked: ParseForm | ParseBody, sources: Sequence[SourceFile]) -> None:
        found = await self._parse_code.package(
            self.caller.tenant, sources, asked.environment_id, with_tree=asked.include_ast
        )
        await self._keep(asked.tool_id, found.modules)
        self.reply(
            {"modules": [module_member(module) for module in found.modules], "errors": list(found.faults)}
        )

    async def _keep(self, tool_id: str | None, modules: Sequence[Mapping[str, Any]]) -> None:
        for module in modules if tool_id else ():
            await self._history.keep_module(self.caller.tenant, str(tool_id), module)


class ValidateHandler(UploadingHandler):
    """Everything that speaks against a program."""

    def initialize(self, validate_code: ValidateCode, default_level: SecurityLevel) -> None:
        self._validate_code = validate_code
        self._default_level = default_level

    @operation(
        summary="Say what speaks against a program without running it",
        tag="code",
        body=ValidateBody,
        replies={200: ValidationReply},
        errors=("policy_too_wide", "environment_not_found", *_ERRORS[2:]),
        scope="run",
    )
    async def post(self) -> None:
        asked: ValidateForm | ValidateBody
        if self.is_upload:
            asked, sources = self.parse_form(ValidateForm)
        else:
            asked = self.parse_body(ValidateBody)
            sources = asked.sources("<program>")
        level = asked.security_level or self._default_level
        wishes = asked.security_settings.model_dump(exclude_none=True)
        found = await self._validate_code(
            self.caller.tenant,
            sources,
            level,
            wishes,
            environment_id=asked.environment_id,
            key=self.caller.policy,
        )
        sorted_out: dict[str, list[Any]] = {"error": [], "warning": []}
        for entry in found.entries:
            sorted_out[entry["severity"]].append(entry)
        self.reply({"valid": found.valid, "errors": sorted_out["error"], "warnings": sorted_out["warning"]})


class DependenciesHandler(UploadingHandler):
    """Which distributions a program needs."""

    def initialize(self, find_dependencies: FindDependencies) -> None:
        self._find_dependencies = find_dependencies

    @operation(
        summary="Find the distributions that a program imports",
        tag="code",
        body=DependenciesBody,
        replies={200: DependenciesReply},
        errors=_ERRORS,
        scope="run",
    )
    async def post(self) -> None:
        asked: DependenciesForm | DependenciesBody
        if self.is_upload:
            asked, sources = self.parse_form(DependenciesForm)
        else:
            asked = self.parse_body(DependenciesBody)
            sources = asked.sources()
        found = await self._find_dependencies(self.caller.tenant, sources, asked.environment_id)
        self.reply(dependencies_member(found))
