"""Content controls of Word documents, filled."""

import copy
import re
from datetime import date
from typing import Any

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.word.markup import make, text_elements, w
from dataflowtools.src.errors import InvalidEdit

_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_NAMES = ("tag", "alias", "id")
_W15 = "{http://schemas.microsoft.com/office/word/2012/wordml}"
_TRUE, _FALSE = {"1", "true", "on", "yes"}, {"0", "false", "off", "no"}
_PARTS_OF_DATES = re.compile("yyyy|yy|MM|M|dd|d|[^yMd]+|.")


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
    _refuse_others(properties)
    value = _choice(properties, value)
    for name in ("showingPlcHdr", "dataBinding"):
        entry = properties.find(w(name))
        if entry is not None:
            properties.remove(entry)
            if name == "dataBinding":
                message = "A content control is no longer bound to the data part, which held another value."
                caveats.add("binding_removed", message)
    value = _date(properties, value)
    content = control.find(w("sdtContent"))
    if content is None:
        raise InvalidEdit("The content control has no content to fill.")
    _set_text(content, value)


def _check(box: Element, value: str | bool) -> str:
    said = value if isinstance(value, bool) else value.strip().lower()
    if isinstance(said, str) and said not in _TRUE | _FALSE:
        raise InvalidEdit(f"A check box takes true or false, not {said[:60]!r}.")
    checked = said is True or said in _TRUE
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


def _refuse_others(properties: Element) -> None:
    """Refuse controls that hold no text of their own: it would destroy what they hold."""
    kinds = {
        f"{_W15}repeatingSection": "a repeating section",
        w("picture"): "a picture",
        w("group"): "a group",
    }
    found = next((name for tag, name in kinds.items() if properties.find(tag) is not None), None)
    if found is not None:
        raise InvalidEdit(f"The control holds {found}, which takes no text; fill the controls within it.")


def _choice(properties: Element, value: str) -> str:
    """Return what a drop-down list shows for one of its entries, named by what it shows or by its value."""
    chosen = properties.find(w("dropDownList"))
    if chosen is None:
        return value
    items = {
        str(entry.get(w("value")) or ""): str(entry.get(w("displayText")) or entry.get(w("value")) or "")
        for entry in chosen.findall(w("listItem"))
    }
    if value not in items.values() and value not in items:
        shown = ", ".join(map(repr, list(items.values())[:20]))
        raise InvalidEdit(f"The drop-down list has no {value[:60]!r}; it has {shown}.")
    return value if value in items.values() else items[value]


def _date(properties: Element, value: str) -> str:
    """Return a date as the control writes dates, and keep it as the control's own; other texts stay texts."""
    control = properties.find(w("date"))
    if control is None:
        return value
    control.attrib.pop(w("fullDate"), None)
    try:
        day = date.fromisoformat(value.strip())
    except ValueError:
        return value
    control.set(w("fullDate"), f"{day.isoformat()}T00:00:00Z")
    form = control.find(w("dateFormat"))
    return _shown_date(day, str(form.get(w("val"))) if form is not None else "") or value


def _shown_date(day: date, form: str) -> str:
    """Write a date by a format of numbers; one with names of months or days is left alone."""
    if re.search("M{3}|d{3}", form):
        return ""
    known = {
        "yyyy": f"{day.year:04d}", "yy": f"{day.year % 100:02d}", "MM": f"{day.month:02d}", "M": str(day.month),
        "dd": f"{day.day:02d}", "d": str(day.day),
    }  # fmt: skip
    return "".join(known.get(part, part) for part in _PARTS_OF_DATES.findall(form)).replace("'", "")


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
