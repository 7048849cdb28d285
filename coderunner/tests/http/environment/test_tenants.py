"""Environments belong to their tenant."""

from coderunner.src.bootstrap import bootstrap
from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
from servicekit.keys import KeyFile
from servicekit.testing import assert_problem, serving


async def test_another_tenants_environment_is_a_404_everywhere(make_settings, tmp_path):
    file = tmp_path / "keys.json"
    keys = KeyFile(file)
    mine, theirs, runner = (
        keys.create(tenant, scopes)
        for tenant, scopes in (("a", ["packages", "run"]), ("b", ["packages", "run"]), ("a", ["run"]))
    )
    settings = make_settings(api_key_file=str(file))
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:

        async def ask(key, method, path, **more):
            return await client.request(method, path, headers={"Authorization": f"Bearer {key}"}, **more)

        made = (await ask(mine, "POST", "/api/environments", json={"name": "private"})).json()
        one = made["environment_id"]
        for method, path, body in (
            ("GET", f"/api/environments/{one}", None),
            ("DELETE", f"/api/environments/{one}", None),
            ("GET", f"/api/environments/{one}/lock", None),
            ("POST", f"/api/environments/{one}/validate", None),
            ("POST", f"/api/environments/{one}/clone", {"name": "stolen"}),
            ("GET", f"/api/pypkg/list?environment_id={one}", None),
            ("POST", "/api/pypkg/install", {"packages": ["six"], "environment_id": one}),
            ("DELETE", "/api/pypkg/uninstall", {"packages": ["six"], "environment_id": one}),
            ("POST", "/api/code/dependencies", {"code": "import six", "environment_id": one}),
        ):
            more = {} if body is None else {"json": body}
            assert_problem(await ask(theirs, method, path, **more), 404, "environment_not_found")
        assert (await ask(theirs, "GET", "/api/environments")).json() == {"environments": []}
        assert (await ask(mine, "GET", f"/api/environments/{one}")).status == 200
        refused = await ask(runner, "POST", "/api/pypkg/install", json={"packages": ["six"]})
        assert_problem(refused, 403, "forbidden")
