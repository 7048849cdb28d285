"""`type` as restricted programs see it: it names a value's class and never builds one."""

from __future__ import annotations

from typing import Any, NoReturn

from coderunner.guest.language.refusals import CallRefused, Refusal

_METACLASSES = "metaclasses build classes past the policy"


class _Face(type):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        if len(args) != 1 or keywords:
            raise CallRefused(
                Refusal("class", "type() with three arguments", _METACLASSES, "write a class statement")
            )
        kind = type(args[0])
        return type_face if issubclass(kind, type) else kind

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, type)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return subclass is type_face or issubclass(subclass, type)

    def __getitem__(cls, item: Any) -> Any:
        return type[item]

    def __eq__(cls, other: object) -> bool:
        return other is type or other is type_face

    def __hash__(cls) -> int:
        return hash(type)

    def __repr__(cls) -> str:
        return "<class 'type'>"

    def __or__(cls, other: Any) -> Any:
        return type | other

    def __ror__(cls, other: Any) -> Any:
        return other | type


class type_face(metaclass=_Face):
    """What the name `type` means in a restricted program."""

    __slots__ = ()

    def __init_subclass__(cls) -> NoReturn:
        raise CallRefused(Refusal("class", "a subclass of type", _METACLASSES, "use a class decorator"))
