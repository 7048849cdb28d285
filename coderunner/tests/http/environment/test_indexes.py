"""Where packages come from: indexes that the operator names, with credentials that nobody else sees."""

import pytest

from coderunner.src.bootstrap import bootstrap
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from coderunner.tests.packages import install, installed, local_index, wheel_bytes, write_wheel
from servicekit.testing import assert_problem, serving

SECRET = "s3cr3t-index-password"


@pytest.fixture
def indexes(tmp_path):
    """The default index has brought 1.0, the other has brought 2.0 and asks for a password."""
    for name, version in (("default", "1.0"), ("private", "2.0")):
        (tmp_path / name).mkdir()
        write_wheel(tmp_path / name, "brought", {"brought.py": ""}, version)
    with local_index(tmp_path / "default") as one, local_index(tmp_path / "private", f"me:{SECRET}") as two:
        yield one, two


def with_password(url):
    return url.replace("http://", f"http://me:{SECRET}@")


async def create(client, name, *packages, status=201, **pip_config):
    body = {"name": name, "base_packages": list(packages), "pip_config": pip_config}
    reply = await client.request("POST", "/api/environments", json=body, timeout_s=120)
    assert reply.status == status, reply.body
    assert SECRET not in reply.body.decode()
    return reply.json()


async def test_an_environment_names_one_of_the_operators_indexes(make_settings, indexes, caplog):
    default, private = indexes
    settings = make_settings(package_index_url=default, package_allowed_indexes=(with_password(private),))
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        plain = await create(client, "plain", "brought")
        chosen = await create(client, "chosen", "brought", index_url=f"{private}/", timeout=10, retries=0)
        both = await create(client, "both", "brought", extra_index_urls=[private])
        versions = [one["packages"][0]["version"] for one in (plain, chosen, both)]
        assert versions == ["1.0", "2.0", "2.0"]
        assert chosen["pip_config"]["index_url"] == private
        one = chosen["environment_id"]
        clone = await client.request("POST", f"/api/environments/{one}/clone", json={"name": "copy"})
        assert clone.json()["pip_config"] == chosen["pip_config"]
        await install(client, "brought==2.0", environment_id=clone.json()["environment_id"])
        reply = await client.request(
            "POST",
            "/api/pypkg/install",
            json={"packages": ["nothing-xyz"], "environment_id": one},
            timeout_s=60,
        )
        assert_problem(reply, 422, "packages_unresolvable")
        assert SECRET not in reply.body.decode()
    assert SECRET not in caplog.text
    settings = make_settings(package_index_url=default)  # the operator has taken the other index away
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        problem = await install(client, "six", environment_id=one, status=422)
        assert "no longer among the operator's" in problem["detail"]


async def test_extra_indexes_of_the_settings_serve_everybody(make_settings, indexes):
    default, private = indexes
    settings = make_settings(package_index_url=default, package_extra_index_urls=(with_password(private),))
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        await install(client, "brought")
        assert await installed(client) == {"brought": "2.0"}


async def test_an_index_need_not_know_what_the_guest_has(make_settings, tmp_path):
    folder = tmp_path / "small"
    (folder / "needs").mkdir(parents=True)
    for version, needs in (("1.0", ["pandas>=2", "numpy"]), ("2.0", ["numpy<2"])):
        wheel = wheel_bytes("needs", {"needs.py": ""}, version, needs)
        (folder / "needs" / f"needs-{version}-py3-none-any.whl").write_bytes(wheel)
    with local_index(folder) as url:
        settings = make_settings(package_index_url=url)
        async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
            await install(client, "needs")
            assert await installed(client) == {"needs": "1.0"}
            problem = await install(client, "needs==2.0", status=422)
            assert "numpy<2" in problem["detail"]
            await install(client, "numpy")
            assert "numpy" in await installed(client)


@pytest.mark.parametrize(
    ("pip_config", "pointer"),
    [
        ({"index_url": "http://evil.example/simple"}, "/pip_config/index_url"),
        ({"index_url": "http://me:x@127.0.0.1:1/simple"}, "/pip_config/index_url"),
        ({"index_url": "file:///etc"}, "/pip_config/index_url"),
        ({"index_url": "http://[bad"}, "/pip_config/index_url"),
        ({"extra_index_urls": ["http://evil.example/simple"]}, "/pip_config/extra_index_urls"),
        ({"trusted_hosts": ["evil.example"]}, "/pip_config/trusted_hosts"),
    ],
)
async def test_what_the_operator_has_not_named_is_refused(make_settings, pip_config, pointer):
    settings = make_settings(
        package_index_url="http://127.0.0.1:1/simple", package_trusted_hosts=("a.example",)
    )
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        problem = await create(client, "x", status=422, **pip_config)
        assert (problem["code"], problem["errors"][0]["pointer"]) == ("index_not_allowed", pointer)
        made = await create(client, "trusting", trusted_hosts=["a.example"])
        assert made["pip_config"]["trusted_hosts"] == ["a.example"]
