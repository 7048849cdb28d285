"""Any blocks that a request may hold are written, and other programs open what was written."""

import io

import docx
import pypdfium2
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.from_json import blocks_of
from dataflowtools.src.drivenadapters.documents_out.pdf.write import write_pdf
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.texts import written_text
from dataflowtools.src.drivenadapters.documents_out.word.write import write_word
from dataflowtools.src.errors import DataflowError
from dataflowtools.src.logics.file.writing.content import Content

TEXT = st.text(max_size=30) | st.sampled_from(
    ["中文，", "a\tb\nc", "<b>&amp;", "\x00\x0b￿", "=1", "{{ x }}", "🙂"]
)
RUN = st.fixed_dictionaries(
    {"text": TEXT},
    optional={
        "bold": st.booleans(), "italic": st.booleans(), "code": st.booleans(), "struck": st.booleans(),
        "underline": st.booleans(), "script": st.sampled_from(["", "super", "sub"]),
        "link": st.sampled_from(['https://example.org/?a=1&b="2"', "javascript:x", "#a", "mailto:a@b"]),
        "color": st.sampled_from(["", "#FF0000", "00ff00"]), "size": st.floats(0, 100), "note": TEXT,
    },
)  # fmt: skip
LEAF = st.one_of(
    st.fixed_dictionaries({"type": st.just("paragraph"), "text": TEXT}, optional={"align": st.sampled_from(["center", "justify"])}),
    st.fixed_dictionaries({"type": st.just("heading"), "runs": st.lists(RUN, max_size=3), "level": st.integers(1, 9)}),
    st.fixed_dictionaries({"type": st.sampled_from(["code", "formula"]), "text": TEXT}),
    st.fixed_dictionaries({"type": st.just("picture"), "reference": TEXT, "alt": TEXT}),
    st.just({"type": "page_break"}),
)  # fmt: skip


def around(inner):
    blocks = st.lists(inner, max_size=3)
    cell = st.one_of(
        TEXT, st.integers(), st.none(), st.booleans(),
        st.fixed_dictionaries({"text": TEXT}, optional={"row_span": st.integers(1, 4), "col_span": st.integers(1, 3), "header": st.booleans(), "blocks": blocks}),
    )  # fmt: skip
    return st.one_of(
        st.fixed_dictionaries({"type": st.just("list"), "items": st.lists(st.fixed_dictionaries({"blocks": blocks}), max_size=3), "ordered": st.booleans()}),
        st.fixed_dictionaries({"type": st.sampled_from(["quote", "text_box", "header", "footer", "footnote", "comment"]), "blocks": blocks}),
        st.fixed_dictionaries({"type": st.just("table"), "rows": st.lists(st.lists(cell, max_size=4), max_size=4), "caption": TEXT}),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.recursive(LEAF, around, max_leaves=12), max_size=5))
def test_blocks_are_written_in_every_format(blocks):
    content = Content.model_validate({"blocks": blocks}).as_message()
    for writer, opens in ((write_word, docx.Document), (write_pdf, pypdfium2.PdfDocument)):
        held = io.BytesIO()
        try:
            writer(blocks_of(content["blocks"]), {}, Pictures({}), Caveats(), held)
        except DataflowError:
            continue  # such as cells that overlap
        assert opens(io.BytesIO(held.getvalue()))
    for target in ("md", "html", "txt"):
        try:
            written_text(content, target, "", Pictures({}), Caveats())
        except DataflowError:
            continue
