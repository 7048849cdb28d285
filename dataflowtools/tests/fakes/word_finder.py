"""Words counted one by one."""

import re
import unicodedata
from collections.abc import Collection, Mapping

from dataflowtools.src.logics.tag.ports.word_finder import WordFinder


class FakeWordFinder(WordFinder):
    async def count(self, words: Collection[str], text: str, *, whole_words: bool) -> Mapping[str, int]:
        folded = _folded(text)
        counts = {word: len(re.findall(_pattern(word, whole_words), folded)) for word in words if word}
        return {word: count for word, count in counts.items() if count}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _pattern(word: str, whole_words: bool) -> str:
    folded = re.escape(_folded(word))
    if not whole_words:
        return f"(?={folded})"
    joins = r"[^\W_⺀-\U0010ffff]"
    left = rf"(?<!{joins})" if re.match(joins, word) else ""
    right = rf"(?!{joins})" if re.search(rf"{joins}\Z", word) else ""
    return f"(?={left}{folded}{right})"
