"""Every catalogue of files keeps the same promises."""

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.stored_file import FileDescription, FilePosition, FileQuery, Usage
from dataflowtools.src.errors import FileNotFound, IdempotencyKeyReused, PreconditionFailed, QuotaExceeded
from dataflowtools.src.logics.tag.parse_expression import parse_expression
from dataflowtools.tests.fakes.file_catalogue import utc_now
from dataflowtools.tests.stored_files import START, make_content, make_file

QUOTA = 10**12


@pytest.fixture
def files(catalogues):
    return catalogues.files


async def names(files, tenant: str = "acme", **query) -> list[str]:
    return [file.name for file in (await files.find_page(tenant, FileQuery(**query))).files]


async def test_what_was_added_is_found_as_it_was(files):
    file = make_file(
        "合同 – Ünïcode 😀.docx",
        content=make_content(size_bytes=5_000_000_000),
        metadata={"客户": "王", "n": 7, "share": 0.5, "paid": True, "empty": ""},
        tags=("finance/2026", "合同"),
    )
    assert await files.add([file], quota_bytes=QUOTA) == [file]
    assert await files.find("acme", file.file_id) == file


async def test_a_file_tagged_by_a_tags_id_bears_that_tag(files, catalogues):
    await files.add([make_file(tags=("a/b",))], quota_bytes=QUOTA)
    tag = await catalogues.tags.find("acme", "a/b")
    [kept] = await files.add([make_file(tags=(tag.tag_id, "a"))], quota_bytes=QUOTA)
    assert kept.tags == ("a", "a/b")


async def test_another_tenants_file_is_not_found_by_any_call(files):
    file = make_file()
    await files.add([file], quota_bytes=QUOTA)
    for call in (
        files.find("other", file.file_id),
        files.describe("other", file.file_id, FileDescription(name="stolen")),
        files.replace_content("other", file.file_id, make_content(), if_version=1, quota_bytes=QUOTA),
        files.remove("other", file.file_id),
    ):
        with pytest.raises(FileNotFound):
            await call
    await files.keep_properties("other", file.file_id, {"title": "stolen"}, sha256=file.content.sha256)
    assert await names(files, "other") == []
    assert await files.find("acme", file.file_id) == file


async def test_adding_is_all_or_nothing(files):
    with pytest.raises(QuotaExceeded):
        await files.add([make_file(), make_file()], quota_bytes=15)
    assert await names(files) == []
    assert await files.usage("acme") == Usage(size_bytes=0, files=0)


async def test_usage_follows_every_change(files):
    first, second = make_file(), make_file(tenant="other")
    await files.add([first, second], quota_bytes=QUOTA)
    await files.replace_content(
        "acme", first.file_id, make_content(size_bytes=70), if_version=1, quota_bytes=QUOTA
    )
    assert await files.usage("acme") == Usage(size_bytes=70, files=1)
    await files.remove("acme", first.file_id)
    assert await files.usage("acme") == Usage(size_bytes=0, files=0)
    assert await files.usage("other") == Usage(size_bytes=10, files=1)


async def test_uploads_at_once_cannot_pass_the_quota_together(files):
    outcomes = await asyncio.gather(
        *(files.add([make_file()], quota_bytes=55) for _ in range(12)), return_exceptions=True
    )
    assert sum(isinstance(outcome, QuotaExceeded) for outcome in outcomes) == 7
    assert await files.usage("acme") == Usage(size_bytes=50, files=5)


async def test_a_file_may_shrink_above_the_quota(files):
    file = make_file(content=make_content(size_bytes=100))
    await files.add([file], quota_bytes=QUOTA)
    await files.replace_content(
        "acme", file.file_id, make_content(size_bytes=90), if_version=1, quota_bytes=50
    )
    assert (await files.usage("acme")).size_bytes == 90


async def test_pages_run_newest_first_without_gap_or_repetition(files):
    added = [make_file(f"{number}", minute=number // 3) for number in range(20)]
    await files.add(added, quota_bytes=QUOTA)
    seen, position = [], None
    while True:
        page = await files.find_page("acme", FileQuery(limit=7, after=position))
        seen += page.files
        if page.next is None:
            break
        position = page.next
    assert seen == sorted(added, key=lambda file: (file.created_at, file.file_id), reverse=True)


async def test_a_page_that_is_just_full_is_the_last(files):
    await files.add([make_file(), make_file()], quota_bytes=QUOTA)
    assert (await files.find_page("acme", FileQuery(limit=2))).next is None


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("REPORT", ["Report_1%.pdf", "report.txt"]),
        ("_1%", ["Report_1%.pdf"]),
        ("STRASSE", ["Straße.md"]),
        ("%", ["Report_1%.pdf"]),
        ("zzz", []),
    ],
)
async def test_names_are_searched_literally_in_any_case(files, part, found):
    added = [make_file("report.txt"), make_file("Report_1%.pdf", minute=1), make_file("Straße.md", minute=2)]
    await files.add(added, quota_bytes=QUOTA)
    assert await names(files, name_contains=part) == found


async def test_types_are_searched_whole_or_by_family(files):
    png, jpeg = make_content(media_type="image/png"), make_content(media_type="image/jpeg")
    added = [make_file("p", content=png), make_file("j", minute=1, content=jpeg), make_file("t", minute=2)]
    await files.add(added, quota_bytes=QUOTA)
    assert await names(files, media_type="image/png") == ["p"]
    assert await names(files, media_type="image/*") == ["j", "p"]
    assert await names(files, media_type="image/%") == []


async def test_times_hashes_and_metadata_are_searched(files):
    added = [
        make_file("a", metadata={"dept": "x", "n": 1, "ok": True}, content=make_content(sha256="a" * 64)),
        make_file("b", minute=10, metadata={"dept": "X", "n": 1}),
    ]
    await files.add(added, quota_bytes=QUOTA)
    later = START + timedelta(minutes=10)
    assert await names(files, created_from=later) == ["b"]
    assert await names(files, created_before=later) == ["a"]
    assert await names(files, sha256="a" * 64) == ["a"]
    assert await names(files, metadata={"dept": "x"}) == ["a"]
    assert await names(files, metadata={"n": "1"}) == ["b", "a"]
    assert await names(files, metadata={"n": "1", "ok": "true"}) == ["a"]
    assert await names(files, metadata={"missing": "1"}) == []


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("finance", ["f26", "f25", "f"]),
        ("finance/2026", ["f26"]),
        ("finan", []),
        ("finance and not finance/2026", ["f25", "f"]),
        ("finance/2025 or 草稿", ["none+草稿", "f25"]),
        ("not finance", ["none+草稿"]),
        ("(finance/2025 or finance/2026) not 草稿", ["f26", "f25"]),
        ("unknown", []),
        ("Finance", []),
    ],
)
async def test_tag_expressions_choose_files(files, expression, found):
    added = [
        make_file("f", tags=("finance",)),
        make_file("f25", minute=1, tags=("finance/2025",)),
        make_file("f26", minute=2, tags=("finance/2026", "finance0")),
        make_file("none+草稿", minute=3, tags=("草稿",)),
        make_file("theirs", tenant="other", tags=("finance",)),
    ]
    await files.add(added, quota_bytes=QUOTA)
    assert await names(files, tag=parse_expression(expression)) == found


async def test_a_description_changes_what_is_given_and_counts_versions(files):
    file = make_file(metadata={"a": 1}, tags=("x",))
    await files.add([file], quota_bytes=QUOTA)
    changed = await files.describe("acme", file.file_id, FileDescription(metadata={"b": 2}))
    assert (changed.name, changed.metadata, changed.tags, changed.version) == ("a.txt", {"b": 2}, ("x",), 2)
    assert changed.modified_at > file.modified_at
    changed = await files.describe("acme", file.file_id, FileDescription(name="B", tags=()), if_version=2)
    assert (changed.name, changed.metadata, changed.tags, changed.version) == ("B", {"b": 2}, (), 3)
    assert await names(files, name_contains="b") == ["B"]
    with pytest.raises(PreconditionFailed):
        await files.describe("acme", file.file_id, FileDescription(name="C"), if_version=2)
    assert (await files.find("acme", file.file_id)).name == "B"


async def test_of_two_changes_to_one_version_one_wins(files):
    file = make_file()
    await files.add([file], quota_bytes=QUOTA)
    outcomes = await asyncio.gather(
        *(
            files.describe("acme", file.file_id, FileDescription(name=str(number)), if_version=1)
            for number in range(6)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, PreconditionFailed) for outcome in outcomes) == 5


async def test_new_content_replaces_the_old_and_forgets_what_was_read_from_it(files):
    file, content = make_file(), make_content()
    await files.add([file], quota_bytes=QUOTA)
    await files.keep_properties("acme", file.file_id, {"title": "T", "pages": 3}, sha256=file.content.sha256)
    known = await files.find("acme", file.file_id)
    assert known.properties == {"title": "T", "pages": 3}
    before = await files.replace_content("acme", file.file_id, content, if_version=1, quota_bytes=QUOTA)
    assert before == known
    after = await files.find("acme", file.file_id)
    assert (after.content, after.properties, after.version) == (content, None, 2)
    await files.keep_properties("acme", file.file_id, {"title": "late"}, sha256=file.content.sha256)
    assert (await files.find("acme", file.file_id)).properties is None
    with pytest.raises(PreconditionFailed):
        await files.replace_content("acme", file.file_id, make_content(), if_version=1, quota_bytes=QUOTA)
    with pytest.raises(QuotaExceeded):
        await files.replace_content(
            "acme", file.file_id, make_content(size_bytes=99), if_version=2, quota_bytes=50
        )
    assert (await files.find("acme", file.file_id)).content == content


async def test_of_two_removals_one_succeeds(files):
    file = make_file(metadata={"a": 1}, tags=("x",))
    await files.add([file], quota_bytes=QUOTA)
    outcomes = await asyncio.gather(
        *(files.remove("acme", file.file_id) for _ in range(5)), return_exceptions=True
    )
    assert [outcome for outcome in outcomes if not isinstance(outcome, FileNotFound)] == [file]


async def test_known_blobs_are_those_of_rows(files):
    file = make_file()
    await files.add([file], quota_bytes=QUOTA)
    assert await files.known_blobs([file.content.blob_id, "0" * 32]) == {file.content.blob_id}


async def test_hostile_text_is_only_text(files):
    hostile = "'; DROP TABLE files; -- \\ % _ \" 😀"
    file = make_file(hostile, metadata={hostile[:60]: hostile}, tags=(hostile[:60],))
    await files.add([file], quota_bytes=QUOTA)
    assert await files.find("acme", file.file_id) == file
    assert await names(files, name_contains=hostile, metadata={hostile[:60]: hostile}) == [hostile]
    assert await names(files, after=FilePosition(created_at=START, file_id=hostile)) in ([], [hostile])
    with pytest.raises(FileNotFound):
        await files.find("acme", hostile)


async def test_tags_are_made_once_by_files_added_at_once(files, catalogues):
    await asyncio.gather(*(files.add([make_file(tags=("a/b/c",))], quota_bytes=QUOTA) for _ in range(8)))
    tree = await catalogues.tags.find_tree("acme", below=None, after=None, limit=10)
    assert [(tag.path, tag.files) for tag in tree] == [("a", 0), ("a/b", 0), ("a/b/c", 8)]


async def test_the_longest_names_fit(files):
    file = make_file("名" * 85, metadata={"k" * 64: "值" * 1000}, tags=("标" * 64 + "/" + "签" * 64,))
    file = dataclasses.replace(file, content=make_content(media_type="a" * 127))
    await files.add([file], quota_bytes=QUOTA)
    assert await files.find("acme", file.file_id) == file


async def test_a_repeated_request_adds_nothing_and_gets_what_was_added(files):
    request = RequestName(name="upload-1", fingerprint="a" * 64)
    first = await files.add([make_file("a"), make_file("b", minute=1)], quota_bytes=QUOTA, request=request)
    again = await files.add([make_file("a"), make_file("b")], quota_bytes=QUOTA, request=request)
    assert again == first
    assert await names(files) == ["b", "a"]
    assert (await files.usage("acme")).files == 2
    other = RequestName(name="upload-1", fingerprint="b" * 64)
    with pytest.raises(IdempotencyKeyReused):
        await files.add([make_file("c")], quota_bytes=QUOTA, request=other)
    await files.add([make_file("theirs", tenant="other")], quota_bytes=QUOTA, request=request)
    assert await names(files, "other") == ["theirs"]
    await files.remove("acme", first[0].file_id)
    with pytest.raises(FileNotFound):
        await files.add([make_file("a")], quota_bytes=QUOTA, request=request)


async def test_a_request_that_failed_may_be_repeated(files):
    request = RequestName(name="n", fingerprint="a" * 64)
    with pytest.raises(QuotaExceeded):
        await files.add([make_file()], quota_bytes=1, request=request)
    assert len(await files.add([make_file()], quota_bytes=QUOTA, request=request)) == 1


async def test_of_repetitions_at_once_one_adds(files):
    request = RequestName(name="n", fingerprint="a" * 64)
    kept = await asyncio.gather(
        *(files.add([make_file()], quota_bytes=QUOTA, request=request) for _ in range(8))
    )
    assert len({file.file_id for [file] in kept}) == 1
    assert (await files.usage("acme")).files == 1


async def test_named_requests_are_forgotten_in_time(files):
    request = RequestName(name="n", fingerprint="a" * 64)
    [first] = await files.add([make_file()], quota_bytes=QUOTA, request=request)
    assert await files.forget_requests(first.created_at - timedelta(days=365)) == 0
    assert await files.forget_requests(utc_now() + timedelta(seconds=1)) == 1
    [again] = await files.add([make_file()], quota_bytes=QUOTA, request=request)
    assert again.file_id != first.file_id


async def test_a_catalogue_keeps_its_identity(files):
    identity = await files.identity()
    assert len(identity) == 32
    assert await files.identity() == identity
