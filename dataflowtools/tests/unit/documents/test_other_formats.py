"""html, md, txt, json, xml, rtf, odt, pptx, eml and pictures."""

import io
from email.message import EmailMessage

import pytest
from PIL import Image

from dataflowtools.src import errors
from dataflowtools.tests.unit.documents.making import R, png, png_bomb, read, relations, zipped

PAGE = """<html><head><title>A  page</title><meta charset="utf-8"><style>p{}</style></head><body>
<h1>Head <em>ing</em></h1><p>Some <b>bold</b>, <a href="https://a.b">link</a><br>next  line</p>
<ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul><ol start="3"><li>three</li></ol>
<table><caption>Cap</caption><tr><th colspan="2">H</th></tr><tr><td rowspan="2">a</td><td>b</td></tr><tr><td>c</td></tr></table>
<pre><code class="language-py">x  = 1
y</code></pre><blockquote>quoted</blockquote><img src="http://127.0.0.1:9/x.png" alt="pic">
<script>evil()</script><iframe src="http://10.0.0.1/"></iframe></body></html>"""


def test_html_becomes_blocks_and_nothing_runs_or_is_fetched():
    answer = read(PAGE.encode(), "a.html")
    assert [block["type"] for block in answer.blocks] == [
        "heading", "paragraph", "list", "list", "table", "code", "quote", "picture",
    ]  # fmt: skip
    assert answer.metadata["title"] == "A page"
    assert answer.blocks[1]["text"] == "Some bold, link\nnext line"
    assert answer.blocks[2]["items"][0]["blocks"][1]["items"][0]["blocks"][0]["text"] == "inner"
    assert answer.blocks[3]["start"] == 3
    rows = answer.tables[0]["rows"]
    assert [(cell["text"], cell["column"], cell["row_span"], cell["col_span"]) for row in rows for cell in row] == [
        ("H", 0, 1, 2), ("a", 0, 2, 1), ("b", 1, 1, 1), ("c", 1, 1, 1),
    ]  # fmt: skip
    assert answer.blocks[5] == {"type": "code", "text": "x  = 1\ny", "language": "py"}
    assert set(answer.codes) == {"active_content", "external_reference"}
    assert "evil" not in str(answer.content)


def test_html_keeps_its_declared_encoding():
    data = '<html><meta charset="shift_jis"><p>りんごと東京</p></html>'.encode("shift_jis")
    assert read(data, "a.html").blocks[0]["text"] == "りんごと東京"


def test_markdown_is_read_with_tables_and_its_html_is_sifted():
    text = "---\ntitle: x\n---\n# Head\n\ntext *em* <script>evil()</script>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- x\n- y\n\n```py\ncode\n```\n\n![p](/etc/passwd)\n"
    answer = read(text.encode(), "a.md")
    assert [block["type"] for block in answer.blocks] == [
        "heading",
        "paragraph",
        "table",
        "list",
        "code",
        "picture",
    ]
    assert answer.grid() == [["a", "b"], ["1", "2"]]
    assert answer.metadata["front_matter"] == "title: x"
    assert "evil" not in str(answer.content)
    assert answer.blocks[-1]["reference"] == "/etc/passwd"


def test_plain_text_is_parted_at_blank_lines_in_any_encoding():
    for encoding in ("utf-8", "gb18030", "utf-16"):
        answer = read("第一段的文字\n还是这一段\n\n第二段".encode(encoding), "a.txt")
        assert [block["text"] for block in answer.blocks] == ["第一段的文字\n还是这一段", "第二段"]


def test_json_is_a_table_where_it_is_one():
    answer = read(b'[{"a": 1, "b": null}, {"a": 1e999, "c": "x"}]', "a.json")
    assert answer.grid() == [["a", "b", "c"], ["1", "", ""], ["Infinity", "", "x"]]
    assert read(b'{"a": [1]}', "a.json").blocks[0]["language"] == "json"
    assert read(b'{"a": 1}\n{"a": 2}\n', "a.jsonl").grid() == [["a"], ["1"], ["2"]]
    with pytest.raises(errors.CorruptFile, match="line 1"):
        read(b'{"a": }', "a.json")


def test_xml_is_listed():
    answer = read(b"<?xml version='1.0'?><root><a>1</a></root>", "a.xml")
    assert "<a>1</a>" in answer.blocks[0]["text"]
    assert answer.metadata["root"] == "root"


RTF = (
    rb"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fnil\fcharset134 SimSun;}{\f1 Arial;}}{\info{\title secret}}"
    rb"{\*\generator X;}\pard plain {\b bold} \'d6\'d0\'ce\'c4 \u8364?\par"
    rb"\trowd\cellx1\cellx2\intbl a\cell b\cell\row\trowd\intbl c\cell d\cell\row\pard after\par}"
)


def test_rich_text_keeps_looks_code_pages_and_tables():
    answer = read(RTF, "a.rtf")
    assert [block["type"] for block in answer.blocks] == ["paragraph", "table", "paragraph"]
    assert answer.blocks[0]["text"] == "plain bold 中文 €"
    assert {"text": "bold", "bold": True} in answer.blocks[0]["runs"]
    assert answer.grid() == [["a", "b"], ["c", "d"]]
    assert "secret" not in str(answer.content)
    with pytest.raises(errors.CorruptFile):
        read(RTF[:200], "a.rtf")
    with pytest.raises(errors.CorruptFile):
        read(b"{\\rtf1 " + b"{" * 5000 + b"}" * 5001, "a.rtf")


NS = "urn:oasis:names:tc:opendocument:xmlns:"
ODF = " ".join(
    f'xmlns:{short}="{NS}{long}:1.0"'
    for short, long in [
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("style", "style"),
        ("draw", "drawing"),
        ("fo", "xsl-fo-compatible"),
    ]
)
ODT = f"""<office:document-content {ODF} xmlns:xlink="http://www.w3.org/1999/xlink"><office:automatic-styles>
<style:style style:name="B"><style:text-properties fo:font-weight="bold"/></style:style></office:automatic-styles><office:body><office:text>
<text:h text:outline-level="2">Head</text:h><text:p>a<text:s text:c="2"/><text:span text:style-name="B">b</text:span>
<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>below</text:p></text:note-body></text:note></text:p>
<text:list><text:list-item><text:p>x</text:p><text:list><text:list-item><text:p>y</text:p></text:list-item></text:list></text:list-item></text:list>
<table:table table:name="T"><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>w</text:p></table:table-cell><table:covered-table-cell/></table:table-row>
<table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>r</text:p></table:table-cell></table:table-row></table:table>
<text:p><draw:frame><draw:image xlink:href="file:///etc/passwd"/></draw:frame></text:p></office:text></office:body></office:document-content>"""


def odt(content=ODT, **parts):
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content, **parts})


def test_open_documents_are_read_and_their_links_only_told():
    answer = read(odt(), "a.odt")
    assert [block["type"] for block in answer.blocks] == [
        "heading",
        "paragraph",
        "list",
        "table",
        "picture",
        "footnote",
    ]
    assert answer.blocks[1]["text"].startswith("a  b")
    assert answer.blocks[2]["items"][0]["blocks"][1]["items"][0]["blocks"][0]["text"] == "y"
    assert [[cell["text"] for cell in row] for row in answer.tables[0]["rows"]] == [["w"], ["r", "r"]]
    assert answer.blocks[4] == {"type": "picture", "reference": "file:///etc/passwd", "external": True}
    assert answer.codes == ["external_reference"]
    with pytest.raises(errors.PasswordRequired):
        read(odt(**{"META-INF/manifest.xml": "<x><encryption-data/></x>"}), "a.odt")
    repeated = ODT.replace('number-columns-repeated="2"', 'number-columns-repeated="999999999"')
    assert len(read(odt(repeated), "a.odt").tables[0]["rows"][1]) <= 200


A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'


def slide(text: str) -> str:
    def shape(kind, body):
        return f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr><p:txBody>{body}</p:txBody></p:sp>'

    title = shape("title", f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>")
    points = shape(
        "body", "<a:p><a:r><a:t>one</a:t></a:r></a:p><a:p><a:pPr lvl='1'/><a:r><a:t>in</a:t></a:r></a:p>"
    )
    cells = (
        "<a:tc gridSpan='2'><a:txBody><a:p><a:r><a:t>w</a:t></a:r></a:p></a:txBody></a:tc><a:tc hMerge='1'/>"
    )
    table = f"<p:graphicFrame><a:tbl><a:tr>{cells}</a:tr></a:tbl></p:graphicFrame>"
    return f"<p:sld {A} {P}><p:cSld><p:spTree>{title}{points}{table}</p:spTree></p:cSld></p:sld>"


def test_slides_come_in_their_order():
    data = zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations(("rId1", "officeDocument", "ppt/presentation.xml")),
            "ppt/presentation.xml": f'<p:presentation {P} {R}><p:sldIdLst><p:sldId r:id="b"/><p:sldId r:id="a"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": relations(
                ("a", "slide", "slides/s1.xml"), ("b", "slide", "slides/s2.xml")
            ),
            "ppt/slides/s1.xml": slide("last"),
            "ppt/slides/s2.xml": slide("first"),
        }
    )
    answer = read(data, "a.pptx")
    assert [block["text"] for block in answer.blocks if block["type"] == "heading"] == ["first", "last"]
    assert [block["type"] for block in answer.blocks[:4]] == ["heading", "list", "table", "page_break"]
    assert answer.tables[0]["rows"][0] == [{"text": "w", "column": 0, "row_span": 1, "col_span": 2}]
    assert read(data, "a.pptx", pages="2").blocks[0]["text"] == "last"


def test_a_mail_is_headers_body_and_a_list_of_attachments():
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada <a@b.c>", "bo@b.c", "量 report"
    mail.set_content("plain words")
    mail.add_alternative("<p>rich <b>words</b><script>x</script></p>", subtype="html")
    mail.add_attachment(b"12345", maintype="application", subtype="pdf", filename="文.pdf")
    answer = read(mail.as_bytes(), "a.eml")
    assert answer.blocks[0]["text"] == "量 report"
    assert answer.blocks[-1]["text"] == "rich words"
    assert answer.metadata["attachments"] == [{"name": "文.pdf", "media_type": "application/pdf", "size": 5}]
    assert "active_content" in answer.codes
    assert read(b"From: x\n\n", "a.eml").blocks[0]["text"] == "From: x"


def test_pictures_tell_their_facts_and_ask_for_recognition():
    held = io.BytesIO()
    frames = [Image.new("RGB", (30, 20), color) for color in ("red", "blue")]
    exif = Image.Exif()
    exif[272], exif[274] = "Camera 7", 6
    frames[0].save(held, "TIFF", save_all=True, append_images=frames[1:], exif=exif)
    answer = read(held.getvalue(), "a.tiff")
    assert (
        answer.metadata["frames"],
        answer.metadata["camera_model"],
        answer.metadata["exif_orientation"],
    ) == (2, "Camera 7", 6)
    assert answer.unrecognised == [1, 2]
    assert read(png(), "a.png", recognised={"1": [["seen", [0, 0, 1, 1], []]]}).blocks[1]["text"] == "seen"


def test_a_picture_with_too_many_pixels_is_refused_by_its_header():
    with pytest.raises(errors.ImageTooLarge):
        read(png_bomb(50_000, 50_000), "a.png")


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF" + bytes(60), b"MZ" + bytes(60), bytes(range(256)) * 4, zipped({"a": "b"}), b"<svg></svg>"],
)
def test_what_is_not_read_is_named(data):
    with pytest.raises(errors.UnsupportedType):
        read(data, "unknown")


def test_files_without_ending_are_known_by_their_content():
    assert read(b"%PDF-1.4 broken"[:0] + b"<html><p>x</p></html>", "x").metadata["format"] == "html"
    assert read(b"From: a@b\nSubject: s\n\nbody", "x").metadata["format"] == "eml"
    assert read(b"just words", "x").metadata["format"] == "txt"
