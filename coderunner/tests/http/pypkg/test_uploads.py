"""Wheels and requirements files that callers send, and wheels that lie on this machine."""

import pytest

from coderunner.src.bootstrap import bootstrap
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.tests.packages import installed, send_form, wheel_bytes
from servicekit.testing import assert_problem, serving

INSTALL = "/api/pypkg/install"
NAME = "sent-1.0-py3-none-any.whl"
WHEEL = wheel_bytes("sent", {"sent.py": "x = 'sent'"}, needs=["six==1.17.0"])


async def test_a_requirements_file_is_sent_to_one_environment(client):
    made = (await client.request("POST", "/api/environments", json={"name": "sent"})).json()
    path = f"/api/environments/{made['environment_id']}/packages"
    reply = await send_form(client, path, ("requirements", "requirements.txt", b"# ours\nsix==1.17.0\n"))
    assert reply.status == 200, reply.body
    assert await installed(client, made["environment_id"]) == {"six": "1.17.0"}
    assert await installed(client) == {}
    listed = (await client.request("GET", path)).json()
    assert [(p["name"], p["state"]) for p in listed["packages"]] == [("six", "installed")]
    assert (await client.request("DELETE", path, json={"packages": ["six"]}, timeout_s=60)).status == 200
    assert await installed(client, made["environment_id"]) == {}


@pytest.mark.parametrize(
    ("filename", "content", "says"),
    [
        ("../sent-1.0-py3-none-any.whl", WHEEL, "folders"),
        ("sent.whl", WHEEL, "not named as a wheel"),
        ("other-1.0-py3-none-any.whl", WHEEL, "metadata of other"),
        ("sent-2.0-py3-none-any.whl", WHEEL, "metadata of sent 2.0"),
        ("sent-1.0-cp36-cp36m-win32.whl", WHEEL, "another Python"),
        (NAME, b"not a zip", "no readable wheel"),
        (NAME, wheel_bytes("sent", {"../../climbed.py": ""}), "outside"),
        (NAME, wheel_bytes("sent", {"/etc/x.py": ""}), "outside"),
        (NAME, wheel_bytes("sent", {"a\\b.py": ""}), "no file may have"),
    ],
)
async def test_a_wheel_that_is_none_is_refused(client, filename, content, says):
    """Attack 31."""
    reply = await send_form(client, INSTALL, ("wheel", filename, content))
    problem = assert_problem(reply, 422, "wheel_refused")
    assert says in problem["detail"], problem["detail"]
    assert await installed(client) == {}


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ((), {}),
        ((("requirements", "r.txt", b"\xff\xfe"),), {}),
        ((), {"packages": "six", "surprise": "1"}),
        ((), {"packages": "six", "wait": "soon"}),
        ((("requirements", "r.txt", b"-r /etc/passwd"),), {}),
    ],
)
async def test_a_form_is_held_to_what_it_may_say(client, parts, fields):
    reply = await send_form(client, INSTALL, *parts, **fields)
    assert reply.status == 422, reply.body


async def test_a_wheel_cannot_replace_what_the_guest_has(client):
    wheel = wheel_bytes("numpy", {"numpy/__init__.py": "x = 1"}, "99.0")
    reply = await send_form(client, INSTALL, ("wheel", "numpy-99.0-py3-none-any.whl", wheel))
    assert_problem(reply, 422, "packages_unresolvable")


async def test_another_tenants_wheel_is_not_there(client):
    reply = await client.request("POST", INSTALL, json={"wheels": [f"{'0' * 64}/{NAME}"]}, timeout_s=60)
    assert_problem(reply, 422, "wheel_refused")
    reply = await client.request("POST", INSTALL, json={"wheels": [f"../../{NAME}"]}, timeout_s=60)
    assert_problem(reply, 422, "wheel_refused")


async def test_wheels_of_the_operators_folders_are_installed_and_others_are_not(make_settings, tmp_path):
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    for folder in (allowed, other):
        folder.mkdir()
        (folder / "near-1.0-py3-none-any.whl").write_bytes(wheel_bytes("near", {"near.py": "x = 1"}))
    (allowed / "near-2.0-py3-none-any.whl").symlink_to(other / "near-1.0-py3-none-any.whl")
    settings = make_settings(package_local_roots=(allowed,))
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        for path in (
            other / "near-1.0-py3-none-any.whl",
            f"{allowed}/../other/near-1.0-py3-none-any.whl",
            allowed / "near-1.0.tar.gz",
        ):
            reply = await client.request("POST", INSTALL, json={"packages": [f"near @ file://{path}"]})
            assert_problem(reply, 422, "source_not_allowed")
        link = f"near @ file://{allowed}/near-2.0-py3-none-any.whl"
        reply = await client.request("POST", INSTALL, json={"packages": [link]}, timeout_s=60)
        assert_problem(reply, 422, "wheel_refused")
        near = {"name": "near", "source": "local", "location": f"{allowed}/near-1.0-py3-none-any.whl"}
        reply = await client.request("POST", INSTALL, json={"dependencies": [near]}, timeout_s=60)
        assert [(p["name"], p["source"]) for p in reply.json()["packages"]] == [("near", "local")], reply.body


@pytest.mark.parametrize(
    ("dependency", "says"),
    [
        ({"name": "numpy", "source": "conda"}, "Conda"),
        ({"name": "x", "source": "git", "location": "https://example.org/x.git@main"}, "build script"),
        ({"name": "x", "source": "local", "location": "/etc/passwd"}, "PACKAGE_LOCAL_ROOTS"),
        ({"name": "x", "source": "upload"}, "multipart"),
    ],
)
async def test_sources_that_nobody_may_use_are_refused_by_name(client, dependency, says):
    reply = await client.request("POST", INSTALL, json={"dependencies": [dependency]})
    assert says in assert_problem(reply, 422, "source_not_allowed")["detail"]


async def test_a_dependency_is_a_name_a_version_and_what_it_needs(client):
    dependency = {"name": "six", "version": "1.17.0", "source": "pypi", "requirements": ["toolz>=1"]}
    reply = await client.request("POST", INSTALL, json={"dependencies": [dependency]}, timeout_s=60)
    assert reply.status == 200, reply.body
    assert set(await installed(client)) == {"six", "toolz"}
