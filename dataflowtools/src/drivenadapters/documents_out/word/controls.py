"""Content controls of Word documents, filled."""

import copy
from typing import Any

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.word.markup import make, text_elements, w
from dataflowtools.src.errors import InvalidEdit

_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_NAMES = ("tag", "alias", "id")
_TRUE = {"1", "true", "on", ""}


def fill_controls(root: Element, name: str, value: str | bool, caveats: Caveats) -> int:
    """Fill every control of that tag, title or id, and return how many there are."""
    found = [control for control in root.iter(w("sdt")) if name in names_of(control)]
    for control in found:
        _fill(control, value, caveats)
    return len(found)


def names_of(control: Element) -> set[str]:
    """List what a control is called: its tag, its title, its id."""
    properties = control.find(w("sdtPr"))
    if properties is None:
        return set()
    entries = (properties.find(w(name)) for name in _NAMES)
    return {str(entry.get(w("val"))) for entry in entries if entry is not None and entry.get(w("val"))}


def _fill(control: Element, value: str | bool, caveats: Caveats) -> None:
    properties = control.find(w("sdtPr"))
    box = properties.find(f"{_W14}checkbox")
    if box is not None:
        value = _check(box, value)
    elif isinstance(value, bool):
        raise InvalidEdit("Only a check box takes true or false.")
    _check_choice(properties, value)
    for name in ("showingPlcHdr", "dataBinding"):
        entry = properties.find(w(name))
        if entry is not None:
            properties.remove(entry)
            if name == "dataBinding":
                message = "A content control is no longer bound to the data part, which held another value."
                caveats.add("binding_removed", message)
    date = properties.find(w("date"))
    if date is not None and w("fullDate") in date.attrib:
        del date.attrib[w("fullDate")]
    content = control.find(w("sdtContent"))
    if content is None:
        raise InvalidEdit("The content control has no content to fill.")
    _set_text(content, value)


def _check(box: Element, value: str | bool) -> str:
    checked = value if isinstance(value, bool) else value.strip().lower() in _TRUE - {""}
    state = box.find(f"{_W14}checked")
    if state is None:
        state = box.makeelement(f"{_W14}checked")
        box.insert(0, state)
    state.set(f"{_W14}val", "1" if checked else "0")
    shown = box.find(f"{_W14}{'checkedState' if checked else 'uncheckedState'}")
    code = "2612" if checked else "2610"
    if shown is not None:
        code = shown.get(f"{_W14}val", code)
    return chr(int(code, 16))


def _check_choice(properties: Element, value: str) -> None:
    chosen = properties.find(w("dropDownList"))
    if chosen is None:
        return
    items = [
        entry.get(w("displayText")) or entry.get(w("value")) or "" for entry in chosen.findall(w("listItem"))
    ]
    if value not in items:
        shown = ", ".join(map(repr, items[:20]))
        raise InvalidEdit(f"The drop-down list has no {value[:60]!r}; it has {shown}.")


def _set_text(content: Element, value: str) -> None:
    """Put the text into the first run, in its look, and drop what else the control held."""
    look = _look(content)
    paragraph = next(content.iter(w("p")), None)
    run = make("r", look, *text_elements(value))
    if paragraph is None:
        content[:] = [run]
        return
    kept = [child for child in paragraph if child.tag == w("pPr")]
    paragraph[:] = [*kept, run]
    parent = paragraph.getparent()
    for other in [child for child in parent if child is not paragraph and child.tag == w("p")]:
        parent.remove(other)


def _look(content: Element) -> Any:
    first = next(content.iter(w("r")), None)
    look = None if first is None else first.find(w("rPr"))
    if look is None:
        return None
    look = copy.deepcopy(look)
    style = look.find(w("rStyle"))
    if style is not None and "placeholder" in str(style.get(w("val"))).lower():
        look.remove(style)
    return look
