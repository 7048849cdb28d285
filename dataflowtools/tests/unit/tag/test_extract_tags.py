"""Rules over text, as the platform's second version of them reads."""

import pytest

from dataflowtools.src.common.tags import TagRule
from dataflowtools.src.drivenadapters.text.pinyin_order import pinyin_key
from dataflowtools.src.errors import InvalidTagRules
from dataflowtools.src.logics.tag.extract_tags import ExtractTags
from dataflowtools.tests.fakes.tag_catalogue import FakeTagCatalogue
from dataflowtools.tests.fakes.word_finder import FakeWordFinder


def rule(path: str, *groups: list[str], none_of: tuple[str, ...] = (), weight: float = 1.0) -> TagRule:
    return TagRule(tag_id=path, tag_path=path, any_of=groups, none_of=none_of, weight=weight)


async def found(text: str, *rules: TagRule) -> list[tuple[str, float]]:
    extract = ExtractTags(
        words=FakeWordFinder(), catalogue=FakeTagCatalogue(), sort_key=pinyin_key, max_rules=10
    )
    return [(tag.tag, tag.weight) for tag in await extract("acme", text, rules)]


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("x", None),
        ("one", None),
        ("one two", 1),
        ("three", 1),
        ("two three one", 2),
        ("one two one two", 1),
        ("one two bad", None),
    ],
)
async def test_all_words_of_a_group_are_needed_and_the_weight_counts_groups(text, weight):
    tags = await found(text, rule("t", ["one", "two"], ["three"], none_of=("bad",)))
    assert tags == ([] if weight is None else [("t", weight)])


async def test_without_groups_the_tags_own_name_is_counted():
    assert await found("apple pie, Apple", rule("fruit/apple")) == [("fruit/apple", 2)]
    assert await found("apple, rotten", rule("fruit/apple", none_of=("rotten",))) == []


async def test_of_tags_with_one_name_those_stay_whose_parent_is_named():
    rules = rule("fruit/apple"), rule("companies/apple")
    assert await found("apple of the fruit kind", *rules) == [("fruit/apple", 1)]
    assert await found("apple", *rules) == [("companies/apple", 1), ("fruit/apple", 1)]
    assert await found("fruit companies apple", *rules) == [("companies/apple", 1), ("fruit/apple", 1)]
    assert await found("fruit apple", *rules, rule("x/apple", ["apple"])) == [
        ("fruit/apple", 1),
        ("x/apple", 1),
    ]


async def test_the_weightiest_come_first_and_equals_by_sound():
    rules = [rule(path, ["w"]) for path in ("中文", "安全", "banana", "重要")] + [
        rule("z", ["w"], weight=2.5)
    ]
    assert await found("w", *rules) == [("z", 2.5), ("安全", 1), ("banana", 1), ("中文", 1), ("重要", 1)]


async def test_what_was_found_tells_its_words():
    extract = ExtractTags(words=FakeWordFinder(), catalogue=FakeTagCatalogue(), sort_key=str, max_rules=10)
    [tag] = await extract("acme", "b a", [rule("t", ["a", "b"], ["a"], ["c"])])
    assert tag.words == ("a", "b")


@pytest.mark.parametrize(
    "rules", [[rule("t")] * 11, [rule("t", [])], [rule("t", ["x" * 65])], [rule("t", ["a"], none_of=("",))]]
)
async def test_rules_that_make_no_sense_are_refused(rules):
    with pytest.raises(InvalidTagRules):
        await found("text", *rules)
