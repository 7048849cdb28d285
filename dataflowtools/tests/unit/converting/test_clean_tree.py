"""What a stranger's document may name is taken out of pandoc's tree; the words stay."""

import json
import shutil
import subprocess

import pytest

from dataflowtools.src.drivenadapters.converting.worker.clean_tree import clean_tree

INNER = [{"t": "Str", "c": "words"}]
NOBODY = ["", [], []]


def tree(*blocks, **meta):
    return {"pandoc-api-version": [1, 22], "meta": meta, "blocks": list(blocks)}


def paragraph(*inlines):
    return {"t": "Para", "c": list(inlines)}


def image(address):
    return {"t": "Image", "c": [NOBODY, INNER, [address, "title"]]}


@pytest.mark.parametrize(
    "address",
    ["/etc/passwd", "http://127.0.0.1/x.png", "file:///etc/passwd", "x.png", "data:image/svg+xml,<svg/>",
     "data:text/html,x", "//host/x.png"],
)  # fmt: skip
def test_pictures_from_elsewhere_leave_their_words(address):
    cleaned, told = clean_tree(tree(paragraph(image(address))))

    assert cleaned["blocks"] == [paragraph({"t": "Span", "c": [NOBODY, INNER]})]
    assert told == [f"A picture was not fetched: {address}"]


def test_pictures_that_come_along_stay():
    document = tree(paragraph(image("data:image/png;base64,AAAA")))

    assert clean_tree(document) == (document, [])


def test_raw_markup_scripts_and_settings_go():
    link = {
        "t": "Link",
        "c": [["", [], [["onclick", "x()"], ["width", "3"]]], INNER, ["javascript:alert(1)", ""]],
    }
    raw = {"t": "RawBlock", "c": ["html", "<img src='http://x'>"]}
    settings = {
        name: {"t": "MetaString", "c": name} for name in ("title", "css", "header-includes", "cover-image")
    }
    cleaned, told = clean_tree(tree(raw, paragraph(link), **settings))

    assert cleaned["meta"] == {"title": settings["title"]}
    assert cleaned["blocks"][1] == paragraph(
        {"t": "Link", "c": [["", [], [["width", "3"]]], INNER, ["", ""]]}
    )
    assert "RawBlock" not in json.dumps(cleaned)
    assert told == ["Raw markup within the document was left out."]


def test_what_pandoc_gives_for_every_kind_of_block_is_still_a_document():
    if shutil.which("pandoc") is None:
        pytest.fail("pandoc is not installed")
    text = "# h {#i .c k=v}\n\n> q\n\n- a\n- b\n\n|a|b|\n|-|-|\n|1|2|\n\n```python\nx\n```\n\nt[^1] $x^2$ ~~s~~\n\n[^1]: n\n"
    read = subprocess.run(
        ["pandoc", "-t", "json"], input=text.encode(), capture_output=True, check=True, timeout=60
    )
    document = json.loads(read.stdout)
    cleaned, told = clean_tree(document)
    written = subprocess.run(
        ["pandoc", "-f", "json", "-t", "markdown"], input=json.dumps(cleaned).encode(), capture_output=True,
        check=True, timeout=60,
    )  # fmt: skip

    assert (cleaned, told) == (document, [])
    assert "# h" in written.stdout.decode()
