"""Every finder of words counts the same."""

import random
import secrets
import time
from collections.abc import Iterator

import pytest

from dataflowtools.src.drivenadapters.text.aho_corasick_word_finder import AhoCorasickWordFinder
from dataflowtools.src.errors import InvalidTagRules
from dataflowtools.src.logics.tag.ports.word_finder import WordFinder
from dataflowtools.tests.fakes.word_finder import FakeWordFinder


@pytest.fixture(params=[FakeWordFinder, AhoCorasickWordFinder])
def finder(request) -> Iterator[WordFinder]:
    made = request.param()
    yield made
    if hasattr(made, "close"):
        made.close()


@pytest.mark.parametrize(
    ("words", "text", "counts"),
    [
        (["he", "she", "hers", "his"], "ushers", {"he": 1, "she": 1, "hers": 1}),
        (["aa"], "aaaa", {"aa": 3}),
        (["发票", "增值税发票"], "增值税发票与发票", {"发票": 2, "增值税发票": 1}),
        (["Invoice", "INVOICE"], "invoice Invoice", {"Invoice": 2, "INVOICE": 2}),
        (["straße"], "STRASSE", {"straße": 1}),
        (["éclair", "ＡＢＣ", "12"], "e\u0301clair abc ABC １２", {"éclair": 1, "ＡＢＣ": 2, "12": 1}),
        (["😀"], "a😀b", {"😀": 1}),
        (["x"], "", {}),
        ([], "text", {}),
        (["", "t"], "text", {"t": 2}),
    ],
)
async def test_words_are_counted_wherever_they_stand(finder, words, text, counts):
    assert await finder.count(words, text, whole_words=False) == counts


@pytest.mark.parametrize(
    ("words", "text", "counts"),
    [
        (["art"], "party art, ART; arts", {"art": 2}),
        (["c++"], "c++ xc++ c++x", {"c++": 2}),
        (["发票"], "增值税发票号", {"发票": 1}),
        (["id"], "身份id号 idx", {"id": 1}),
    ],
)
async def test_whole_words_do_not_count_within_longer_ones(finder, words, text, counts):
    assert await finder.count(words, text, whole_words=True) == counts


async def test_matches_across_slices_count_once(finder):
    letters = random.Random(4)
    text = "".join(letters.choices("ab", k=50_000))
    words = ["a", "ab", "abba", "b" * 5, "ab" * 6]
    expected = {word: sum(text.startswith(word, at) for at in range(len(text))) for word in words}
    assert await finder.count(words, text, whole_words=False) == {w: n for w, n in expected.items() if n}


async def test_thousands_of_words_in_a_long_text_take_milliseconds():
    finder = AhoCorasickWordFinder()
    words = [secrets.token_hex(4) for _ in range(20_000)]
    text = " ".join(random.Random(1).choices(words, k=20_000) + ["filler words"] * 60_000)
    start = time.process_time()
    counts = await finder.count(words, text, whole_words=False)
    assert sum(counts.values()) >= 20_000
    assert time.process_time() - start < 1.5  # 0.1 s on a quiet machine
    finder.close()


async def test_words_that_match_everywhere_are_refused_soon():
    finder = AhoCorasickWordFinder()
    with pytest.raises(InvalidTagRules):
        await finder.count(["a" * length for length in range(1, 65)], "a" * 1_000_000, whole_words=False)
    finder.close()
