import zlib
from datetime import UTC, datetime, timedelta

import pytest

from deps.servicekit.tests.example import example_app
from deps.servicekit.tests.raw import connected, head
from servicekit.keys import KeyFile, check_exposure
from servicekit.settings import SettingsError
from servicekit.testing import assert_problem, serving


@pytest.fixture
def keys(tmp_path):
    return KeyFile(tmp_path / "keys.json")


def bearer(key: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **more}


@pytest.fixture
async def secured(keys):
    keys.create("first", ["run"])
    async with serving(example_app(keys=keys)) as client:
        yield client


async def test_a_key_opens_its_scopes_for_its_tenant(secured, keys):
    key = keys.create("acme", ["run"], user="ada")

    made = await secured.request("POST", "/api/things", json={"name": "a"}, headers=bearer(key))

    assert (made.json()["tenant"], made.json()["user"]) == ("acme", "ada")
    problem = assert_problem(
        await secured.request("GET", "/api/files", headers=bearer(key)), 403, "forbidden"
    )
    assert "files" in problem["detail"]


async def test_without_a_valid_key_nothing_is_done(secured, keys):
    key = keys.create("acme", ["run"])
    late = keys.create("acme", ["run"], expires_at=datetime.now(UTC) - timedelta(seconds=1))
    gone = keys.create("acme", ["run"])
    keys.revoke(gone.split("_")[2])
    other = KeyFile(keys._path.with_name("other.json")).create("acme", ["run"])
    wrong = [
        None,
        "",
        key[:-1],
        key[:-1] + ("0" if key[-1] != "0" else "1"),
        late,
        gone,
        other,
        "x" * 5000,
        key + " ",
    ]

    for text in wrong[:-1]:
        headers = {} if text is None else bearer(text)
        reply = await secured.request("POST", "/api/things", json={"name": "a"}, headers=headers)
        assert_problem(reply, 401, "unauthenticated")
        assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert (
        await secured.request("GET", "/api/things", headers={"Authorization": f"Basic {key}"})
    ).status == 401
    assert (await secured.request("GET", "/api/things/1", headers=bearer(key))).status == 404
    assert (await secured.request("GET", "/api/things/1")).status == 401


async def test_a_known_id_with_another_secret_opens_nothing(secured, keys):
    key_id, secret = keys.create("acme", ["run"]).split("_")[2], "A" * 43
    forged = f"sf_live_{key_id}_{secret}{zlib.crc32(f'{key_id}{secret}'.encode()):08x}"

    assert_problem(
        await secured.request("GET", "/api/things", headers=bearer(forged)), 401, "unauthenticated"
    )


async def test_a_large_upload_without_a_key_is_answered_before_it_is_read(secured):
    reply = await secured.request("POST", "/api/files", body=b"x" * (30 << 20))

    assert_problem(reply, 401, "unauthenticated")


async def test_an_endless_upload_without_a_key_is_cut_off(secured):
    async with connected(secured.base_url) as connection:
        await connection.send(head("POST", "/api/files", Transfer_Encoding="chunked"))
        for _ in range(20):
            await connection.send(b"20000\r\n" + b"x" * (1 << 17) + b"\r\n")

        assert_problem(await connection.reply(), 401, "unauthenticated")


async def test_only_a_delegate_names_the_tenant(secured, keys):
    plain, delegate = keys.create("own", ["run"]), keys.create("own", ["run", "delegate"])

    async def tenant(key: str, **headers: str) -> str:
        reply = await secured.request(
            "POST", "/api/things", json={"name": "a"}, headers=bearer(key, **headers)
        )
        return reply.json().get("tenant", reply.status)

    assert await tenant(plain, **{"X-Tenant": "other"}) == 403
    assert await tenant(plain, **{"X-Tenant": "own"}) == "own"
    assert await tenant(delegate, **{"X-Tenant": "other"}) == "other"
    assert await tenant(delegate) == "own"
    assert await tenant(delegate, **{"X-Tenant": "../x"}) == 400


async def test_metrics_and_details_need_an_admin_behind_a_proxy(secured, keys):
    admin, plain = keys.create("ops", ["admin"]), keys.create("acme", ["run"])
    proxied = {"X-Forwarded-For": "203.0.113.9"}

    assert (await secured.request("GET", "/metrics")).status == 200
    assert_problem(await secured.request("GET", "/metrics", headers=proxied), 401, "unauthenticated")
    assert_problem(
        await secured.request("GET", "/metrics", headers=bearer(plain, **proxied)), 403, "forbidden"
    )
    assert (await secured.request("GET", "/metrics", headers=bearer(admin, **proxied))).status == 200
    assert "checks" not in (await secured.request("GET", "/api/health", headers=proxied)).json()
    assert "checks" in (await secured.request("GET", "/api/health", headers=bearer(admin, **proxied))).json()


async def test_keys_are_kept_as_digests_in_a_private_file(keys):
    key = keys.create("acme", ["run"])

    assert key.startswith("sf_live_")
    assert keys._path.stat().st_mode & 0o777 == 0o600
    assert key not in keys._path.read_text()
    assert key.split("_")[3][:20] not in keys._path.read_text()


async def test_a_file_that_others_may_read_or_that_is_broken_is_refused(keys):
    keys.create("acme", ["run"])
    keys._path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        KeyFile(keys._path).all()

    keys._path.chmod(0o600)
    for text in ("", "[]", '{"keys": [{}], "pepper": "00"}', '{"pepper": 1}'):
        keys._path.write_text(text)
        with pytest.raises(SettingsError, match="not a file of API keys"):
            KeyFile(keys._path).all()
    with pytest.raises(SettingsError, match="missing"):
        KeyFile("nowhere.json").all()


def test_a_caller_carries_the_policy_of_its_key(keys):
    presented = keys.create("acme", ["run"], policy={"colour": "red"})

    assert keys.caller_of(presented).policy == {"colour": "red"}
    assert keys.caller_of(keys.create("acme", ["run"])).policy == {}


def test_a_key_whose_policy_is_not_understood_opens_nothing(tmp_path):
    def only_colours(policy):
        if set(policy) - {"colour"}:
            raise ValueError("only colours are known")

    keys = KeyFile(tmp_path / "held.json", only_colours)
    good, bad = (keys.create("acme", ["run"], policy={name: "red"}) for name in ("colour", "shape"))

    assert keys.caller_of(good).tenant == "acme"
    with pytest.raises(SettingsError, match="only colours are known"):
        keys.caller_of(bad)
    with pytest.raises(SettingsError, match=bad.split("_")[2]):
        check_exposure("127.0.0.1", keys)


def test_a_file_without_a_secret_opens_nothing(tmp_path):
    path = tmp_path / "empty.json"
    path.touch(mode=0o600)
    path.write_text('{"pepper": "", "keys": {}}')

    with pytest.raises(SettingsError, match="not a file of API keys"):
        check_exposure("0.0.0.0", KeyFile(path))


def test_a_service_without_keys_stays_on_this_machine(keys):
    for host in ("0.0.0.0", "192.0.2.1", "::", "example.org", ""):
        with pytest.raises(SettingsError, match="AUTH=none"):
            check_exposure(host, None)
        check_exposure(host, None, auth="none")
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        check_exposure(host, None)
    keys.create("acme", ["run"])
    check_exposure("0.0.0.0", keys)


def test_a_file_without_a_usable_key_guards_nothing_and_says_so(keys):
    with pytest.raises(SettingsError, match="missing"):
        check_exposure("0.0.0.0", keys)
