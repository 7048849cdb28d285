"""Every catalogue of tags keeps the same promises."""

import asyncio
import secrets

import pytest

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.tags import Tag, TagChange
from dataflowtools.src.errors import IdempotencyKeyReused, InvalidTag, TagExists, TagInUse, TagNotFound
from dataflowtools.tests.stored_files import START, make_file


@pytest.fixture
def tags(catalogues):
    return catalogues.tags


def make_tag(path: str, parent: Tag | None = None, *, tenant: str = "acme", **more) -> Tag:
    return Tag(
        tag_id=secrets.token_hex(16),
        tenant=tenant,
        name=path.rpartition("/")[2],
        path=path,
        parent_id=parent.tag_id if parent else None,
        created_at=START,
        modified_at=START,
        **{"colour": None, "description": "", **more},
    )


@pytest.fixture
async def tree(tags) -> dict[str, Tag]:
    made: dict[str, Tag] = {}
    for path in ("a", "a/b", "a/b/c", "a/x", "ab", "z"):
        made[path] = make_tag(path, made.get(path.rpartition("/")[0]))
        await tags.add(made[path])
    return made


async def paths(
    tags, tenant: str = "acme", below: str | None = None, after: str | None = None, limit: int = 99
):
    return [tag.path for tag in await tags.find_tree(tenant, below=below, after=after, limit=limit)]


async def test_a_tag_is_found_by_id_and_by_path(tags):
    tag = make_tag("财务", colour="#ff0000", description="钱")
    await tags.add(tag)
    assert await tags.find("acme", tag.tag_id) == tag
    assert await tags.find("acme", "财务") == tag
    for tenant, reference in (("other", tag.tag_id), ("acme", "财"), ("acme", "")):
        with pytest.raises(TagNotFound):
            await tags.find(tenant, reference)


async def test_a_tag_is_added_below_where_its_parent_is_now(tags, tree):
    late = make_tag("a/b/late", tree["a/b"])
    await tags.update("acme", tree["a/b"].tag_id, TagChange(name="moved"))

    assert (await tags.add(late)).path == "a/moved/late"
    assert (await tags.find("acme", late.tag_id)).path == "a/moved/late"


async def test_whatever_moves_at_once_the_tree_stays_one(tags, tree):
    moves = [("a", "z"), ("z", "a/b/c"), ("ab", "a"), ("a/x", "ab")]
    for _ in range(3):
        children = [make_tag(f"new{secrets.token_hex(3)}", tree["a/b"]) for _ in range(3)]
        calls = [
            tags.update("acme", tree[one].tag_id, TagChange(parent=tree[under].tag_id))
            for one, under in moves
        ]
        await asyncio.gather(*calls, *map(tags.add, children), return_exceptions=True)
        found = {tag.tag_id: tag for tag in await tags.find_tree("acme", below=None, after=None, limit=99)}
        for tag in found.values():
            above = found[tag.parent_id].path + "/" if tag.parent_id else ""
            assert tag.path == above + tag.name
        assert all(child.tag_id in found for child in children)


async def test_a_path_exists_once_for_each_tenant(tags, tree):
    with pytest.raises(TagExists):
        await tags.add(make_tag("a/b", tree["a"]))
    await tags.add(make_tag("a", tenant="other"))
    await tags.add(make_tag("A"))
    with pytest.raises(TagNotFound):
        await tags.add(make_tag("q/r", make_tag("q")))


async def test_the_tree_is_listed_by_path_in_pages_and_below_a_tag(tags, tree):
    assert await paths(tags) == ["a", "a/b", "a/b/c", "a/x", "ab", "z"]
    assert await paths(tags, after="a/b", limit=2) == ["a/b/c", "a/x"]
    assert await paths(tags, below="a") == ["a/b", "a/b/c", "a/x"]
    assert await paths(tags, "other") == []


async def test_renaming_moves_what_is_below_and_files_keep_their_tags(tags, tree, catalogues):
    file = make_file(tags=("a/b/c",))
    await catalogues.files.add([file], quota_bytes=10**9)
    renamed = await tags.update("acme", tree["a"].tag_id, TagChange(name="新"))
    assert (renamed.path, renamed.name) == ("新", "新")
    assert await paths(tags) == ["ab", "z", "新", "新/b", "新/b/c", "新/x"]
    assert (await catalogues.files.find("acme", file.file_id)).tags == ("新/b/c",)
    assert (await tags.find("acme", "新/b/c")).files == 1


async def test_a_subtree_moves_under_another_tag_and_to_the_root(tags, tree):
    await tags.update("acme", tree["a/b"].tag_id, TagChange(parent="z"))
    assert await paths(tags) == ["a", "a/x", "ab", "z", "z/b", "z/b/c"]
    moved = await tags.update("acme", tree["a/b"].tag_id, TagChange(parent="", colour="#00ff00"))
    assert (moved.parent_id, moved.colour) == (None, "#00ff00")
    assert await paths(tags) == ["a", "a/x", "ab", "b", "b/c", "z"]


async def test_what_a_change_does_not_name_stays(tags):
    tag = make_tag("t", colour="#123456", description="d")
    await tags.add(tag)
    changed = await tags.update("acme", tag.tag_id, TagChange(description=""))
    assert (changed.colour, changed.description, changed.path) == ("#123456", "", "t")
    assert (await tags.update("acme", tag.tag_id, TagChange(colour=""))).colour is None


@pytest.mark.parametrize("target", ["a", "a/b", "a/b/c"])
async def test_no_tag_goes_below_itself(tags, tree, target):
    with pytest.raises(InvalidTag):
        await tags.update("acme", tree["a"].tag_id, TagChange(parent=target))
    assert await paths(tags) == ["a", "a/b", "a/b/c", "a/x", "ab", "z"]


async def test_a_taken_name_or_a_missing_parent_changes_nothing(tags, tree):
    with pytest.raises(TagExists):
        await tags.update("acme", tree["a"].tag_id, TagChange(name="z"))
    with pytest.raises(TagExists):
        await tags.update("acme", tree["a/b"].tag_id, TagChange(name="x"))
    with pytest.raises(TagNotFound):
        await tags.update("acme", tree["a"].tag_id, TagChange(parent="nowhere"))
    with pytest.raises(TagNotFound):
        await tags.update("other", tree["a"].tag_id, TagChange(name="q"))
    assert await paths(tags) == ["a", "a/b", "a/b/c", "a/x", "ab", "z"]


async def test_paths_do_not_grow_without_end(tags):
    above, path = None, ""
    for letter in "abcdefghi":
        path = f"{path}/{letter * 60}".strip("/")
        above = make_tag(path, above)
        await tags.add(above)
    await tags.add(make_tag("w" * 64))
    root = await tags.find("acme", "a" * 60)
    with pytest.raises(InvalidTag):
        await tags.update("acme", root.tag_id, TagChange(parent="w" * 64))


async def test_a_tag_in_use_goes_by_force_with_all_below(tags, tree, catalogues):
    file = make_file(tags=("a/b/c", "z"))
    await catalogues.files.add([file], quota_bytes=10**9)
    for path in ("a", "a/b/c", "z"):
        with pytest.raises(TagInUse):
            await tags.remove("acme", tree[path].tag_id, force=False)
    assert await tags.remove("acme", tree["ab"].tag_id, force=False) == 1
    assert await tags.remove("acme", tree["a"].tag_id, force=True) == 4
    assert await paths(tags) == ["z"]
    assert (await catalogues.files.find("acme", file.file_id)).tags == ("z",)
    with pytest.raises(TagNotFound):
        await tags.remove("acme", tree["a"].tag_id, force=True)


async def test_of_many_who_make_the_same_tag_one_does(tags):
    outcomes = await asyncio.gather(*(tags.add(make_tag("same")) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, Tag) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, TagExists) for outcome in outcomes) == 7


async def test_a_repeated_request_adds_nothing_and_gets_the_tag_as_it_is_now(tags):
    request = RequestName(name="n", fingerprint="a" * 64)
    first = await tags.add(make_tag("a"), request=request)
    await tags.update("acme", first.tag_id, TagChange(name="b"))
    again = await tags.add(make_tag("a"), request=request)
    assert (again.tag_id, again.path) == (first.tag_id, "b")
    assert await paths(tags) == ["b"]
    with pytest.raises(IdempotencyKeyReused):
        await tags.add(make_tag("c"), request=RequestName(name="n", fingerprint="b" * 64))
    with pytest.raises(TagExists):
        await tags.add(make_tag("b"), request=RequestName(name="other", fingerprint="b" * 64))
    await tags.add(make_tag("d"), request=RequestName(name="other", fingerprint="c" * 64))
