"""The profile that LibreOffice runs on: no macros of documents, no links followed, and our one procedure.

The procedure reads an order: source, target, filter, the filter's options and a report, one a line. The document
is opened hidden, with macros off and its links left as they are, and stored through the filter. A sheet whose corner
lies so far out that its pages would never end is not printed. The outcome is written to the report: `ok` and the
filter that opened it on success, otherwise a word and the program's own text.
Rescheduling is off: what a document posts for later, such as windows that show its comments, goes with the document
(where LibreOffice came without its windows' descriptions, it would die of showing them).
"""

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

PROCEDURE = "Standard.Convert.Run"
OPENED_NOT, STORED_NOT, TOO_LARGE = "not_opened", "not_stored", "too_large"
_MOST_PRINTED_CELLS = 200_000_000

_SETTINGS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "/org.openoffice.Setup/Office": {"ooSetupInstCompleted": ("boolean", "true")},
    "/org.openoffice.Office.Common/Security/Scripting": {
        "MacroSecurityLevel": ("int", "3"),
        "BlockUntrustedRefererLinks": ("boolean", "true"),
        "CheckDocumentEvents": ("boolean", "true"),
        "WarnSaveOrSendDoc": ("boolean", "false"),
    },
    "/org.openoffice.Office.Common/Save/Document": {
        "WarnAlienFormat": ("boolean", "false"),
        "CreateBackup": ("boolean", "false"),
        "AutoSave": ("boolean", "false"),
    },
    "/org.openoffice.Office.Common/Misc": {"UseLocking": ("boolean", "false")},
    "/org.openoffice.Office.Recovery/AutoSave": {"Enabled": ("boolean", "false")},
    "/org.openoffice.Office.Recovery/RecoveryInfo": {"Enabled": ("boolean", "false")},
    "/org.openoffice.Office.Writer/Content/Update": {"Link": ("int", "2"), "Field": ("boolean", "false")},
    "/org.openoffice.Office.Calc/Content/Update": {"Link": ("short", "2")},
    "/org.openoffice.Office.Calc/Formula/Load": {
        "OOXMLRecalcMode": ("int", "1"),
        "ODFRecalcMode": ("int", "1"),
    },
    "/org.openoffice.Office.Java/VirtualMachine": {"Enable": ("boolean", "false")},
}  # numbers: links and recalculation are on request for 0 "always", 1 "never" or 2 "never" by setting
_SCHEMA = (
    'xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_LIBRARY = 'xmlns:library="http://openoffice.org/2000/library"'
_NAMED = 'library:name="Standard" library:readonly="false" library:passwordprotected="false"'
_BASIC = f"""\
Function Pair(key, content)
  Dim made As New com.sun.star.beans.PropertyValue
  made.Name = key
  made.Value = content
  Pair = made
End Function

Sub Tell(report, text)
  Dim number
  number = FreeFile
  Open report For Output As #number
  Print #number, text
  Close #number
End Sub

Function Largest(document)
  Dim number, cursor, ends, cells
  Largest = 0
  If Not document.supportsService("com.sun.star.sheet.SpreadsheetDocument") Then Exit Function
  For number = 0 To document.Sheets.Count - 1
    cursor = document.Sheets.getByIndex(number).createCursor()
    cursor.gotoEndOfUsedArea(False)
    ends = cursor.RangeAddress
    cells = CDbl(ends.EndRow + 1) * CDbl(ends.EndColumn + 1)
    If cells > Largest Then Largest = cells
  Next
End Function

Sub Run(order)
  Dim document, opening, opened, storing, number, source, target, writer, options, report
  EnableReschedule(False)
  number = FreeFile
  Open order For Input As #number
  Line Input #number, source
  Line Input #number, target
  Line Input #number, writer
  Line Input #number, options
  Line Input #number, report
  Close #number
  On Error GoTo Unopened
  opening = Array(Pair("Hidden", True), Pair("ReadOnly", True), Pair("MacroExecutionMode", 0), _
    Pair("UpdateDocMode", 0), Pair("Silent", True))
  document = StarDesktop.loadComponentFromURL(source, "_blank", 0, opening)
  If IsNull(document) Then
    Tell(report, "{OPENED_NOT}")
    Exit Sub
  End If
  For number = LBound(document.Args) To UBound(document.Args)
    If document.Args(number).Name = "FilterName" Then opened = document.Args(number).Value
  Next
  On Error GoTo Unstored
  If writer = "calc_pdf_Export" And Largest(document) > {_MOST_PRINTED_CELLS} Then
    Tell(report, "{TOO_LARGE} " + Largest(document))
    document.close(True)
    Exit Sub
  End If
  storing = Array(Pair("FilterName", writer), Pair("FilterOptions", options), Pair("Overwrite", True))
  document.storeToURL(target, storing)
  document.close(True)
  Tell(report, "ok " + opened)
  Exit Sub
Unopened:
  Tell(report, "{OPENED_NOT} " + Error$)
  Exit Sub
Unstored:
  Tell(report, "{STORED_NOT} " + Error$)
  document.close(True)
End Sub
"""


def write_profile(folder: Path) -> None:
    """Write a profile that needs no first start."""
    basic = folder / "user" / "basic"
    standard = basic / "Standard"
    standard.mkdir(parents=True)
    (folder / "user" / "registrymodifications.xcu").write_text(_registry(), encoding="utf-8")
    module = f'script:name="Convert" script:language="StarBasic">{_BASIC}'
    (standard / "Convert.xba").write_text(
        _xml(
            "script:module",
            f'<script:module xmlns:script="http://openoffice.org/2000/script" {module}</script:module>',
        ),
        encoding="utf-8",
    )
    for kind, elements in (("script", '<library:element library:name="Convert"/>'), ("dialog", "")):
        library = f"<library:library {_LIBRARY} {_NAMED}>{elements}</library:library>"
        (standard / f"{kind}.xlb").write_text(_xml("library:library", library), encoding="utf-8")
        listed = '<library:library library:name="Standard" library:link="false"/>'
        libraries = f"<library:libraries {_LIBRARY}>{listed}</library:libraries>"
        (basic / f"{kind}.xlc").write_text(_xml("library:libraries", libraries), encoding="utf-8")


def _xml(root: str, body: str) -> str:
    names = {"script:module": "module", "library:library": "library", "library:libraries": "libraries"}
    name = names[root]
    public = "-//OpenOffice.org//DTD OfficeDocument 1.0//EN"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE {root} PUBLIC "{public}" "{name}.dtd">\n{body}\n'
    )


def _registry() -> str:
    items = "\n".join(
        f'<item oor:path="{escape(path)}"><prop oor:name="{name}" oor:type="xs:{kind}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, properties in _SETTINGS.items()
        for name, (kind, value) in properties.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<oor:items {_SCHEMA}>\n{items}\n</oor:items>\n'
