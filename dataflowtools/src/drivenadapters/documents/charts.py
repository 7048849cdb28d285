"""Charts of Office documents as the tables that they draw."""

from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, local, whole
from dataflowtools.src.logics.file.documents.model import Cell, Table

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MAX_POINTS = 10_000
_CATEGORIES = (_C + "cat", _C + "xVal")
_VALUES = (_C + "val", _C + "yVal")


def charts_of(package: OfficePackage, part: str, *, within_drawing: bool = False) -> list[Table]:
    """Read the charts that a sheet, a slide or a document shows, drawings between included."""
    found: list[Table] = []
    relations = [
        one for one in package.relations(part).values() if not one.external and one.target in package.zip
    ]
    for relation in relations:
        if relation.kind == "drawing" and not within_drawing:
            found.extend(charts_of(package, relation.target, within_drawing=True))
        elif relation.kind == "chart":
            table = _table(package.xml(relation.target))
            if table is not None:
                found.append(table)
    return found


def _table(root: Element) -> Table | None:
    series = list(root.iter(_C + "ser"))[:_MAX_POINTS]
    if not series:
        return None
    names: dict[int, str] = {}
    columns: list[tuple[str, dict[int, str]]] = []
    for number, one in enumerate(series, 1):
        for tag in _CATEGORIES:
            for point, text in _points(one.find(tag)).items():
                names.setdefault(point, text)
        values = next((_points(found) for tag in _VALUES if (found := one.find(tag)) is not None), {})
        columns.append((" ".join(_points(one.find(_C + "tx")).values()) or f"series {number}", values))
    points = sorted({point for _, values in columns for point in values} | names.keys())[:_MAX_POINTS]
    head: list[Cell | None] = [Cell("", header=True), *(Cell(name, header=True) for name, _ in columns)]
    body: list[list[Cell | None]] = [
        [Cell(names.get(point, "")), *(Cell(values.get(point, "")) for _, values in columns)]
        for point in points
    ]
    return Table(rows=[head, *body], caption=_title(root), name="chart")


def _points(element: Element | None) -> dict[int, str]:
    """Read the values that the chart remembers, by their place."""
    found: dict[int, str] = {}
    if element is None:
        return found
    for point in element.iter(_C + "pt"):
        place = whole(point.get("idx"), -1)
        if place >= 0 and len(found) < _MAX_POINTS:
            found[place] = point.findtext(_C + "v") or ""
    if not found and element.find(_C + "v") is not None:
        found[0] = element.findtext(_C + "v") or ""
    return found


def _title(root: Element) -> str:
    title = root.find(f"{_C}chart/{_C}title")
    if title is None:
        return ""
    return "".join(text.text or "" for text in title.iter(_A + "t") if local(text) == "t").strip()
