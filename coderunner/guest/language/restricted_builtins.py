"""The builtins of a restricted program."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language import transformer as names
from coderunner.guest.language.guards import Guards, match_values
from coderunner.guest.language.new_nodes import MATCH_VALUES
from coderunner.guest.language.refusals import CallRefused, FileRefused, Refusal
from coderunner.guest.language.type_face import type_face
from coderunner.guest.language.wrapped_members import guarded_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from coderunner.guest.language.policy import Policy

_EXCEPTIONS: Final = [
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
]


def restricted_builtins(policy: Policy, guards: Guards, importer: Callable[..., Any]) -> dict[str, Any]:
    """Harmless builtins as they are, the others guarded, and the guards under names no source can spell."""
    found = {
        name: getattr(builtins, name)
        for name in (*tables.NATIVE_BUILTINS, *_EXCEPTIONS)
        if hasattr(builtins, name)
    }
    found.update(
        {
            "type": type_face,
            "getattr": guards.dynamic_getattr,
            "setattr": guards.setattr,
            "delattr": guards.delattr,
            "vars": _vars_of(guards),
            "open": _open(policy),
            "exit": _leave,
            "quit": _leave,
            "__import__": importer,
            names.GETATTR: guards.getattr,
            names.CHECKED_GETATTR: guards.checked_getattr,
            names.WRITE: guards.write,
            names.WRITE_PRIVATE: guards.write_private,
            names.OWN_PRIVATE: guards.own_private,
            names.CLASS_NAME: guards.class_name,
            names.METACLASS: guards.metaclass,
            names.VARS: _vars_of(guards),
            names.TYPE: type_face,
            MATCH_VALUES: match_values,
        }
    )
    for name in policy.blocked_builtins():
        found.pop(name, None)
    return found


def _leave(code: Any = None) -> None:
    raise SystemExit(code)


def _vars_of(guards: Guards) -> Callable[..., dict[str, Any]]:
    def vars(*owner: Any) -> dict[str, Any]:
        if len(owner) != 1 or not guards.is_own_instance(owner[0]):
            raise CallRefused(
                Refusal(
                    "builtin",
                    "vars() of this",
                    "it hands out a namespace that the policy guards",
                    "vars(x) works for objects of your own classes",
                )
            )
        held: dict[str, Any] = object.__getattribute__(owner[0], "__dict__")
        return held

    return vars


def _open(policy: Policy) -> Callable[..., Any]:
    if policy.file_access:
        return guarded_open

    def refused(*_args: Any, **_kwargs: Any) -> Any:
        raise FileRefused(policy.file_refusal("open()"))

    return refused
