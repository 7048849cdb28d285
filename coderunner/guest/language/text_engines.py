"""Libraries that run text as code for a program: formulas, expressions, lambdified functions.

Such text finds the program's own builtins in the place of the interpreter's, and reads attributes through its guard.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.refusals import CallRefused, Refusal


@dataclass(frozen=True, slots=True)
class Held:
    """What text gets that a library runs for the program."""

    getattr: Callable[..., Any]
    builtins: dict[str, Any]

    @classmethod
    def by(cls, getattr: Callable[..., Any], own: dict[str, Any]) -> Held:
        """The program's builtins; imports in a text are judged before it is compiled."""
        return cls(getattr, {**own, "__import__": builtins.__import__})


Change = Callable[[ModuleType, Held], None]


def hold_eval(module: ModuleType, held: Held) -> None:
    """Texts that a module evaluates find the program's builtins."""
    plain_eval, plain_exec = eval, exec

    def eval_text(source: Any, globals: Any = None, locals: Any = None) -> Any:
        if globals is None:
            caller = sys._getframe(1)
            return plain_eval(source, caller.f_globals, caller.f_locals)
        globals.setdefault("__builtins__", held.builtins)
        return plain_eval(source, globals, locals)

    def exec_text(source: Any, globals: dict[str, Any], locals: Any = None) -> None:
        globals.setdefault("__builtins__", held.builtins)
        plain_exec(source, globals, locals)

    module.__dict__.update({"eval": eval_text, "exec": exec_text})


def _hold_sympy_engine(module: ModuleType, held: Held) -> None:
    """Its texts are given all builtins by name, too."""
    hold_eval(module, held)
    names = (name for name in tables.NATIVE_BUILTINS if not name.startswith("__") and name in held.builtins)
    module.__dict__["builtins"] = SimpleNamespace(**{name: held.builtins[name] for name in names})


def _hold_attributes(module: ModuleType, held: Held) -> None:
    module.__dict__["getattr"] = held.getattr


def _hold_names(module: ModuleType, _held: Held) -> None:
    """`sympy.var` writes names into the program: those of the policy's guards would stand in their place."""
    symbols = module.__dict__["symbols"]

    def var(names: Any, **arguments: Any) -> Any:
        made = symbols(names, **arguments)
        found: dict[str, Any] = {}
        _collect(made, found)
        sys._getframe(1).f_globals.update(found)
        return made

    for loaded in (module, *(sys.modules.get(name) for name in ("sympy.core", "sympy"))):
        if loaded is not None and "var" in vars(loaded):
            loaded.__dict__["var"] = var


def _collect(made: Any, found: dict[str, Any]) -> None:
    if isinstance(made, (list, tuple, set)):
        for one in made:
            _collect(one, found)
    elif made is not None:
        name = getattr(made, "name", None) or getattr(made, "__name__", None)
        if type(name) is not str or not name.isidentifier() or name.startswith("_"):
            raise CallRefused(Refusal("name", "var() of this name", "it is no name for a variable"))
        found[name] = made


ENGINES: Final[dict[str, Change]] = {
    "patsy.eval": hold_eval,
    "formulaic.utils.stateful_transforms": hold_eval,
    "sympy.utilities.lambdify": _hold_sympy_engine,
    "sympy.parsing.sympy_parser": _hold_sympy_engine,
    "sympy.parsing.ast_parser": hold_eval,
    "sympy.plotting.experimental_lambdify": hold_eval,
    "sympy.core.symbol": _hold_names,
    "pandas.core.computation.expr": _hold_attributes,
}
