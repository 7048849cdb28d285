"""The fields of a PDF form: found by their full names, and given values that they take."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, NameObject, NumberObject, TextStringObject

from dataflowtools.src.errors import InvalidEdit

_DEEPEST = 50  # a chain that long is a loop
_RADIO, _PUSH_BUTTON = 1 << 15, 1 << 16
_COMBO, _FREE_COMBO = 1 << 17, 1 << 18
_SHOWN_NAMES = 30


@dataclass(slots=True)
class Field:
    """A field with all the places where it stands; the first of the nodes is the one that has the value."""

    name: str
    node: Any
    widgets: list[Any] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Tell its type: /Tx, /Ch, /Btn or /Sig."""
        return str(inherited(self.node, "/FT"))

    @property
    def flags(self) -> int:
        """Read its flags."""
        return int(inherited(self.node, "/Ff") or 0)

    @property
    def options(self) -> list[tuple[str, str]]:
        """List what a choice offers: (value, shown)."""
        listed = inherited(self.node, "/Opt") or ()
        pairs = (one.get_object() for one in listed)
        return [
            (str(one[0]), str(one[1])) if isinstance(one, list) else (str(one), str(one)) for one in pairs
        ]

    @property
    def is_list(self) -> bool:
        """Whether all that it offers is seen at once."""
        return self.kind == "/Ch" and not self.flags & _COMBO

    @property
    def states(self) -> list[str]:
        """List the states that a button may have, but off."""
        found = (state for widget in self.widgets for state in _states(widget))
        return [state for state in dict.fromkeys(found) if state != "/Off"]


def fields_of(writer: PdfWriter) -> dict[str, Field]:
    """Find the fields by their full names."""
    found: dict[str, Field] = {}
    for page in writer.pages:
        for widget in widgets_of(page):
            node = _holder(widget)
            name = _full_name(node)
            found.setdefault(name, Field(name, node)).widgets.append(widget)
    return found


def widgets_of(page: Any) -> Iterator[Any]:
    """Yield the form's places on a page."""
    for reference in page.get("/Annots", ArrayObject()).get_object():
        widget = reference.get_object()
        if widget.get("/Subtype") == "/Widget":
            yield widget


def _holder(widget: Any) -> Any:
    """Find the node that has the field's own name; a widget without one belongs to its parent."""
    return next((node for node in _upwards(widget) if "/T" in node), widget)


def _upwards(node: Any) -> Iterator[Any]:
    for _ in range(_DEEPEST):
        if node is None:
            return
        yield node
        parent = node.get("/Parent")
        node = None if parent is None else parent.get_object()


def _full_name(node: Any) -> str:
    return ".".join(reversed([str(one["/T"]) for one in _upwards(node) if "/T" in one]))


def inherited(node: Any, key: str) -> Any:
    """Read an entry of a node or of those above it."""
    found = next((one[key] for one in _upwards(node) if key in one), None)
    return None if found is None else found.get_object()


def _states(widget: Any) -> list[str]:
    shown = widget.get("/AP", {}).get_object().get("/N", {}).get_object() if "/AP" in widget else {}
    return list(map(str, shown)) if "/Subtype" not in shown else []


def set_value(one: Field, value: str | bool) -> str:
    """Give a field its value and return what is to be seen of it; InvalidEdit when it takes no such value."""
    if one.kind == "/Btn":
        return _set_state(one, value)
    if isinstance(value, bool):
        raise InvalidEdit(f"The field {one.name[:60]!r} takes a text.")
    if one.kind == "/Ch":
        return _choose(one, value)
    if one.kind != "/Tx":
        raise InvalidEdit(f"The field {one.name[:60]!r} is for a signature, which is not made here.")
    longest = inherited(one.node, "/MaxLen")
    if longest is not None and len(value) > int(longest):
        raise InvalidEdit(f"The field {one.name[:60]!r} takes at most {int(longest)} characters.")
    one.node[NameObject("/V")] = TextStringObject(value)
    one.node.pop("/RV", None)
    return value


def _set_state(one: Field, value: str | bool) -> str:
    if one.flags & _PUSH_BUTTON:
        raise InvalidEdit(f"The field {one.name[:60]!r} is a button to push and has no value.")
    state = _state(one, value)
    one.node[NameObject("/V")] = NameObject(state)
    for widget in one.widgets:
        widget[NameObject("/AS")] = NameObject(state if state in _states(widget) else "/Off")
    return state


def _state(one: Field, value: str | bool) -> str:
    states = one.states or ["/Yes"]
    if value is False or value in {"Off", "/Off"}:
        return "/Off"
    if value is True and (len(states) == 1 or not one.flags & _RADIO):
        return states[0]
    labels = dict(zip((shown for _, shown in one.options), states, strict=False))
    wanted = labels.get(str(value), f"/{str(value).removeprefix('/')}")
    if value is True or wanted not in states:
        shown = ", ".join(repr(state.removeprefix("/")) for state in states[:_SHOWN_NAMES])
        others = "false" if one.flags & _RADIO else "true, false"
        raise InvalidEdit(f"The field {one.name[:60]!r} takes {others} or one of {shown}.")
    return wanted


def _choose(one: Field, value: str) -> str:
    options = one.options
    place = next((place for place, pair in enumerate(options) if value in pair), None)
    if place is None and not one.flags & _FREE_COMBO:
        shown = ", ".join(repr(name) for _, name in options[:_SHOWN_NAMES])
        raise InvalidEdit(f"The field {one.name[:60]!r} has no {value[:60]!r}; it has {shown}.")
    kept, seen = (value, value) if place is None else options[place]
    one.node[NameObject("/V")] = TextStringObject(kept)
    one.node.pop("/I", None)
    if place is not None:
        one.node[NameObject("/I")] = ArrayObject([NumberObject(place)])
    return seen
