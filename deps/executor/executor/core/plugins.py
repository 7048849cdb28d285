"""Classes that a setting names as `module:Class`."""

import importlib
from collections.abc import Mapping
from typing import TypeVar

from executor.errors import ConfigurationError
from executor.ports.handler import CustomExecutor, Handler

T = TypeVar("T")


def load_class(name: str, base: type[T]) -> type[T]:
    """Import a class and check what it is; ConfigurationError says what is wrong."""
    module_name, _, class_name = name.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"There is no class {name!r}; write it as module:Class.") from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ConfigurationError(f"{name!r} is not a {base.__name__}.")
    return found


def with_custom_executor(handlers: Mapping[str, Handler], name: str | None) -> dict[str, Handler]:
    """The handlers, and those kinds that the custom executor carries out; none may be there already."""
    if name is None:
        return dict(handlers)
    custom = load_class(name, CustomExecutor)()  # type: ignore[type-abstract]
    kinds = list(custom.supported_kinds())
    taken = sorted(set(kinds) & handlers.keys())
    if taken:
        raise ConfigurationError(
            f"{name!r} wants kinds that the service itself carries out: {', '.join(taken)}."
        )
    return {**handlers, **dict.fromkeys(kinds, custom)}
