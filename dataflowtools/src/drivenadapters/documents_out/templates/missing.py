"""Fields that a template asks for and the data lack: nothing, but nothing that is shown unnoticed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from jinja2 import Undefined

from dataflowtools.src.errors import InvalidTemplateData

_CURES = {True: ("a list", "loop over it or join it"), False: ("an object", "show its fields")}


class Fields(dict[str, Any]):
    """An object of the data that knows where it stands, so that what it lacks can be named."""

    __slots__ = ("place",)

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        super().__init__(values)
        self.place = place


class Items(list[Any]):
    """A list of the data that knows where it stands."""

    __slots__ = ("place",)

    def __init__(self, values: Iterable[Any], place: str) -> None:
        super().__init__(values)
        self.place = place


def pointer_to(place: str) -> str:
    """Point at a place in the data of one record."""
    return "/".join(["/data", *filter(None, place.replace("[", ".").replace("]", "").split("."))])


def as_text(value: Any) -> Any:
    """Let a value be shown as text; InvalidTemplateData for an object or a list, which only Python would read."""
    if value is None or value == []:
        return ""
    if isinstance(value, (Mapping, list)):
        place = value.place if isinstance(value, (Fields, Items)) else ""
        kind, cure = _CURES[isinstance(value, list)]
        message = f"This is {kind}, and the template shows it as text; {cure}."
        fault = {"pointer": pointer_to(place), "message": message}
        raise InvalidTemplateData(f"{kind.capitalize()} cannot be shown as text.", [fault])
    return value


def tracked(value: Any, place: str = "") -> Any:
    """Make data that know their places; what is no list or object stays as it is."""
    if isinstance(value, Mapping):
        dot = f"{place}." if place else ""
        return Fields({str(name): tracked(one, f"{dot}{name}") for name, one in value.items()}, place)
    if isinstance(value, list):
        return Items((tracked(one, f"{place}[{number}]") for number, one in enumerate(value)), place)
    return value


class Missing(Undefined):
    """Nothing, wherever it is asked; testing it is fine, showing or counting with it is noted."""

    __slots__ = ()
    noted: ClassVar[dict[str, None]] = {}

    def _own_name(self) -> str:
        named = str(self._undefined_name)
        place = self._undefined_obj.place if isinstance(self._undefined_obj, Fields) else ""
        return f"{place}.{named}" if place else named

    def _note(self, *_: Any, **__: Any) -> Any:
        self.noted[self._own_name()] = None
        return ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(self)(name=f"{self._own_name()}.{name}")

    def __getitem__(self, key: Any) -> Any:
        own = self._own_name()
        return type(self)(name=f"{own}[{key}]" if isinstance(key, int) else f"{own}.{key}")

    def __iter__(self) -> Iterator[Any]:
        self._note()
        return iter(())

    def __len__(self) -> int:
        self._note()
        return 0

    def _zero(self, *_: Any, **__: Any) -> Any:
        self._note()
        return 0

    def _refusing(self, *_: Any, **__: Any) -> Any:
        self._note()
        return False

    __str__ = __html__ = __call__ = __add__ = __radd__ = _note
    __int__ = __float__ = __complex__ = __neg__ = __pos__ = _zero
    __sub__ = __rsub__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _zero
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __div__ = __rdiv__ = _zero
    __lt__ = __le__ = __gt__ = __ge__ = _refusing


def missing_kind(noted: dict[str, None]) -> type[Missing]:
    """Make the kind of nothing that notes what is missing in this dictionary."""
    return type("Missing", (Missing,), {"noted": noted, "__slots__": ()})
