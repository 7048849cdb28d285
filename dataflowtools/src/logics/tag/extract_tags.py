"""Tags found in a text by rules."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from dataflowtools.src.common.tags import PATH_SEPARATOR, FoundTag, TagRule
from dataflowtools.src.errors import InvalidTagRules
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue
from dataflowtools.src.logics.tag.ports.word_finder import WordFinder

MAX_WORD_CHARS = 64
MAX_TREE_TAGS = 20_000


class ExtractTags:
    """A tag is found when all words of one of its groups occur and none of its excluded words does.

    Its weight counts such groups. A rule without groups looks for the tag's own name and counts it; where
    several tags bear one name, those stay whose parent's name occurs too, if any does.
    """

    def __init__(
        self,
        *,
        words: WordFinder,
        catalogue: TagCatalogue,
        sort_key: Callable[[str], object],
        max_rules: int,
    ) -> None:
        self._words = words
        self._catalogue = catalogue
        self._sort_key = sort_key
        self._max_rules = max_rules

    async def __call__(
        self, tenant: str, text: str, rules: Sequence[TagRule] | None, *, whole_words: bool = False
    ) -> list[FoundTag]:
        """Return the tags, the weightiest first; without rules the tenant's own tags are looked for by name.

        Raises InvalidTagRules.
        """
        asked = await self._own_tags(tenant) if rules is None else rules
        self._check(asked)
        words = {word for rule in asked for word in _words_of(rule)}
        counts = await self._words.count(words, text, whole_words=whole_words)
        found = _resolve_names([(rule, _judge(rule, counts)) for rule in asked], counts)
        return sorted(found, key=lambda tag: (-tag.weight, self._sort_key(tag.tag)))

    async def _own_tags(self, tenant: str) -> list[TagRule]:
        tree = await self._catalogue.find_tree(tenant, below=None, after=None, limit=MAX_TREE_TAGS)
        return [TagRule(tag_id=tag.tag_id, tag_path=tag.path) for tag in tree]

    def _check(self, rules: Sequence[TagRule]) -> None:
        if len(rules) > self._max_rules:
            raise InvalidTagRules(f"At most {self._max_rules} rules are applied at once.", field="rules")
        for number, rule in enumerate(rules):
            if not all(1 <= len(word) <= MAX_WORD_CHARS for word in _words_of(rule)):
                raise InvalidTagRules(
                    f"Every word of a rule has 1 to {MAX_WORD_CHARS} characters.", field=f"rules/{number}"
                )
            if not all(rule.any_of):
                raise InvalidTagRules("A group without words would always hold.", field=f"rules/{number}")


def _name(rule: TagRule) -> str:
    return rule.tag_path.rpartition(PATH_SEPARATOR)[2]


def _parent_name(rule: TagRule) -> str:
    return rule.tag_path.rpartition(PATH_SEPARATOR)[0].rpartition(PATH_SEPARATOR)[2]


def _words_of(rule: TagRule) -> Iterable[str]:
    yield from rule.none_of
    for group in rule.any_of:
        yield from group
    if not rule.any_of:
        yield _name(rule)
        if _parent_name(rule):
            yield _parent_name(rule)


def _judge(rule: TagRule, counts: Mapping[str, int]) -> FoundTag | None:
    if any(word in counts for word in rule.none_of):
        return None
    held = [group for group in rule.any_of if all(word in counts for word in group)]
    strength = len(held) if rule.any_of else counts.get(_name(rule), 0)
    if strength == 0:
        return None
    said = [word for group in held for word in group] if rule.any_of else [_name(rule)]
    return FoundTag(
        tag_id=rule.tag_id,
        tag=rule.tag_path,
        weight=strength * rule.weight,
        words=tuple(dict.fromkeys(said)),
    )


def _resolve_names(
    judged: Sequence[tuple[TagRule, FoundTag | None]], counts: Mapping[str, int]
) -> list[FoundTag]:
    found = [(rule, tag) for rule, tag in judged if tag is not None]
    by_name = [rule for rule, _ in found if not rule.any_of]
    bearers = Counter(_name(rule) for rule in by_name)
    confirmed = {_name(rule) for rule in by_name if _parent_name(rule) in counts}
    return [
        tag
        for rule, tag in found
        if rule.any_of
        or bearers[_name(rule)] == 1
        or _name(rule) not in confirmed
        or _parent_name(rule) in counts
    ]
