"""Runs one program in an armed child and says what became of it."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language import compiling
from coderunner.guest.language.bundles import bundle_of
from coderunner.guest.language.caution import (
    attempt,
    clean_text,
    message_of,
    remember_interpreter,
    restore_interpreter,
)
from coderunner.guest.language.failures import Reporter, remember_source
from coderunner.guest.language.notebook_names import offer
from coderunner.guest.language.outputs import Emit, OutputSink
from coderunner.guest.language.parameters import ParameterMismatch, call_arguments
from coderunner.guest.language.policy import Policy, policy_of
from coderunner.guest.language.refusals import OwnModuleRefused, PolicyViolation, readable
from coderunner.guest.language.restricted_run import RestrictedRun
from coderunner.guest.language.signatures import CallRefused, Misfit, no_function, require_callable
from coderunner.guest.language.streams import Streams
from coderunner.guest.language.values import to_json

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

DEFAULT_VALUE_BYTES: Final = 1_000_000
_NO_VALUE: Final = object()


@dataclass(slots=True)
class Verdict:
    """What a run came to, collected on the way."""

    status: str = "success"
    value: Any = None
    value_truncated: bool = False
    value_is_tuple: bool = False
    return_code: int = 0
    exceptions: list[dict[str, Any]] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    timing: dict[str, float] = field(
        default_factory=lambda: {"compile_ms": 0.0, "import_ms": 0.0, "run_ms": 0.0}
    )
    memory_error: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def run(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Execute the program of a request in this process, which is used for nothing else; see docs/language.md."""
    return ProgramRun(request, emit).verdict()


def check(code: str, policy: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """All refusals of a program under the policy, without running any of it."""
    return compiling.check_source(policy_of(policy), code)


class ProgramRun:
    """One run, from source to verdict."""

    def __init__(self, request: dict[str, Any], emit: Emit) -> None:
        self._request = request
        self._work_dir = os.getcwd()
        self._streams = Streams()
        self._sink = OutputSink(emit, self._streams.flush, request.get("limits") or {})
        self._reporter = Reporter(self._work_dir)
        self._verdict = Verdict()
        self._entrypoint = request.get("entrypoint")
        named = self._entrypoint if request.get("as_module") else None
        self._package = None if named is None else ".".join(Path(named).parent.parts)
        self._restricted: RestrictedRun | None = None
        self._result: Any = _NO_VALUE
        self._main = ModuleType("__main__")

    def verdict(self) -> dict[str, Any]:
        """Run everything and return the verdict."""
        remember_interpreter()
        _forget_exit_handlers()
        try:
            try:
                self._run_program()
            finally:  # before the next line looks up a builtin name
                restore_interpreter()
        except BaseException as error:
            self._stop_guarding()
            self._failed(error)
        self._finish()
        return self._verdict.as_dict()

    # --- running ---

    def _run_program(self) -> None:
        started = perf_counter()
        source, file = self._source()
        policy = self._policy()
        called = self._request.get("function_name")
        compiled = compiling.compile_program(
            source,
            file,
            policy,
            with_value=not (called or self._entrypoint),
            in_package=bool(self._package),
            examine=self._examine_call if called else None,
        )
        self._verdict.timing["compile_ms"] = _ms_since(started)
        violations = compiled.violations + self._refused_files(policy, compiled.imported)
        if violations:
            self._refused(violations)
            return
        if self._entrypoint is None:
            remember_source(file, source)
        namespace = self._namespace(policy)
        self._execute(compiled, namespace)
        if called:
            self._call(called, namespace)

    def _examine_call(self, tree: ast.Module) -> None:
        request = self._request
        parameters, arguments = request.get("parameters") or {}, request.get("arguments") or []
        require_callable(tree, str(request["function_name"]), parameters, arguments)

    def _refused_files(self, policy: Policy | None, imported: frozenset[str]) -> list[dict[str, Any]]:
        """What the policy refuses in the program's own files, so that all refusals come at once."""
        if policy is None or not policy.own_modules:
            return []
        from coderunner.guest.language.own_files import refusals_in

        return refusals_in(policy, imported, [Path(folder) for folder in self._folders()])

    def _source(self) -> tuple[str, str]:
        if self._entrypoint is None:
            return self._request["code"], compiling.PROGRAM_NAME
        path = Path(self._work_dir, self._entrypoint)
        return path.read_text(encoding="utf-8"), str(path)

    def _policy(self) -> Policy | None:
        if self._request.get("security_level") == "isolated":
            return None
        entries = {
            entry.name.removesuffix(".py") for folder in self._folders() for entry in os.scandir(folder)
        }
        own = sorted(name for name in entries if name.isidentifier())
        return policy_of({**(self._request.get("policy") or {}), "own_modules": own})

    def _namespace(self, policy: Policy | None) -> dict[str, Any]:
        """The program's globals: those of a real `__main__` module."""
        sys.modules["__main__"] = self._main
        sys.dont_write_bytecode = True
        sys.argv = [self._entrypoint or compiling.PROGRAM_NAME, *map(str, self._request.get("args") or ())]
        namespace = self._main.__dict__
        if self._entrypoint:
            namespace["__file__"] = str(Path(self._work_dir, self._entrypoint))
        if self._package is not None:
            namespace["__package__"] = self._package
        folders = self._folders()
        if policy is None:
            sys.path[:0] = folders
            namespace["__builtins__"] = sys.modules["builtins"]
        else:
            self._restricted = RestrictedRun(policy, self._work_dir, folders, namespace)
        namespace["display"] = self._display
        offer(self._display)
        if not self._request.get("function_name"):
            namespace.update(self._request.get("parameters") or {})
        threading.excepthook = self._thread_failed
        self._prepare_figures()
        return namespace

    def _folders(self) -> list[str]:
        """Where the program's own modules are: beside an entry point that is a file, and in the work dir."""
        if self._entrypoint is None or self._package is not None:
            return [self._work_dir]
        return list(dict.fromkeys([str(Path(self._work_dir, self._entrypoint).parent), self._work_dir]))

    def _execute(self, compiled: compiling.Compiled, namespace: dict[str, Any]) -> None:
        timing = self._verdict.timing
        started = perf_counter()
        try:
            if self._restricted:
                self._restricted.guard(active=True)
            if compiled.imports:
                exec(compiled.imports, namespace)
                timing["import_ms"] = _ms_since(started)
            if compiled.body:
                exec(compiled.body, namespace)
            if compiled.last:
                self._result = eval(compiled.last, namespace)
        finally:
            timing["run_ms"] = max(0.0, _ms_since(started) - timing["import_ms"])

    def _call(self, name: str, namespace: dict[str, Any]) -> None:
        function = namespace.get(name)
        if name not in namespace or not callable(function):
            names = [key for key, value in namespace.items() if callable(value) and key != "display"]
            raise LookupError(no_function(name, names))
        try:
            positional, named = call_arguments(
                function, self._request.get("parameters") or {}, self._request.get("arguments") or []
            )
        except ParameterMismatch as error:
            raise CallRefused([Misfit("TypeError", str(error))]) from None
        started = perf_counter()
        try:
            result = function(*positional, **named)
            if hasattr(type(result), "__await__"):
                import asyncio

                result = asyncio.run(_awaited(result))
            self._result = result
        finally:
            self._verdict.timing["run_ms"] += _ms_since(started)

    # --- what it shows ---

    def _display(self, *values: Any, **_options: Any) -> None:
        """Show values as rich outputs at once."""
        for value in values:
            if not self._sink.full:
                self._sink.display(*bundle_of(value))

    def _prepare_figures(self) -> None:
        if "matplotlib" in sys.modules:
            from coderunner.guest.language import figures

            figures.prepare(self._sink, self._request.get("figure") or {})

    def _show_figures(self) -> None:
        if "matplotlib" in sys.modules:
            from coderunner.guest.language import figures

            figures.show_open(self._sink, self._request.get("figure") or {})

    # --- the end ---

    def _finish(self) -> None:
        """Join threads, run exit handlers, show what is left; a program's objects may raise anywhere here."""
        self._quietly(_join_threads)
        self._quietly(self._keep_result)
        self._quietly(self._show_figures)
        self._quietly(atexit._run_exitfuncs)
        self._stop_guarding()
        self._streams.flush()

    def _keep_result(self) -> None:
        if self._result is None or self._result is _NO_VALUE:
            return
        if not self._request.get("function_name"):
            attempt(lambda: self._sink.result(*bundle_of(self._result)), None)
        budget = int((self._request.get("limits") or {}).get("value_bytes") or DEFAULT_VALUE_BYTES)
        verdict = self._verdict
        verdict.value, verdict.value_truncated = to_json(self._result, budget)
        verdict.value_is_tuple = isinstance(verdict.value, list) and issubclass(type(self._result), tuple)

    def _quietly(self, action: Callable[[], None]) -> None:
        """Run a step of the end; what it raises is the program's failure unless there is one already."""
        try:
            try:
                action()
            finally:
                restore_interpreter()
        except BaseException as error:
            if self._verdict.status == "success":
                self._failed(error)

    def _stop_guarding(self) -> None:
        if self._restricted:
            self._restricted.guard(active=False)

    # --- failing ---

    def _refused(self, violations: list[dict[str, Any]]) -> None:
        self._verdict.status = "policy_violation"
        self._verdict.return_code = 1
        for found in violations:
            found["file"] = found["file"].removeprefix(f"{self._work_dir}/")
        self._verdict.violations = violations
        self._streams.write_error(readable(violations))

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, SystemExit):
            self._left(error)
            return
        verdict = self._verdict
        verdict.status, verdict.return_code = "error", 1
        if isinstance(error, CallRefused):
            verdict.exceptions += [misfit.record() for misfit in error.misfits]
            self._streams.write_error("".join(record["traceback"] for record in verdict.exceptions))
            return
        verdict.memory_error = isinstance(error, MemoryError)
        record = self._reporter.record(error)
        verdict.exceptions.append(record)
        if isinstance(error, PolicyViolation):
            self._violated(error, record)
        if not self._own_hook(error):
            self._streams.write_error(record["traceback"])
        attempt(lambda: self._sink.error(record["type"], record["message"], record["traceback"]), None)

    def _violated(self, error: PolicyViolation, record: dict[str, Any]) -> None:
        self._verdict.status = "policy_violation"
        if isinstance(error, OwnModuleRefused):
            self._verdict.violations = error.violations
            self._streams.write_error(readable(error.violations))
            return
        if self._restricted:
            self._verdict.violations = [self._restricted.violation(error, record["line"])]

    def _thread_failed(self, failure: threading.ExceptHookArgs) -> None:
        """A thread's failure, in the words of the interpreter and with the program's frames only."""
        if failure.exc_value is None or isinstance(failure.exc_value, SystemExit):
            return
        name = clean_text(attempt(lambda: str(getattr(failure.thread, "name", "?")), "?"), 200)
        self._streams.write_error(
            f"Exception in thread {name}:\n{self._reporter.record(failure.exc_value)['traceback']}"
        )

    def _own_hook(self, error: BaseException) -> bool:
        """Whether the program's own `sys.excepthook` has dealt with it."""
        hook = sys.excepthook
        if self._restricted or hook is sys.__excepthook__:
            return False
        return attempt(lambda: (hook(type(error), error, error.__traceback__), True)[1], False)

    def _left(self, error: SystemExit) -> None:
        code = attempt(lambda: _code_of(error), 1)
        if code is None or (isinstance(code, int) and int.__eq__(code, 0) is True):
            return
        self._verdict.status = "error"
        self._verdict.return_code = int.__and__(code, 0xFF) if isinstance(code, int) else 1
        if not isinstance(code, int):
            self._streams.write_error(f"{message_of(error)}\n")


async def _awaited(result: Any) -> Any:
    return await result


def _forget_exit_handlers() -> None:
    """The parent's libraries have registered clean-ups that are not this run's."""
    atexit._clear()
    logging = sys.modules.get("logging")
    if logging is not None:
        atexit.register(logging.shutdown)


def _join_threads() -> None:
    vars(threading)["_shutdown"]()  # what the interpreter does at its end: joins the non-daemon threads


def _code_of(error: SystemExit) -> Any:
    return error.code


def _ms_since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 3)
