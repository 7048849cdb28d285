"""html, md, txt, json, xml, rtf, odt, pptx, eml and pictures."""

import io
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from email.message import EmailMessage

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dataflowtools.src import errors
from dataflowtools.src.drivenadapters.documents import jobs
from dataflowtools.tests.unit.documents.making import R, mutated, png, png_bomb, read, relations, zipped

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


def deck(**parts):
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations(("rId1", "officeDocument", "ppt/presentation.xml")),
            "ppt/presentation.xml": f'<p:presentation {P} {R}><p:sldIdLst><p:sldId r:id="a"/></p:sldIdLst></p:presentation>',
            "ppt/slides/s1.xml": slide("first"),
            **{name.replace("__", "/").replace("_xml", ".xml"): content for name, content in parts.items()},
        }
    )


@pytest.mark.parametrize("number", ["x", "", "-1", "99999999999999", "²"])
def test_numbers_that_are_none_are_taken_for_the_usual(number):
    relation = relations(("a", "slide", "slides/s1.xml"))
    odd = slide("t").replace("lvl='1'", f"lvl='{number}'").replace("gridSpan='2'", f"gridSpan='{number}'")
    data = deck(**{"ppt/_rels/presentation.xml.rels": relation, "ppt/slides/s1.xml": odd})
    assert read(data, "a.pptx").tables[0]["rows"][0][0]["text"] == "w"


def test_comments_of_both_kinds_follow_their_slide():
    def notes(data):
        return [
            (block["author"], block["date"], block["blocks"][0]["text"])
            for block in read(data, "a.pptx").blocks
            if block["type"] == "comment"
        ]

    slides = ("a", "slide", "slides/s1.xml")
    old = deck(
        **{
            "ppt/_rels/presentation.xml.rels": relations(slides, ("b", "commentAuthors", "authors.xml")),
            "ppt/slides/_rels/s1.xml.rels": relations(("c", "comments", "../comments/c1.xml")),
            "ppt/authors.xml": f'<p:cmAuthorLst {P}><p:cmAuthor id="0" name="Ada"/></p:cmAuthorLst>',
            "ppt/comments/c1.xml": f'<p:cmLst {P}><p:cm authorId="0" dt="2024-01-02"><p:pos x="1" y="1"/><p:text>量 it</p:text></p:cm></p:cmLst>',
        }
    )
    assert notes(old) == [("Ada", "2024-01-02", "量 it")]
    new = 'xmlns:n="http://schemas.microsoft.com/office/powerpoint/2018/8/main"'
    body = "<n:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></n:txBody>"
    reply = f'<n:replyLst><n:reply authorId="{{2}}" created="2024-01-03">{body.format("done")}</n:reply></n:replyLst>'
    modern = deck(
        **{
            "ppt/_rels/presentation.xml.rels": relations(slides, ("b", "authors", "authors.xml")),
            "ppt/slides/_rels/s1.xml.rels": relations(("c", "comments", "../comments/c1.xml")),
            "ppt/authors.xml": f'<n:authorLst {new}><n:author id="{{1}}" name="Bo"/><n:author id="{{2}}" name="Cy"/></n:authorLst>',
            "ppt/comments/c1.xml": f'<n:cmLst {new} {A}><n:cm authorId="{{1}}" created="2024-01-02">{reply}{body.format("please")}</n:cm></n:cmLst>',
        }
    )
    assert notes(modern) == [("Bo", "2024-01-02", "please"), ("Cy", "2024-01-03", "done")]


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


def test_a_camera_tells_when_and_where():
    exif = Image.Exif()
    exif[271], exif[306] = "Maker", "2024:02:29 10:00:00"
    exif.get_ifd(0x8769).update({36867: "2024:02:28 09:08:07", 33434: 0.01, 34855: 200, 42036: "Lens 5"})
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 52.0, 10.0), 3: "E", 4: (151.0, 12.0, 30.0)})
    held = io.BytesIO()
    Image.new("RGB", (30, 20)).save(held, "JPEG", exif=exif)
    metadata = read(held.getvalue(), "a.jpg").metadata
    assert metadata["created"] == "2024-02-28T09:08:07"
    assert (metadata["camera_make"], metadata["lens"], metadata["iso"]) == ("Maker", "Lens 5", 200)
    assert metadata["exposure_s"] == pytest.approx(0.01)
    assert metadata["location"] == {"latitude": -33.869444, "longitude": 151.208333}
    exif.get_ifd(0x8825).update({2: (33.0, 0.0), 4: (1.0,)})
    Image.new("RGB", (30, 20)).save(held, "JPEG", exif=exif)
    assert read(held.getvalue(), "a.jpg").metadata["camera_make"] == "Maker"


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_pictures_of_telephones_are_pictures(kind):
    jobs.warm_up()
    held = io.BytesIO()
    Image.new("RGB", (40, 24), "white").save(held, "HEIF" if kind == "heic" else "AVIF")
    answer = read(held.getvalue(), f"a.{kind}")
    assert (answer.metadata["width"], answer.metadata["height"], answer.unrecognised) == (40, 24, [1])
    assert read(held.getvalue(), "unnamed").metadata["format"] == kind
    with pytest.raises(errors.CorruptFile):
        read(held.getvalue()[:60], f"a.{kind}")


def columnar(kind, table):
    held = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, held)
    else:
        make = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
        with make(held, table.schema) as writer:
            writer.write_table(table)
    return held.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrows"])
def test_columnar_files_are_tables(kind):
    table = pa.table(
        {
            "名": ["x", None, "z"],
            "n": [1, 2**60, 3],
            "price": pa.array([Decimal("1.50"), None, Decimal(2)], pa.decimal128(9, 2)),
            "when": [datetime(2024, 2, 29, 1, 2, 3), None, None],  # a table may have no zone
            "raw": [b"\0\1", b"", None],
            "list": [[1, 2], [], None],
            "share": [0.5, float("nan"), float("inf")],
        }
    )
    answer = read(columnar(kind, table), f"a.{kind}")
    assert answer.grid()[0] == ["名", "n", "price", "when", "raw", "list", "share"]
    assert answer.grid()[1] == ["x", "1", "1.50", "2024-02-29 01:02:03", "AAE=", "[1, 2]", "0.5"]
    assert answer.tables[0]["rows"][2][1]["value"] == str(2**60)
    assert "value" not in answer.tables[0]["rows"][2][6]
    assert (answer.metadata["rows"], answer.metadata["columns"]) == (3, 7)
    assert answer.metadata["column_types"][1] == {"name": "n", "type": "int64"}
    cut = read(columnar(kind, table), f"a.{kind}", max_rows=2)
    assert (len(cut.grid()), cut.codes) == (3, ["rows_truncated"])
    with pytest.raises(errors.CorruptFile):
        read(columnar(kind, table)[:-30], f"a.{kind}")
    with pytest.raises(errors.CorruptFile):
        read(columnar(kind, table)[:40] + bytes(99), f"a.{kind}")


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrows"])
def test_damaged_columnar_files_are_corrupt_or_read(kind):
    whole = columnar(kind, pa.table({"n": list(range(300)), "text": [f"x{n}" for n in range(300)]}))
    for seed in range(60):
        with suppress(errors.CorruptFile, errors.TypeMismatch, errors.UnsupportedType):
            assert read(mutated(whole, seed), f"a.{kind}", max_rows=400).metadata["columns"] <= 2


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


RECORDS = '[{"名": "张三"}]'


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig", "utf-16-le"])
def test_json_is_read_in_the_encoding_that_it_is_in(encoding):
    answer = read(RECORDS.encode(encoding), "a.json")
    assert answer.grid() == [["名"], ["张三"]]


def test_json_of_one_value_a_line_is_read_whatever_its_name():
    text = '{"a": 1, "t": "x\u2028y"}\n\n{"a": 2}\n'
    for name in ("a.json", "a.jsonl"):
        assert read(text.encode(), name).grid() == [["a", "t"], ["1", "x\u2028y"], ["2", ""]]
        with pytest.raises(errors.CorruptFile, match="line 3, column 2"):
            read(b'{"a": 1}\n\n{oops}\n', name)
    with pytest.raises(errors.CorruptFile, match="line 1, column 5"):
        read(b"[1] [2]", "a.json")


def test_footnotes_of_markdown_are_kept_with_their_references():
    text = "Term[^1] and[^long] but `[^1]` and [^none].\n\n[^1]: the *note*\ngoes on\n[^long]: two\n\n    parts\n\nEnd\n\n```\n[^1]: code\n```\n"
    answer = read(text.encode(), "a.md")
    assert [block["type"] for block in answer.blocks] == [
        "paragraph",
        "paragraph",
        "code",
        "footnote",
        "footnote",
    ]
    assert answer.blocks[0]["text"] == "Term[1] and[long] but [^1] and [^none]."
    assert [run["note"] for run in answer.blocks[0]["runs"] if "note" in run] == ["1", "long"]
    notes = [(note["reference"], [block["text"] for block in note["blocks"]]) for note in answer.blocks[3:]]
    assert notes == [("1", ["the note goes on"]), ("long", ["two", "parts"])]
    again = read(read(text.encode(), "a.md", format="markdown").content.encode(), "a.md")
    assert [block["type"] for block in again.blocks] == [block["type"] for block in answer.blocks]


def test_a_row_span_of_zero_goes_down_to_the_end_of_a_table():
    page = b"<table><tr><td rowspan=0>a</td><td>b</td></tr><tr><td>c</td></tr></table>"
    assert [cell["column"] for row in read(page, "a.html").tables[0]["rows"] for cell in row] == [0, 1, 1]


def test_the_date_of_a_mail_is_told_in_iso_8601():
    mail = b"Subject: s\r\nFrom: a@b.c\r\nDate: %s\r\n\r\nbody\r\n"
    assert (
        read(mail % b"Mon, 1 Jan 2024 10:00:00 +0800", "a.eml").metadata["date"]
        == "2024-01-01T10:00:00+08:00"
    )
    assert read(mail % b"some day", "a.eml").metadata["date"] == "some day"


def test_a_mail_lists_pictures_within_it_and_mails_that_were_passed_on():
    inner = EmailMessage()
    inner["Subject"] = "the first one"
    inner.set_content("inner body")
    inner.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="inner.pdf")
    mail = EmailMessage()
    mail["Subject"] = "Fwd"
    mail.set_content("see below")
    mail.add_attachment(inner)
    picture = {"maintype": "image", "subtype": "png", "filename": "logo.png", "disposition": "inline"}
    mail.add_attachment(b"\x89PNG", **picture)
    answer = read(mail.as_bytes(), "a.eml")
    assert sorted((one["name"], one["media_type"]) for one in answer.metadata["attachments"]) == [
        ("logo.png", "image/png"), ("the first one.eml", "message/rfc822"),
    ]  # fmt: skip
    assert all(one["size"] for one in answer.metadata["attachments"])
    assert "inner body" not in str(answer.content)
