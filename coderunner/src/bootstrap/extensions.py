"""The seed's extension points: one setting each names a class that stands before the service's own adapter."""

from typing import TypeVar

from coderunner.src.common.settings import Settings
from coderunner.src.logics.code.ports.code_analyser import CodeAnalyser, CustomPythonParser
from coderunner.src.logics.runner.ports.sandbox import CustomPythonExecutor, Sandbox
from executor.core.plugins import load_class
from executor.errors import ConfigurationError
from servicekit.settings import SettingsError

T = TypeVar("T")


def parser_of(settings: Settings, own: CodeAnalyser) -> CodeAnalyser:
    """The parser that STEPFLOW_PYTHON_PARSER_CLASS names, or the service's own."""
    name = settings.stepflow_python_parser_class
    return _load("STEPFLOW_PYTHON_PARSER_CLASS", name, CustomPythonParser)(own) if name else own  # type: ignore[type-abstract]


def executor_of(settings: Settings, own: Sandbox) -> Sandbox:
    """The executor that STEPFLOW_PYTHON_EXECUTOR_CLASS names, or the service's own."""
    name = settings.stepflow_python_executor_class
    return _load("STEPFLOW_PYTHON_EXECUTOR_CLASS", name, CustomPythonExecutor)(own) if name else own  # type: ignore[type-abstract]


def _load(setting: str, name: str, base: type[T]) -> type[T]:
    try:
        return load_class(name, base)
    except ConfigurationError as wrong:
        raise SettingsError(f"{setting}: {wrong}") from wrong
