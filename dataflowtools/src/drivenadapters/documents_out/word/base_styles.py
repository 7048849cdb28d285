"""The styles that our blocks name, for new documents and for old ones that lack them."""

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.word.markup import W

_FONTS = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="Microsoft YaHei" w:cs="Calibri"/>'
_MONO = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas" w:eastAsia="Microsoft YaHei" w:cs="Consolas"/>'
_HEADING_SIZES = (36, 30, 26, 24, 22, 22, 22, 22, 22)  # half points
_EDGES = ("top", "left", "bottom", "right", "insideH", "insideV")
_GRID = "".join(f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="808080"/>' for edge in _EDGES)


def _paragraph(identity: str, name: str, own: str, look: str = "", following: str = "Normal") -> str:
    return (
        f'<w:style w:type="paragraph" w:styleId="{identity}"><w:name w:val="{name}"/><w:basedOn w:val="Normal"/>'
        f'<w:next w:val="{following}"/><w:qFormat/><w:pPr>{own}</w:pPr><w:rPr>{look}</w:rPr></w:style>'
    )


def _heading(level: int) -> str:
    own = (
        '<w:keepNext/><w:keepLines/><w:spacing w:before="240" w:after="80"/>'
        f'<w:outlineLvl w:val="{level - 1}"/>'
    )
    size = _HEADING_SIZES[level - 1]
    look = f'<w:b/><w:color w:val="1F3864"/><w:sz w:val="{size}"/><w:szCs w:val="{size}"/>'
    return _paragraph(f"Heading{level}", f"heading {level}", own, look)


_NOTE_TEXTS = (
    ("FootnoteText", "footnote text"), ("EndnoteText", "endnote text"), ("CommentText", "annotation text"),
)  # fmt: skip
_NOTE_MARKS = (
    ("FootnoteReference", "footnote reference"), ("EndnoteReference", "endnote reference"),
    ("CommentReference", "annotation reference"),
)  # fmt: skip


def _note_text(identity: str, name: str) -> str:
    spacing = '<w:spacing w:after="0" w:line="240" w:lineRule="auto"/>'
    return _paragraph(identity, name, spacing, '<w:sz w:val="20"/><w:szCs w:val="20"/>', following=identity)


def _note_mark(identity: str, name: str) -> str:
    small = '<w:sz w:val="16"/><w:szCs w:val="16"/>'
    look = small if identity == "CommentReference" else '<w:vertAlign w:val="superscript"/>'
    return f'<w:style w:type="character" w:styleId="{identity}"><w:name w:val="{name}"/><w:rPr>{look}</w:rPr></w:style>'


_OTHERS = (
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>',
    (
        '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
        '<w:name w:val="Default Paragraph Font"/><w:uiPriority w:val="1"/><w:semiHidden/></w:style>'
    ),
    (
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr>'
        '<w:tblCellMar><w:left w:w="108" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar>'
        "</w:tblPr></w:style>"
    ),
    _paragraph("Title", "Title", '<w:spacing w:after="240"/>', '<w:b/><w:sz w:val="52"/><w:szCs w:val="52"/>'),
    _paragraph("ListParagraph", "List Paragraph", "<w:contextualSpacing/>", following="ListParagraph"),
    _paragraph("Caption", "caption", '<w:keepNext/><w:spacing w:after="80"/>', '<w:i/><w:sz w:val="20"/>'),
    _paragraph(
        "Quote", "Quote",
        '<w:pBdr><w:left w:val="single" w:sz="12" w:space="8" w:color="A6A6A6"/></w:pBdr><w:ind w:left="360"/>',
        '<w:i/><w:color w:val="595959"/>',
    ),
    _paragraph(
        "SourceCode", "Source Code",
        '<w:shd w:val="clear" w:color="auto" w:fill="F2F2F2"/>'
        '<w:spacing w:after="120" w:line="240" w:lineRule="auto"/>',
        f'{_MONO}<w:sz w:val="19"/><w:szCs w:val="19"/>',
    ),
    _paragraph("Header", "header", '<w:tabs><w:tab w:val="center" w:pos="4513"/></w:tabs><w:spacing w:after="0"/>'),
    _paragraph("Footer", "footer", '<w:tabs><w:tab w:val="center" w:pos="4513"/></w:tabs><w:spacing w:after="0"/>'),
    (
        '<w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/><w:rPr>'
        '<w:color w:val="0563C1"/><w:u w:val="single"/></w:rPr></w:style>'
    ),
    *(_note_text(identity, name) for identity, name in _NOTE_TEXTS),
    *(_note_mark(identity, name) for identity, name in _NOTE_MARKS),
    (
        '<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/><w:basedOn w:val="TableNormal"/>'
        '<w:pPr><w:spacing w:after="0" w:line="240" w:lineRule="auto"/></w:pPr>'
        f"<w:tblPr><w:tblBorders>{_GRID}</w:tblBorders></w:tblPr></w:style>"
    ),
)  # fmt: skip


def base_styles() -> Element:
    """Make the part styles.xml."""
    defaults = (
        f'<w:docDefaults><w:rPrDefault><w:rPr>{_FONTS}<w:sz w:val="22"/><w:szCs w:val="22"/>'
        '<w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>'
        '<w:spacing w:after="120" w:line="276" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>'
    )
    styles = "".join((*_OTHERS[:4], *map(_heading, range(1, 10)), *_OTHERS[4:]))
    return etree.fromstring(f'<w:styles xmlns:w="{W}">{defaults}{styles}</w:styles>')
