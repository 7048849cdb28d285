"""Counting many words in a long text at once."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping


class WordFinder(ABC):
    """Finds words wherever they stand, also within and across one another, in any case, width and composition."""

    @abstractmethod
    async def count(self, words: Collection[str], text: str, *, whole_words: bool) -> Mapping[str, int]:
        """Return how often each word (as given) that occurs at all occurs.

        With whole_words a word that begins or ends with a letter or digit of an alphabet does not count
        within a longer one. Raises InvalidTagRules when the words occur unreasonably often.
        """
