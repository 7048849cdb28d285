"""POST /api/code/parse, /api/code/validate and /api/code/dependencies."""

from typing import Any

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.code.uploads import UploadingHandler
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
        sources = self.uploaded_sources()
        tool_id, tree, is_package = None, False, sources is not None and len(sources) > 1
        if sources is None:
            body = self.parse_body(ParseBody)
            sources, tree, is_package = body.sources(body.module_name), body.include_ast, body.code is None
            tool_id = body.tool_id
        tenant = self.caller.tenant
        if is_package:
            found = await self._parse_code.package(tenant, sources, with_tree=tree)
            for module in found.modules if tool_id else ():
                await self._history.keep_module(tenant, str(tool_id), module)
            self.reply(
                {"modules": [module_member(module) for module in found.modules], "errors": list(found.faults)}
            )
            return
        module = await self._parse_code(tenant, sources[0], with_tree=tree)
        if tool_id:
            await self._history.keep_module(tenant, tool_id, module)
        self.reply(module_member(module))


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
        errors=("policy_too_wide", *_ERRORS[2:]),
        scope="run",
    )
    async def post(self) -> None:
        uploads = self.uploaded_sources()
        body = ValidateBody(code="") if uploads is not None else self.parse_body(ValidateBody)
        level = body.security_level or self._default_level
        wishes = body.security_settings.model_dump(exclude_none=True)
        sources = uploads if uploads is not None else body.sources("<program>")
        found = await self._validate_code(
            self.caller.tenant,
            sources,
            level,
            wishes,
            environment_id=body.environment_id,
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
        uploads = self.uploaded_sources()
        body = DependenciesBody(code="") if uploads is not None else self.parse_body(DependenciesBody)
        sources = uploads if uploads is not None else body.sources()
        found = await self._find_dependencies(self.caller.tenant, sources, body.environment_id)
        self.reply(dependencies_member(found))
