"""The form of a request: its fields in any order, each of them once, one file."""

import pytest

from dataflowtools.tests.http.converting.converting import TIMEOUT_S
from dataflowtools.tests.multipart_bodies import Form
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

FILE = ("a.md", b"# words")


async def send(client, form: Form):
    return await client.request(
        "POST", "/api/file/convert", body=form.body, headers=form.headers, timeout_s=TIMEOUT_S
    )


@pytest.mark.parametrize(
    "form", [Form().file(*FILE).text("to", "html"), Form().text("to", "html").file(*FILE)]
)
async def test_fields_come_in_any_order(client, form):
    reply = await send(client, form)

    assert reply.status == 200, reply.body
    assert set(reply.json()) == {"file_id", "name", "media_type", "size", "route", "losses", "warnings"}


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        (Form().file(*FILE).text("to", "html").text("to", "pdf"), "/to"),
        (Form().file(*FILE).file(*FILE).text("to", "html"), "/file"),
        (Form().file(*FILE), "/to"),
        (Form().text("to", "html"), "/file"),
        (Form().file(*FILE).text("to", "html").text("colour", "red"), "/colour"),
    ],
)
async def test_what_is_missing_unknown_or_given_twice_is_named(client, form, pointer):
    problem = assert_problem(await send(client, form), 422, "validation_failed")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
