import pytest
import pytest_asyncio

from dataflowtools.tests.http_service import make_keys, running
from dataflowtools.tests.small_coderunner import small_coderunner
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    path, keys = make_keys(folder, "acme", "umbrella", scopes=("packages",))
    async with (
        small_coderunner() as coderunner,
        running(
            folder, coderunner_url=coderunner.url, coderunner_api_key="k", api_key_file=str(path)
        ) as client,
    ):
        yield client, coderunner, keys


async def test_packages_are_installed_for_the_callers_tenant(pair):
    client, coderunner, keys = pair
    for tenant, key in zip(("acme", "umbrella"), keys, strict=True):
        headers = {"Authorization": f"Bearer {key}", "X-Tenant": tenant}
        reply = await client.request(
            "POST", "/api/py_pkg/install", json={"packages": ["six==1.17.0"], "wait": 5}, headers=headers
        )
        assert reply.status == 200, reply.body
        assert coderunner.body == {"packages": ["six==1.17.0"], "wait": 5}
        assert coderunner.requests[-1]["headers"]["X-Tenant"] == tenant
        assert coderunner.requests[-1]["headers"]["Authorization"] == "Bearer k"


async def test_an_installation_that_goes_on_is_a_202(pair):
    client, _, keys = pair
    headers = {"Authorization": f"Bearer {keys[0]}"}
    reply = await client.request("POST", "/api/py_pkg/install", json={"packages": ["six"]}, headers=headers)
    assert (reply.status, reply.json()["status"]) == (202, "queued")
    prefer = {**headers, "Prefer": "wait=3"}
    reply = await client.request("POST", "/api/py_pkg/install", json={"packages": ["six"]}, headers=prefer)
    assert (reply.status, reply.json()["status"]) == (200, "succeeded")


async def test_packages_are_listed(pair):
    client, coderunner, keys = pair
    headers = {"Authorization": f"Bearer {keys[0]}"}
    reply = await client.request("GET", "/api/py_pkg/list?environment_id=e1", headers=headers)
    assert reply.json()["packages"][0]["name"] == "six"
    assert coderunner.requests[-1]["query"] == "environment_id=e1"
    reply = await client.request("GET", "/api/py_pkg/list", headers=headers)
    assert coderunner.requests[-1]["query"] == ""


async def test_refusals_and_bad_requests_are_clear(pair):
    client, coderunner, keys = pair
    headers = {"Authorization": f"Bearer {keys[0]}"}
    for body in ({}, {"packages": []}, {"packages": [1]}, {"packages": ["x"], "index_url": "http://evil"}):
        reply = await client.request("POST", "/api/py_pkg/install", json=body, headers=headers)
        assert_problem(reply, 422, "validation_failed")
    coderunner.answer = (403, {"code": "package_install_disabled", "detail": "Installing is switched off."})
    reply = await client.request("POST", "/api/py_pkg/install", json={"packages": ["six"]}, headers=headers)
    coderunner.answer = None
    assert "switched off" in assert_problem(reply, 403, "coderunner_forbade")["detail"]
    assert_problem(await client.request("GET", "/api/py_pkg/list"), 401, "unauthenticated")
