"""The interpreter's own reports while a restricted program runs: what libraries do for it is held to the policy too.

String languages (DataFrame.eval, formulas, sympify) reach objects past every guard in the source;
what they then do (start a process, open a path, use the network) is still reported here and refused.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language import text_engines
from coderunner.guest.language.library_text import what_reaches_out
from coderunner.guest.language.ownership import is_partly_own
from coderunner.guest.language.refusals import CallRefused, FileRefused, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from coderunner.guest.language.policy import Policy

_CODE_NAMES: Final = re.compile(r"\b(" + "|".join(sorted(tables.CODE_NAMES_IN_TEXT)) + r")\b")
_FUNCTIONS: Final = re.compile(
    r"(?<![\w.])(" + "|".join(sorted(tables.FUNCTION_NAMES_IN_TEXT)) + r")\b(?!\s*=[^=])"
)
_CALLS: Final = re.compile(r"(?<![\w.])(" + "|".join(sorted(tables.CALL_NAMES_IN_TEXT)) + r")\s*\(")
_TRUSTED_GENERATORS: Final = (
    "dataclasses.py",
    "collections/__init__.py",
    "enum.py",
    "functools.py",
    "typing_extensions.py",
    "/attr/_make.py",
)
_OWN_FILES: Final = os.path.dirname(os.path.abspath(__file__))


_OUTSIDE: Final = (
    "files outside the work dir are not the program's",
    "use a plain name: it stands in the work dir",
)


_OWN_PATH: Final = Refusal(
    "file", "a path of a class of your own", "libraries ask it more than once", "give str(path)"
)


class Auditor:
    """An audit hook for one restricted run."""

    def __init__(self, policy: Policy, work_dir: str) -> None:
        self.active = False
        self._policy = policy
        self._work_dir = work_dir
        runtime = {sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), *filter(None, sys.path)}
        runtime |= {os.path.realpath(place) for place in runtime}  # the interpreter may be named by a link
        self._readable = (*tables.READABLE_PREFIXES, *runtime, *_config_dirs())
        self._handlers: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
            "compile": self._compiled,
            "pickle.find_class": self._unpickled,
            **dict.fromkeys(tables.PATH_EVENTS, self._path),
            **dict.fromkeys(tables.REFUSED_EVENTS, self._refused),
        }

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.active and (handler := self._handlers.get(event)):
            handler(event, args)

    # --- effects ---

    def _refused(self, event: str, _args: tuple[Any, ...]) -> None:
        what, kind = tables.REFUSED_EVENTS[event]
        if (kind == "network" and self._policy.network_access) or (
            kind == "process" and self._policy.system_calls
        ):
            return
        if event in tables.LIBRARY_EVENTS and not self._caused_by_program():
            return
        raise CallRefused(
            Refusal(
                "effect", f"to {what} ({event})", "restricted programs compute; they do not reach outside"
            )
        )

    def _caused_by_program(self) -> bool:
        """Whether the nearest caller is the program, or text that a library runs for it."""
        frame = _caller()
        while frame is not None and _is_foreign_helper(frame.f_code.co_filename):
            frame = frame.f_back
        return frame is None or not self._is_library(frame.f_code.co_filename)

    def _is_library(self, file: str) -> bool:
        return file.startswith("<frozen ") or any(
            file.startswith(prefix) for prefix in self._readable if prefix[:1] == "/"
        )

    # --- paths ---

    def _path(self, event: str, args: tuple[Any, ...]) -> None:
        paths = (
            args[:2]
            if event in ("os.rename", "os.link", "os.symlink", "shutil.move", "shutil.copyfile")
            else args[:1]
        )
        writes = event != "open" or _writes(args)
        if event in ("os.listdir", "os.scandir"):
            writes = False
        for path in paths:
            self._one_path(event, path, writes=writes)

    def _one_path(self, event: str, path: Any, *, writes: bool) -> None:
        if path is None or type(path) is int or path == ":memory:":
            return
        text = _as_text(path)
        if event == "sqlite3.connect" and text.startswith("file:"):
            text = text.removeprefix("file:").partition("?")[0]
            if text == ":memory:":
                return
        real = os.path.realpath(text)
        if self._policy.file_access and (
            _inside(real, self._work_dir) or any(_inside(real, place) for place in _scratch())
        ):
            return
        if not writes and (self._is_runtime(real) or self._is_runtime(os.path.abspath(text))):
            return
        if writes and real == "/dev/null":
            return
        what = f"{event} of {text[:200]!r}"
        if not self._policy.file_access:
            raise FileRefused(self._policy.file_refusal(what))
        raise FileRefused(Refusal("file", what, *_OUTSIDE))

    def _is_runtime(self, real: str) -> bool:
        return any(_inside(real, prefix) for prefix in self._readable)

    # --- text that libraries run ---

    def _compiled(self, _event: str, args: tuple[Any, ...]) -> None:
        source, file = args[0], args[1]
        if not isinstance(source, (str, bytes)):
            return
        caller = _caller()
        if caller is None or _is_trusted(caller.f_code.co_filename):
            return
        if isinstance(file, str) and self._is_library(file):
            return
        text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
        plain = unicodedata.normalize("NFKC", text)
        found = _CODE_NAMES.search(plain) or _FUNCTIONS.search(plain) or _CALLS.search(plain)
        name = found.group(1) if found else what_reaches_out(plain, self._policy)
        if name:
            raise CallRefused(
                Refusal(
                    "text as code",
                    f'"{name}" in text that a library runs as code',
                    "it reaches past the guards",
                    "write the expression in Python",
                )
            )

    def _unpickled(self, _event: str, args: tuple[Any, ...]) -> None:
        module, name = args[0], args[1]
        if not (isinstance(module, str) and isinstance(name, str) and _is_data_class(module, name)):
            raise CallRefused(
                Refusal(
                    "pickle",
                    f"unpickling {module}.{name}",
                    "unpickling runs code",
                    "use csv, parquet or json",
                )
            )


def _is_data_class(module: str, name: str) -> bool:
    """Whether a pickle may name this: plain builtins, classes of the data libraries, and what rebuilds arrays."""
    root = module.partition(".")[0]
    if root == "builtins":
        return name in tables.UNPICKLED_BUILTINS
    if root not in tables.UNPICKLED_PACKAGES or "." in name:
        return False
    return name[:1].isupper() or name in tables.UNPICKLED_REBUILDERS


def _caller() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame


def _is_trusted(file: str) -> bool:
    """Whether what is compiled there is ours or the standard library's, and no text of the program's."""
    return _is_generator(file) or (file.startswith(_OWN_FILES) and file != text_engines.__file__)


def _is_foreign_helper(file: str) -> bool:
    return file.endswith(("ctypes/__init__.py", "ctypes/util.py", "cffi/api.py"))


def _is_generator(file: str) -> bool:
    return file.endswith(_TRUSTED_GENERATORS) or file.startswith("<frozen ")


def _writes(args: tuple[Any, ...]) -> bool:
    mode, flags = args[1], (*args, 0, 0)[2]
    if isinstance(mode, str):
        return any(char in mode for char in "wax+")
    return isinstance(flags, int) and bool(
        flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    )


def _as_text(path: Any) -> str:
    if is_partly_own(path):
        raise FileRefused(_OWN_PATH)  # it may name another place each time it is asked
    try:
        return os.fsdecode(path)
    except TypeError as error:
        raise FileRefused(Refusal("file", "this kind of path", "it is neither text nor bytes")) from error


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _scratch() -> tuple[str, ...]:
    return ("/tmp", "/dev/shm")  # noqa: S108  (private to the run; the jail sees to it)


def _config_dirs() -> list[str]:
    matplotlib = sys.modules.get("matplotlib")
    return [matplotlib.get_configdir(), matplotlib.get_cachedir()] if matplotlib else []
