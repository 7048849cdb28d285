"""The HTTP status and title of every error; the errors themselves know none."""

from collections.abc import Mapping

from coderunner.src import errors
from servicekit.http import ErrorEntry

ERROR_TABLE: Mapping[type[Exception], ErrorEntry] = {
    errors.LimitAboveMaximum: ErrorEntry(422, "Limit above maximum"),
    errors.LevelNotAllowed: ErrorEntry(422, "Security level not allowed"),
    errors.PolicyTooWide: ErrorEntry(422, "Security settings too wide"),
    errors.CodeTooLarge: ErrorEntry(422, "Code too large"),
    errors.CodeNotAnalysable: ErrorEntry(422, "Code not analysable"),
    errors.NotPython: ErrorEntry(422, "Not valid Python"),
    errors.CpuShareUnavailable: ErrorEntry(422, "No share of a core here"),
    errors.InvalidRequirementText: ErrorEntry(422, "Invalid requirement"),
    errors.SourceNotAllowed: ErrorEntry(422, "Source of packages not allowed"),
    errors.IndexNotAllowed: ErrorEntry(422, "Package index not allowed"),
    errors.WheelRefused: ErrorEntry(422, "Wheel refused"),
    errors.ScriptHeaderInvalid: ErrorEntry(422, "Script header invalid"),
    errors.PackageNotInstalled: ErrorEntry(422, "Package not installed"),
    errors.PythonVersionMissing: ErrorEntry(422, "Python version missing"),
    errors.InstallRefused: ErrorEntry(403, "Installing refused"),
    errors.PackageNotAllowed: ErrorEntry(403, "Package not allowed"),
    errors.PackagesUnresolvable: ErrorEntry(422, "Packages cannot be installed"),
    errors.PackageIndexUnavailable: ErrorEntry(503, "Package index unavailable", retry_after_s=10),
    errors.InstallTimedOut: ErrorEntry(504, "Installing took too long"),
    errors.EnvironmentNotFound: ErrorEntry(404, "Environment not found"),
    errors.EnvironmentExists: ErrorEntry(409, "Environment exists"),
    errors.TooManyEnvironments: ErrorEntry(429, "Too many environments"),
    errors.EnvironmentBusy: ErrorEntry(409, "Environment busy"),
    errors.ExecutionNotFound: ErrorEntry(404, "Execution not found"),
    errors.DatabaseUnavailable: ErrorEntry(503, "Database unavailable", retry_after_s=2),
    errors.StorageFull: ErrorEntry(507, "Storage full"),
    errors.SandboxRefused: ErrorEntry(503, "No code runs on this host", retry_after_s=5),
    errors.SandboxUnavailable: ErrorEntry(503, "Sandbox unavailable", retry_after_s=1),
    errors.CapacityExceeded: ErrorEntry(503, "Capacity exceeded", retry_after_s=1),
}
