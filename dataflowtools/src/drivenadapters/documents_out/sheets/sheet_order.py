"""The order in which a sheet's part lists what it holds; programs call a sheet broken that ignores it."""

from typing import Final

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s

_SCHEMA_ORDER: Final = (
    "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection",
    "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells",
    "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins",
    "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors",
    "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "picture", "oleObjects", "controls",
    "webPublishItems", "tableParts", "extLst",
)  # fmt: skip
_PLACES = {s(name): place for place, name in enumerate(_SCHEMA_ORDER)}


def child(root: Element, name: str) -> Element:
    """Find what a sheet has one of, or make it where it belongs."""
    found = root.find(s(name))
    if found is not None:
        return found
    made, wanted = etree.Element(s(name)), _PLACES[s(name)]
    following = next((one for one in root if _PLACES.get(one.tag, -1) > wanted), None)
    if following is None:
        root.append(made)
    else:
        following.addprevious(made)
    return made
