"""Renderings: what a document says must still be said, and nothing else."""

import html
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dataflowtools.src.drivenadapters.documents import html_walk
from dataflowtools.src.logics.file.documents.model import (
    BulletList,
    Cell,
    Code,
    Document,
    Formula,
    Heading,
    ListItem,
    Note,
    NoteKind,
    PageBreak,
    Paragraph,
    Picture,
    Quote,
    Region,
    RegionKind,
    Run,
    Table,
    plain,
)
from dataflowtools.src.logics.file.documents.render import render
from dataflowtools.src.logics.file.documents.render_html import render_html, safe_link
from dataflowtools.src.logics.file.documents.render_json import render_json
from dataflowtools.src.logics.file.documents.render_markdown import render_markdown
from dataflowtools.src.logics.file.documents.render_text import render_text

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Cf")), min_size=1, max_size=40)
RUN = st.builds(
    Run,
    TEXT,
    bold=st.booleans(),
    italic=st.booleans(),
    struck=st.booleans(),
    link=st.sampled_from(["", "https://a.b/c_(d)", "javascript:x", "a b"]),
    size=st.floats(0, 400),
)
PARAGRAPH = st.builds(lambda runs: Paragraph(runs=runs), st.lists(RUN, min_size=1, max_size=4))
CELL = st.builds(lambda text, header: Cell(text, header=header, value=float("nan")), TEXT, st.booleans())
TABLE = st.builds(
    lambda rows: Table(rows=rows),
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=4)
    ),
)
BLOCK = st.recursive(
    st.one_of(
        PARAGRAPH,
        TABLE,
        st.builds(lambda text, level: Heading(level=level, runs=plain(text)), TEXT, st.integers(1, 9)),
        st.builds(lambda text: Code(text=text, language="x y`"), TEXT),
        st.builds(lambda text: Formula(text=text), TEXT),
        st.builds(lambda text: Picture(reference=text, alt=text), TEXT),
        st.just(PageBreak()),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda blocks, ordered: BulletList(
                items=[ListItem(blocks=[block]) for block in blocks], ordered=ordered
            ),
            st.lists(inner, min_size=1, max_size=3),
            st.booleans(),
        ),
        st.builds(lambda blocks: Quote(blocks=blocks), st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda blocks: Region(kind=RegionKind.FOOTER, blocks=blocks), st.lists(inner, max_size=2)),
        st.builds(
            lambda blocks: Note(kind=NoteKind.FOOTNOTE, reference="1", blocks=blocks),
            st.lists(inner, max_size=2),
        ),
    ),
    max_leaves=6,
)
DOCUMENT = st.builds(lambda blocks: Document(blocks=blocks), st.lists(BLOCK, max_size=5))


def markdown_text(markdown: str) -> str:
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    return "".join(html_walk.parse_html(page.encode() or b"<p></p>", "utf-8").itertext())


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@given(DOCUMENT)
@settings(max_examples=60, deadline=None)
def test_every_document_can_be_given_in_every_way(document):
    for target in ("json", "markdown", "text", "html"):
        assert json.loads(render(document, target)) is not None


@given(st.lists(TEXT, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_markdown_says_literally_what_a_paragraph_says(texts):
    document = Document(blocks=[Paragraph(runs=plain(text)) for text in texts])
    assert squeezed(markdown_text(render_markdown(document))) == squeezed("".join(texts))


@given(TABLE)
@settings(max_examples=60, deadline=None)
def test_a_markdown_table_has_the_cells_that_the_table_has(table):
    document = Document(blocks=[table])
    tokens = MarkdownIt("commonmark").enable("table").parse(render_markdown(document))
    cells = [token for token in tokens if token.type in ("th_open", "td_open")]
    assert len(cells) == sum(len(row) for row in table.rows)
    assert squeezed(markdown_text(render_markdown(document))) == squeezed(
        "".join(cell.text for row in table.rows for cell in row)
    )


@given(DOCUMENT)
@settings(max_examples=60, deadline=None)
def test_html_holds_our_own_tags_only(document):
    page = render_html(document)
    tags = set(re.findall(r"</?([a-z0-9]+)", page.lower()))
    assert tags <= {
        "html",
        "head",
        "meta",
        "title",
        "body",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "table",
        "caption",
        "tr",
        "td",
        "th",
        "figure",
        "figcaption",
        "pre",
        "code",
        "blockquote",
        "aside",
        "b",
        "hr",
        "br",
        "s",
        "sup",
        "sub",
        "em",
        "strong",
        "a",
    }
    assert not re.search(r"<[^>]+\son\w+=", page)
    assert "javascript:" not in re.sub(r">[^<]*<", "><", page)


@given(st.lists(TEXT, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_text_and_html_keep_the_words(texts):
    document = Document(blocks=[Paragraph(runs=plain(text)) for text in texts])
    assert squeezed(render_text(document)) == squeezed("".join(texts))
    body = render_html(document).partition("<body>")[2].rpartition("</body>")[0]
    assert squeezed(html.unescape(re.sub(r"<[^>]+>", "", body))) == squeezed("".join(texts))


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        " java\nscript:x",
        "data:text/html,x",
        "vbscript:x",
        "//evil",
        "file:///etc",
        "\x01javascript:x",
    ],
)
def test_links_that_act_or_lead_to_files_are_dropped(link):
    assert safe_link(link) == ""
    assert "href" not in render_html(Document(blocks=[Paragraph(runs=(Run("t", link=link),))]))


def test_spans_notes_and_lists_are_written_as_each_form_can():
    table = Table(
        rows=[[Cell("a|b", col_span=2), None], [Cell("c"), Cell("two\nlines")]], page=3, caption="Cap"
    )
    nested = BulletList(
        items=[
            ListItem(
                blocks=[
                    Paragraph(runs=plain("one")),
                    BulletList(items=[ListItem(blocks=[Paragraph(runs=plain("in"))])]),
                ]
            )
        ],
        ordered=True,
        start=4,
    )
    noted = Paragraph(runs=(Run("see"), Run("[fn1]", note="fn1")))
    note = Note(kind=NoteKind.FOOTNOTE, reference="fn1", blocks=[Paragraph(runs=plain("below"))])
    document = Document(blocks=[table, nested, noted, note])
    assert render_markdown(document) == (
        "**Cap**\n\n| a\\|b |  |\n| --- | --- |\n| c | two<br>lines |\n\n4. one\n   - in\n\nsee[^fn1]\n\n[^fn1]: below\n"
    )
    assert '<td colspan="2">a|b</td>' in render_html(document)
    assert '<ol start="4">' in render_html(document)
    written = json.loads(render_json(document))["blocks"]
    assert written[0]["rows"][0] == [{"text": "a|b", "column": 0, "row_span": 1, "col_span": 2}]
    assert (written[0]["page"], written[0]["columns"]) == (3, 2)
    assert written[2]["runs"][1]["note"] == "fn1"
    assert render_text(document) == "Cap\na|b\t\nc\ttwo lines\n\n4. one\n  - in\n\nsee[fn1]\n\n[fn1] below\n"
