"""Rich text: headings, lists, links, merged cells, headers and footers."""

from pathlib import Path

from dataflowtools.tests.unit.documents.making import read

SAMPLES = Path(__file__).parent / "samples"


def rtf(body: str) -> bytes:
    styles = r"{\stylesheet{\s0 Normal;}{\s1\b\fs32 heading 1;}{\s7\outlinelevel2 Own;}{\s9 Title;}}"
    return (r"{\rtf1\ansi" + styles + body + "}").encode()


def test_what_an_office_program_wrote_keeps_its_structure():
    answer = read((SAMPLES / "pandoc_libreoffice.rtf").read_bytes(), "a.rtf", format="markdown")
    for part in (
        "# Front\n",
        "# H1 中文\n",
        "[l](http://x.y)",
        "- a\n  - b\n",
        "1. x\n2. y\n",
        "| 1 | 2 |",
        "# Setext\n",
    ):
        assert part in answer.content


def test_headings_by_the_name_of_their_style_and_by_their_level():
    body = r"\pard\plain\s1\b Of a style{\footnote \pard\plain\s0 Note}\par\pard\s7 Own\par\pard\outlinelevel1 Second\par\pard\s0 Text\par"
    blocks = read(rtf(body), "a.rtf").blocks
    assert [(block["type"], block.get("level"), block.get("text")) for block in blocks] == [
        ("heading", 1, "Of a style[1]"), ("heading", 3, "Own"), ("heading", 2, "Second"), ("paragraph", None, "Text"),
        ("footnote", None, None),
    ]  # fmt: skip
    assert "bold" not in str(blocks[0])


def test_lists_with_their_depth_their_kind_and_their_first_number():
    body = "".join(
        rf"\pard{{\listtext\pard\plain {marker}\tab}}\ilvl{depth}\ls1 {text}\par"
        for marker, depth, text in [(r"\u8226 ?", 0, "a"), ("-", 1, "b"), ("4.", 0, "x"), ("5.", 0, "y")]
    )
    first, second = read(rtf(body + r"\pard end\par"), "a.rtf").blocks[:2]
    assert (first["ordered"], second["ordered"], second["start"]) == (False, True, 4)
    assert first["items"][0]["blocks"][1]["items"][0]["blocks"][0]["text"] == "b"
    assert [item["blocks"][0]["text"] for item in second["items"]] == ["x", "y"]


def test_links_are_those_of_their_fields_and_other_fields_give_their_text():
    body = r'\pard See {\field{\*\fldinst {HYPERLINK "https://a.b/c"}}{\fldrslt{the site}}} on page {\field{\*\fldinst PAGE}{\fldrslt 7}}.\par'
    (block,) = read(rtf(body), "a.rtf").blocks
    assert block["text"] == "See the site on page 7."
    assert [(run["text"], run["link"]) for run in block["runs"] if "link" in run] == [
        ("the site", "https://a.b/c")
    ]


def test_cells_merged_by_marks_and_by_width():
    body = (
        r"\trowd\trleft0\clvmgf\cellx1000\clmgf\cellx2000\clmrg\cellx3000\intbl a\cell b\cell\cell\row"
        r"\trowd\trleft0\clvmrg\cellx1000\cellx2005\cellx3000\intbl\cell c\cell d\cell\row"
        r"\trowd\trleft0\cellx2000\cellx3000\intbl e\cell f\cell\row\pard\par"
    )
    rows = read(rtf(body), "a.rtf").tables[0]["rows"]
    assert [
        [(cell["text"], cell["column"], cell["row_span"], cell["col_span"]) for cell in row] for row in rows
    ] == [
        [("a", 0, 2, 1), ("b", 1, 1, 2)],
        [("c", 1, 1, 1), ("d", 2, 1, 1)],
        [("e", 0, 1, 2), ("f", 2, 1, 1)],
    ]


def test_a_table_whose_cells_are_not_defined_is_given_as_written():
    body = r"\trowd\intbl a\cell b\cell\row\trowd\cellx9\cellx5\intbl c\cell d\cell\row\pard\par"
    assert read(rtf(body), "a.rtf").grid() == [["a", "b"], ["c", "d"]]


def test_headers_and_footers_stand_beside_the_text():
    body = r"{\header\pard Letter head\par}{\footerl\pard Page\par}{\footerr\pard Page\par}\pard Text\par"
    blocks = read(rtf(body), "a.rtf").blocks
    assert [block["type"] for block in blocks] == ["paragraph", "header", "footer"]
    assert blocks[1]["blocks"][0]["text"] == "Letter head"
