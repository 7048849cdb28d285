"""Words counted by one automaton in one pass over the text."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping

from ahocorasick_rs import AhoCorasick

from dataflowtools.src.errors import InvalidTagRules
from dataflowtools.src.logics.tag.ports.word_finder import WordFinder
from rowkit.threads import BoundedThreads

# The library gives the matches of a whole call as a list: slices bound it whatever the words are.
_SLICE_CHARS = 16 * 1024
_MAX_MATCHES = 2_000_000


class AhoCorasickWordFinder(WordFinder):
    """Builds the automaton anew for each call: that takes less time than keeping it right."""

    def __init__(self, *, threads: int = 2) -> None:
        self._threads = BoundedThreads(threads, name="words")

    def close(self) -> None:
        """End the threads."""
        self._threads.close()

    async def count(self, words: Collection[str], text: str, *, whole_words: bool) -> Mapping[str, int]:
        return await self._threads.run(_count, words, text, whole_words=whole_words)


def _count(words: Collection[str], text: str, *, whole_words: bool) -> Mapping[str, int]:
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for word in dict.fromkeys(words):
        if word:
            spellings[_folded(word)].append(word)
    if not spellings:
        return {}
    folded = _folded(text)
    patterns = list(spellings)
    counts: Counter[int] = Counter()
    for pattern, start, end in _matches(patterns, folded):
        if not whole_words or _stands_alone(folded, start, end):
            counts[pattern] += 1
    return {word: count for pattern, count in counts.items() for word in spellings[patterns[pattern]]}


def _folded(text: str) -> str:
    """Make one of what people take for the same: letters in any case, full or half width, accents in any form."""
    return unicodedata.normalize("NFKC", text).casefold()


def _matches(patterns: list[str], text: str) -> Iterator[tuple[int, int, int]]:
    automaton = AhoCorasick(patterns, store_patterns=False)
    overlap = max(map(len, patterns)) - 1
    found = 0
    for position in range(0, len(text), _SLICE_CHARS):
        start = max(0, position - overlap)
        window = text[start : position + _SLICE_CHARS]
        for pattern, first, last in automaton.find_matches_as_indexes(window, overlapping=True):
            if start + last > position:  # the others were found in the slice before
                found += 1
                yield pattern, start + first, start + last
        if found > _MAX_MATCHES:
            raise InvalidTagRules("The words occur too often in this text.", field="rules")


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (_joins(text[start - 1 : start], text[start]) or _joins(text[end - 1], text[end : end + 1]))


def _joins(left: str, right: str) -> bool:
    return _is_alphabetic(left) and _is_alphabetic(right)


def _is_alphabetic(character: str) -> bool:
    # Scripts without spaces between words begin at U+2E80; there every place is a boundary.
    return character.isalnum() and character < "\u2e80"
