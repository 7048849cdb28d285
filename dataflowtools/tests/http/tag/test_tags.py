"""/api/tag/*."""

import json
import random
from urllib.parse import urlencode

import pytest

from dataflowtools.tests.http_service import make_keys, running, upload
from dataflowtools.tests.multipart_bodies import Form
from servicekit.testing import assert_problem


async def create(client, name: str, parent: str | None = None, **more):
    reply = await client.request("POST", "/api/tag/create", json={"name": name, "parent": parent, **more})
    assert reply.status == 201, reply.body
    return reply.json()


async def paths(client, query: str = "") -> list[str]:
    reply = await client.request("GET", f"/api/tag/list?{query}")
    return [tag["path"] for tag in reply.json()["tags"]]


async def test_tags_form_a_tree(client):
    root = await create(client, "财务", colour="#FF0000", description="钱")
    assert root["colour"] == "#ff0000"
    year = await create(client, "2026", root["tag_id"])
    month = await create(client, "11", "财务/2026")
    assert (year["parent_id"], month["path"]) == (root["tag_id"], "财务/2026/11")
    await create(client, "a")
    assert await paths(client) == ["a", "财务", "财务/2026", "财务/2026/11"]
    assert await paths(client, f"parent={root['tag_id']}") == ["财务/2026", "财务/2026/11"]
    tree = (await client.request("GET", "/api/tag/list?tree=true")).json()["tags"]
    assert [node["name"] for node in tree] == ["a", "财务"]
    assert tree[1]["children"][0]["children"][0]["name"] == "11"


async def test_a_repeated_creation_is_answered_like_the_first(client):
    key = {"Idempotency-Key": "once"}
    replies = [
        await client.request("POST", "/api/tag/create", json={"name": "a"}, headers=key) for _ in range(2)
    ]
    assert [reply.status for reply in replies] == [201, 201]
    assert replies[0].json() == replies[1].json()
    other = await client.request("POST", "/api/tag/create", json={"name": "b"}, headers=key)
    assert_problem(other, 422, "idempotency_key_reused")


async def test_tags_are_listed_page_by_page(client):
    for name in "edcba":
        await create(client, name)
    first = (await client.request("GET", "/api/tag/list?limit=3")).json()
    second = (await client.request("GET", f"/api/tag/list?limit=3&cursor={first['next_cursor']}")).json()
    assert [tag["name"] for tag in (*first["tags"], *second["tags"])] == ["a", "b", "c", "d", "e"]
    assert second["next_cursor"] is None


async def test_a_tag_is_renamed_moved_and_described(client):
    old, new = await create(client, "old"), await create(client, "new", colour="#000000")
    await create(client, "below", old["tag_id"])
    file_id = (await upload(client, Form().file("a", b"a").text("tags", "old/below"))).json()["file_id"]
    change = {"tag_id": old["tag_id"], "name": "renamed", "parent": "new", "description": "d"}
    changed = await client.request("PUT", "/api/tag/update", json=change)
    assert (changed.status, changed.json()["path"]) == (200, "new/renamed")
    assert (await client.request("GET", f"/api/file/{file_id}")).json()["tags"] == ["new/renamed/below"]
    back = {"tag_id": old["tag_id"], "parent": None}
    assert (await client.request("PUT", "/api/tag/update", json=back)).json()["path"] == "renamed"
    plain = {"tag_id": new["tag_id"], "colour": None}
    assert (await client.request("PUT", "/api/tag/update", json=plain)).json()["colour"] is None


async def test_files_are_found_by_expressions_with_ids_quotes_and_marks(client):
    top = await create(client, "top")
    await create(client, 'it\'s "new"', "top")
    form = Form().file("a", b"a").text("tags", json.dumps(['top/it\'s "new"']))
    file_id = (await upload(client, form)).json()["file_id"]
    other = (await upload(client, Form().file("b", b"b"))).json()["file_id"]
    found = {}
    for expression in (
        top["tag_id"],
        "!top",
        '"top/it\'s ""new"""',
        "'top/it''s \"new\"'",
        "!nobody and top",
    ):
        reply = await client.request("GET", f"/api/file/list?{urlencode({'tag': expression})}")
        assert reply.status == 200, reply.body
        found[expression] = [file["file_id"] for file in reply.json()["files"]]

    assert found.pop("!top") == [other]
    assert set(map(tuple, found.values())) == {(file_id,)}, "an id stands for all below it, as a path does"


async def test_a_wrong_parent_is_told_at_the_parent(client):
    for method, path, body in (
        ("POST", "create", {"name": "a", "parent": ""}),
        ("PUT", "update", {"tag_id": "x", "parent": "a//b"}),
    ):
        problem = assert_problem(
            await client.request(method, f"/api/tag/{path}", json=body), 422, "invalid_tag"
        )
        assert problem["errors"][0]["pointer"] == "/parent"


@pytest.mark.parametrize("in_body", [True, False])
async def test_a_tag_in_use_is_deleted_by_force_only(client, in_body):
    await upload(client, Form().file("a", b"a").text("tags", "t/u"))
    tag_id = (await client.request("GET", "/api/tag/list")).json()["tags"][0]["tag_id"]

    async def delete(force: bool):
        if in_body:
            return await client.request("DELETE", "/api/tag/delete", json={"tag_id": tag_id, "force": force})
        return await client.request("DELETE", f"/api/tag/delete?tag_id={tag_id}&force={str(force).lower()}")

    assert_problem(await delete(False), 409, "tag_in_use")
    gone = await delete(True)
    assert (gone.status, gone.json()) == (200, {"deleted": 2})
    assert_problem(await delete(True), 404, "tag_not_found")
    assert (await client.request("GET", "/api/file/list")).json()["files"][0]["tags"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "create", {"name": ""}, 422, "invalid_tag"),
        ("POST", "create", {"name": "a/b"}, 422, "invalid_tag"),
        ("POST", "create", {"name": "x" * 65}, 422, "invalid_tag"),
        ("POST", "create", {"name": "a\u202eb"}, 422, "invalid_tag"),
        ("POST", "create", {"name": "a", "colour": "red"}, 422, "invalid_tag"),
        ("POST", "create", {"name": "a", "description": "x" * 501}, 422, "invalid_tag"),
        ("POST", "create", {"name": "a", "parent": "nowhere"}, 404, "tag_not_found"),
        ("POST", "create", {"name": "taken"}, 409, "tag_exists"),
        ("POST", "create", {"nme": "a"}, 422, "validation_failed"),
        ("POST", "create", {"name": 1}, 422, "validation_failed"),
        ("PUT", "update", {"tag_id": "nobody", "name": "b"}, 404, "tag_not_found"),
        ("PUT", "update", {"name": "b"}, 422, "validation_failed"),
        ("PUT", "update", {"tag_id": "taken", "parent": "taken"}, 422, "invalid_tag"),
        ("DELETE", "delete", {"tag_id": "nobody"}, 404, "tag_not_found"),
        ("DELETE", "delete", {}, 422, "validation_failed"),
        ("DELETE", "delete?force=true", None, 422, "validation_failed"),
    ],
)
async def test_what_makes_no_sense_is_told(client, method, path, body, status, code):
    await create(client, "taken")
    assert_problem(await client.request(method, f"/api/tag/{path}", json=body), status, code)
    assert await paths(client) == ["taken"]


async def test_tenants_do_not_see_each_others_tags(tmp_path):
    keys, (acme, other) = make_keys(tmp_path, "acme", "other")
    async with running(tmp_path, api_key_file=str(keys)) as client:
        client.headers["Authorization"] = f"Bearer {acme}"
        tag = await create(client, "mine")
        await upload(client, Form().file("a", b"a").text("tags", "mine"))
        client.headers["Authorization"] = f"Bearer {other}"
        assert await paths(client) == []
        assert (await client.request("GET", "/api/file/list?tag=mine")).json()["files"] == []
        for method, path, more in (("PUT", "update", {"name": "x"}), ("DELETE", "delete", {"force": True})):
            reply = await client.request(method, f"/api/tag/{path}", json={"tag_id": tag["tag_id"], **more})
            assert_problem(reply, 404, "tag_not_found")
        await create(client, "mine")


RULES = [
    {
        "tag_id": "1",
        "tag_path": "票据/发票",
        "rule": {"or": [["发票", "税额"], ["invoice"]], "not": ["作废"]},
    },
    {"tag_id": "2", "tag_path": "票据/收据", "rule": {"or": [["收据", "金额"]], "not": []}},
    {"tag_id": "3", "tag_path": "合同", "rule": {"or": [], "not": []}},
]


async def extract(client, content: str, rules=RULES, **more):
    body = {"target": {"content": content}, **more}
    if rules is not None:
        body["rules"] = rules
    return await client.request("POST", "/api/tag/extract", json=body)


async def test_tags_are_extracted_by_rules(client):
    reply = await extract(client, "这张发票的税额见 INVOICE 附件,合同在后,合同号 3。金额")
    found = [(tag["tag"], tag["weight"]) for tag in reply.json()["tags"]]
    assert found == [("合同", 2.0), ("票据/发票", 2.0)]  # of equal weight, by sound: hetong, piaoju
    assert (await extract(client, "发票 税额 作废")).json() == {"tags": []}


async def test_without_rules_the_tenants_own_tags_are_looked_for(client):
    await create(client, "合同")
    await create(client, "发票")
    reply = await extract(client, "合同、合同与发票", None)
    assert [(tag["tag"], tag["weight"]) for tag in reply.json()["tags"]] == [("合同", 2.0), ("发票", 1.0)]


@pytest.mark.parametrize(
    ("rules", "status", "code"),
    [
        ([{"tag_path": "a", "rule": {"or": [[]]}}], 422, "invalid_tag_rules"),
        ([{"tag_path": "a", "rule": {"or": [["x" * 65]]}}], 422, "invalid_tag_rules"),
        ([{"tag_path": "a", "rule": {"or": [[""]]}}], 422, "invalid_tag_rules"),
        ([{"tag_path": "", "rule": {}}], 422, "validation_failed"),
        ([{"tag_path": "a", "rule": {"any": []}}], 422, "validation_failed"),
        ([{"tag_path": "a", "weight": -1}], 422, "validation_failed"),
        ([{"tag_path": "a", "rule": {"or": [["a"]]}}] * 3, 422, "invalid_tag_rules"),
    ],
)
async def test_rules_that_make_no_sense_are_told(tmp_path, rules, status, code):
    async with running(tmp_path, tag_rules_max=2) as client:
        assert_problem(await extract(client, "text", rules), status, code)


async def test_thousands_of_rules_over_a_long_text_are_applied_in_one_request(client):
    pick = random.Random(8)
    words = [f"word{number}x" for number in range(9000)]
    rules = [
        {
            "tag_id": str(number),
            "tag_path": f"t/{number}",
            "rule": {"or": [pick.sample(words, 2)], "not": [words[-1]]},
        }
        for number in range(5000)
    ]
    text = " ".join(pick.choices(words[:-1], k=30_000))
    reply = await extract(client, text, rules, whole_words=True)
    assert reply.status == 200
    present = set(text.split())
    expected = {rule["tag_path"] for rule in rules if set(rule["rule"]["or"][0]) <= present}
    assert {tag["tag"] for tag in reply.json()["tags"]} == expected
    assert len(expected) > 1000
