"""Everything that can go wrong here that is not the program's own doing.

CodeRunnerError
├── InvalidProgram            the request asks for something that cannot be run
│   ├── LimitAboveMaximum     a limit above the operator's
│   ├── LevelNotAllowed       a security level that the operator does not offer
│   ├── PolicyTooWide         security settings beyond what the operator and the key grant
│   ├── CpuShareUnavailable   a share of a core, on a host that cannot keep it
│   ├── CodeTooLarge          source text above the operator's bound
│   ├── CodeNotAnalysable     source text that cannot be parsed within bounds
│   ├── NotPython             source text with syntax errors where a module was asked for
│   ├── InvalidRequirementText  what is no requirement of an index
│   ├── SourceNotAllowed      a package from where none may come: Conda, Git, folders of this machine
│   ├── IndexNotAllowed       a package index that the operator has not named
│   ├── WheelRefused          a wheel that may not be installed, or is none
│   ├── ScriptHeaderInvalid   a program's header of dependencies that cannot be read
│   ├── PackageNotInstalled   a package to uninstall that was never asked for
│   └── PythonVersionMissing  a Python that this machine does not have
├── PackageProblem            packages that cannot be had
│   ├── InstallRefused        the operator lets nobody install
│   ├── PackageNotAllowed     the operator's lists refuse it
│   ├── PackagesUnresolvable  no set of versions fits; the resolver says why
│   ├── PackageIndexUnavailable  the index does not answer
│   └── InstallTimedOut       installing took longer than it may
├── EnvironmentProblem        environments
│   ├── EnvironmentNotFound   none of the caller's
│   ├── EnvironmentExists     the name is taken
│   ├── TooManyEnvironments   the tenant has all that it may have
│   └── EnvironmentBusy       other changes came first, or a run uses it
├── ExecutionNotFound         none of the caller's runs
├── DatabaseUnavailable       rows cannot be reached
├── StorageFull               no room is left
├── SandboxRefused            the host lacks a required layer, so no code runs
├── SandboxUnavailable        the sandbox failed; the program is not to blame
└── CapacityExceeded          more runs at once than the service holds
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CodeRunnerError(Exception):
    """The root; messages are public."""

    code = "coderunner_error"


class InvalidProgram(CodeRunnerError):
    """The request asks for something that cannot be run; `pointer` names the field."""

    code = "invalid_program"

    def __init__(self, message: str, *, pointer: str) -> None:
        super().__init__(message)
        self.errors: Sequence[Mapping[str, Any]] = [
            {"pointer": pointer, "code": self.code, "message": message}
        ]


class LimitAboveMaximum(InvalidProgram):
    """A limit above the operator's maximum."""

    code = "limit_above_maximum"


class LevelNotAllowed(InvalidProgram):
    """A security level that the operator does not offer."""

    code = "security_level_not_allowed"


class PolicyTooWide(InvalidProgram):
    """Security settings beyond what the operator and the API key grant."""

    code = "policy_too_wide"


class CodeTooLarge(InvalidProgram):
    """Source text above the operator's bound."""

    code = "code_too_large"


class CodeNotAnalysable(InvalidProgram):
    """Source text that cannot be parsed within bounds of time, memory and depth."""

    code = "code_not_analysable"

    def __init__(self, message: str, *, pointer: str = "/code") -> None:
        super().__init__(message, pointer=pointer)


class NotPython(InvalidProgram):
    """Source text with syntax errors where a module was asked for."""

    code = "syntax_error"

    def __init__(self, message: str, *, pointer: str, faults: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(message, pointer=pointer)
        self.errors = [{**fault, "pointer": pointer} for fault in faults]


class CpuShareUnavailable(InvalidProgram):
    """A share of a core, on a host without a writable control group."""

    code = "cpu_limit_unavailable"


class InvalidRequirementText(InvalidProgram):
    """A text that is no requirement of a package index."""

    code = "invalid_requirement"


class SourceNotAllowed(InvalidProgram):
    """A package from a source that the operator does not allow, or that nobody may use."""

    code = "source_not_allowed"


class IndexNotAllowed(InvalidProgram):
    """A package index, or a trust in one, that the operator has not named."""

    code = "index_not_allowed"


class WheelRefused(InvalidProgram):
    """A wheel with a name, tag, entry or size that it may not have."""

    code = "wheel_refused"


class ScriptHeaderInvalid(InvalidProgram):
    """A program's header (`# /// script`) that cannot be read."""

    code = "script_header_invalid"


class PackageNotInstalled(InvalidProgram):
    """A package to uninstall that was never asked for."""

    code = "package_not_installed"


class PythonVersionMissing(InvalidProgram):
    """A Python version that this machine does not have; the message lists those it has."""

    code = "python_version_missing"


class PackageProblem(CodeRunnerError):
    """Packages that cannot be had."""


class InstallRefused(PackageProblem):
    """The operator lets nobody install packages."""

    code = "install_refused"


class PackageNotAllowed(PackageProblem):
    """The operator's lists refuse a package."""

    code = "package_not_allowed"


class PackagesUnresolvable(PackageProblem):
    """No set of versions fits, or none has a wheel; the message is the resolver's explanation."""

    code = "packages_unresolvable"


class PackageIndexUnavailable(PackageProblem):
    """The package index does not answer."""

    code = "package_index_unavailable"


class InstallTimedOut(PackageProblem):
    """Installing took longer than it may."""

    code = "install_timed_out"


class EnvironmentProblem(CodeRunnerError):
    """Something about environments."""


class EnvironmentNotFound(EnvironmentProblem):
    """None of the caller's environments."""

    code = "environment_not_found"


class EnvironmentExists(EnvironmentProblem):
    """The name is taken."""

    code = "environment_exists"


class TooManyEnvironments(EnvironmentProblem):
    """The tenant has all the environments that it may have."""

    code = "too_many_environments"


class EnvironmentBusy(EnvironmentProblem):
    """Other changes came first, or a run uses it."""

    code = "environment_busy"


class ExecutionNotFound(CodeRunnerError):
    """None of the caller's runs."""

    code = "execution_not_found"


class DatabaseUnavailable(CodeRunnerError):
    """The rows cannot be reached."""

    code = "database_unavailable"


class StorageFull(CodeRunnerError):
    """No room is left."""

    code = "storage_full"


class SandboxRefused(CodeRunnerError):
    """The host lacks a required layer of isolation, so no code runs."""

    code = "sandbox_refused"


class SandboxUnavailable(CodeRunnerError):
    """The sandbox failed; the program is not to blame."""

    code = "sandbox_unavailable"


class CapacityExceeded(CodeRunnerError):
    """More runs at once than the service holds."""

    code = "capacity_exceeded"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
