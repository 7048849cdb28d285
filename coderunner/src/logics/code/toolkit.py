"""The use cases of /api/code, put together from their ports."""

from dataclasses import dataclass

from coderunner.src.logics.code.code_rules import CodeRules
from coderunner.src.logics.code.find_dependencies import FindDependencies, LayerOf
from coderunner.src.logics.code.parse_code import ParseCode
from coderunner.src.logics.code.policy_rules import PolicyRules
from coderunner.src.logics.code.ports.code_analyser import CodeAnalyser
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.code.validate_code import ValidateCode


@dataclass(frozen=True, slots=True)
class CodeToolkit:
    """Parse, validate and find dependencies under one set of rules."""

    parse_code: ParseCode
    validate_code: ValidateCode
    find_dependencies: FindDependencies
    analyser: CodeAnalyser
    catalogue: GuestCatalogue

    @classmethod
    def of(
        cls,
        analyser: CodeAnalyser,
        catalogue: GuestCatalogue,
        layer_of: LayerOf,
        rules: CodeRules,
        policy: PolicyRules,
    ) -> "CodeToolkit":
        """The three on the same ports."""
        find = FindDependencies(analyser=analyser, catalogue=catalogue, layer_of=layer_of, rules=rules)
        return cls(
            parse_code=ParseCode(analyser=analyser, find_dependencies=find, rules=rules),
            validate_code=ValidateCode(analyser=analyser, find_dependencies=find, rules=rules, policy=policy),
            find_dependencies=find,
            analyser=analyser,
            catalogue=catalogue,
        )
