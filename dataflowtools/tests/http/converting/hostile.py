"""Documents that refer to a server, each in the ways that its format knows."""

import io
import re
import zipfile
from xml.sax.saxutils import escape

from dataflowtools.tests.http.converting.converting import book, changed, picture, word

_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_QUOTES = {'"': "&quot;"}
_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_NAMES = (
    f'xmlns:office="{_ODF}:office:1.0" xmlns:text="{_ODF}:text:1.0" xmlns:draw="{_ODF}:drawing:1.0" '
    f'xmlns:table="{_ODF}:table:1.0" xmlns:style="{_ODF}:style:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
)


def _rels(*entries: str) -> bytes:
    body = "".join(entries)
    return f'<?xml version="1.0"?><Relationships xmlns="{_PACKAGE}">{body}</Relationships>'.encode()


def _external(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rX{number}" Type="{_RELATIONSHIPS}/{kind}" Target="{target}" TargetMode="External"/>'


def remote_template(url: str) -> bytes:
    """A docx whose template lies elsewhere."""
    settings = (
        '<?xml version="1.0"?><w:settings xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        f'xmlns:r="{_RELATIONSHIPS}"><w:attachedTemplate r:id="rX1"/></w:settings>'
    ).encode()
    rels = _rels(_external(1, "attachedTemplate", f"{url}/template.dotm"))
    return changed(word("text"), {"word/settings.xml": settings, "word/_rels/settings.xml.rels": rels})


def linked_picture(url: str) -> bytes:
    """A docx whose picture is a link."""
    package = word("text", picture=picture())
    rels = zipfile.ZipFile(io.BytesIO(package)).read("word/_rels/document.xml.rels").decode()
    linked = re.sub(r'Target="media/[^"]*"', f'Target="{url}/picture.png" TargetMode="External"', rels)
    body = zipfile.ZipFile(io.BytesIO(package)).read("word/document.xml").decode()
    return changed(
        package,
        {
            "word/_rels/document.xml.rels": linked.encode(),
            "word/document.xml": body.replace("r:embed=", "r:link=").encode(),
        },
    )


def fields(url: str) -> bytes:
    """A docx whose fields bring in a picture and a text, and ask another program."""
    codes = (f'INCLUDEPICTURE "{url}/p.png" \\d', 'INCLUDETEXT "/etc/passwd"', 'DDEAUTO cmd "/k calc"')
    runs = "".join(f'<w:p><w:fldSimple w:instr="{escape(code, _QUOTES)}"/></w:p>' for code in codes)
    package = word("words")
    body = zipfile.ZipFile(io.BytesIO(package)).read("word/document.xml").decode()
    return changed(package, {"word/document.xml": body.replace("<w:sectPr", f"{runs}<w:sectPr", 1).encode()})


def drawing(url: str) -> bytes:
    """A docx with an SVG that refers to a server and a file, and runs a script."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">'
        f'<image xlink:href="{url}/a.png" width="9" height="9"/><image xlink:href="file:///etc/passwd"/>'
        f'<script>fetch("{url}")</script><style>@import url({url}/b.css)</style></svg>'
    ).encode()
    package = word("words", picture=picture())
    rels = zipfile.ZipFile(io.BytesIO(package)).read("word/_rels/document.xml.rels").decode()
    types = zipfile.ZipFile(io.BytesIO(package)).read("[Content_Types].xml").decode()
    drawn = re.sub(r'Target="media/[^"]*"', 'Target="media/a.svg"', rels)
    typed = types.replace("</Types>", '<Default Extension="svg" ContentType="image/svg+xml"/></Types>')
    parts = {"word/media/a.svg": svg, "word/_rels/document.xml.rels": drawn.encode()}
    return changed(package, {**parts, "[Content_Types].xml": typed.encode()})


def rtf(url: str) -> bytes:
    """An rtf with a picture and a template from elsewhere."""
    return (
        f'{{\\rtf1\\ansi words {{\\field{{\\*\\fldinst INCLUDEPICTURE "{url}/r.png" \\\\d}}{{\\fldrslt x}}}}'
        f"{{\\*\\template {url}/t.dot}}}}"
    ).encode()


def odt(url: str, section: str = "section.odt") -> bytes:
    """An odt with a picture and a section from elsewhere."""
    return _opendocument(
        "text",
        f'<text:p><draw:frame draw:name="f" text:anchor-type="as-char" svg:width="2cm" svg:height="2cm" '
        f'xmlns:svg="{_ODF}:svg-compatible:1.0"><draw:image xlink:href="{url}/picture.png" xlink:type="simple" '
        f'xlink:show="embed" xlink:actuate="onLoad"/></draw:frame></text:p>'
        f'<text:section text:name="s"><text:section-source xlink:href="{url}/{section}"/>'
        f"<text:p>old</text:p></text:section><text:p>words</text:p>",
    )


def ods(url: str) -> bytes:
    """An ods with a sheet from elsewhere, a call of a web service and a DDE link."""
    formula = f"of:=WEBSERVICE(&quot;{url}/service&quot;)"
    return _opendocument(
        "spreadsheet",
        f'<table:table table:name="a"><table:table-source xlink:href="{url}/sheet.ods" table:table-name="x"/>'
        f'<table:table-row><table:table-cell table:formula="{formula}" office:value-type="string">'
        f"<text:p>words</text:p></table:table-cell></table:table-row></table:table>",
    )


def workbook(url: str) -> bytes:
    """An xlsx that asks a web service and another program."""
    return book([["words"], [f'=WEBSERVICE("{url}/service")'], ['=DDE("soffice";"/etc/passwd";"A1")']])


def html(url: str) -> bytes:
    """A page that fetches in many ways."""
    return (
        f'<html><head><link rel="stylesheet" href="{url}/a.css"><base href="{url}/">'
        f'<style>@import url("{url}/b.css"); body {{ background: url("{url}/c.png") }}</style>'
        f'<script src="{url}/d.js"></script><meta http-equiv="refresh" content="0;url={url}/e"></head>'
        f'<body background="{url}/f.png"><p>words</p><img src="{url}/g.png"><iframe src="{url}/h"></iframe>'
        f'<object data="{url}/i"></object><video src="{url}/j"></video><img src="file:///etc/passwd"></body></html>'
    ).encode()


def markdown(url: str) -> bytes:
    """Markdown with pictures from elsewhere and from the machine."""
    return f"words\n\n![a]({url}/a.png) ![b](/etc/passwd) <img src='{url}/c.png'>\n".encode()


def _opendocument(kind: str, body: str) -> bytes:
    media = f"application/vnd.oasis.opendocument.{kind}"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMES} office:version="1.2" '
        'xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2">'
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    manifest = (
        f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{_ODF}:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        package.writestr("mimetype", media)
        package.writestr("content.xml", content)
        package.writestr("META-INF/manifest.xml", manifest)
    return held.getvalue()
