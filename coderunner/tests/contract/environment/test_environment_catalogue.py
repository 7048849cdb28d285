"""One suite for rows of environments: SQLite and MariaDB."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from coderunner.src.drivenadapters.database.sql_environment_catalogue import SqlEnvironmentCatalogue
from coderunner.src.errors import EnvironmentExists, TooManyEnvironments
from coderunner.src.logics.environment.model import Environment, IndexSettings, Package

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, UTC)


@pytest.fixture
def catalogue(database):
    return SqlEnvironmentCatalogue(database)


def environment(name="one", tenant="acme", **changes):
    given = {
        "id": f"env_{tenant}_{name}",
        "tenant": tenant,
        "name": name,
        "python_version": "3.11.2",
        "layer": "",
        "wanted": (),
        "packages": (),
        "created_at": NOW,
        "last_used": NOW,
        **changes,
    }
    return Environment(**given)


async def test_what_was_added_is_found_again(catalogue):
    package = Package("中文-six", "1.17.0", "pypi", NOW, ("six",))
    made = environment(layer="layer_1", wanted=("six==1.17.0",), packages=(package,), security={"a": [1]})
    await catalogue.add(made, 10)
    assert await catalogue.get("acme", made.id) == made
    assert await catalogue.all_of("acme") == [made]
    assert set(await catalogue.layers()) == {"layer_1"}


async def test_another_tenants_environment_is_not_there(catalogue):
    made = environment()
    await catalogue.add(made, 10)
    assert await catalogue.get("other", made.id) is None
    assert not await catalogue.remove("other", made.id)
    assert await catalogue.all_of("other") == []


async def test_names_are_unique_per_tenant_and_counted(catalogue):
    await catalogue.add(environment(), 2)
    with pytest.raises(EnvironmentExists):
        await catalogue.add(environment(id="env_other"), 2)
    await catalogue.add(environment(tenant="other"), 2)
    await catalogue.add(environment("two"), 2)
    with pytest.raises(TooManyEnvironments):
        await catalogue.add(environment("three"), 2)


async def test_the_default_environment_is_the_marked_one(catalogue):
    assert await catalogue.default_of("acme") is None
    await catalogue.add(environment(), 9)
    await catalogue.add(environment("default", is_default=True), 9)
    found = await catalogue.default_of("acme")
    assert found is not None
    assert found.name == "default"


async def test_of_two_switches_from_one_state_only_the_first_happens(catalogue):
    before = environment()
    await catalogue.add(before, 9)
    first = environment(layer="layer_1", wanted=("a",), packages=(Package("a", "1", "pypi", NOW),))
    second = environment(layer="layer_2", wanted=("b",), packages=(Package("b", "1", "pypi", NOW),))
    assert await catalogue.switch(before, first)
    assert not await catalogue.switch(before, second)
    found = await catalogue.get("acme", before.id)
    assert (found.layer, found.wanted, found.revision) == ("layer_1", ("a",), 1)
    assert await catalogue.switch(found, second)


async def test_removing_takes_the_packages_along(catalogue, database):
    made = environment(packages=(Package("a", "1", "pypi", NOW),))
    await catalogue.add(made, 9)
    assert await catalogue.remove("acme", made.id)
    count = await database.read(
        lambda c: c.execute(text("SELECT COUNT(*) FROM python_dependencies")).scalar()
    )
    assert count == 0


async def test_idle_environments_are_found_and_default_ones_are_not(catalogue):
    old = NOW - timedelta(days=40)
    await catalogue.add(environment("idle", last_used=old), 9)
    await catalogue.add(environment("default", last_used=old, is_default=True), 9)
    await catalogue.add(environment("fresh"), 9)
    assert [found.name for found in await catalogue.idle_since(NOW - timedelta(days=30))] == ["idle"]
    await catalogue.touch("env_acme_idle", NOW)
    assert await catalogue.idle_since(NOW - timedelta(days=30)) == []


async def test_an_environment_is_found_by_name(catalogue):
    made = environment(index=IndexSettings("https://a.example", ("https://b.example",), (), 5.0, 2))
    await catalogue.add(made, 9)
    assert await catalogue.named("acme", "one") == made
    assert await catalogue.named("acme", "two") is None
    assert await catalogue.named("other", "one") is None


async def test_one_environment_is_the_default(catalogue):
    await catalogue.add(environment("default", is_default=True), 9)
    await catalogue.add(environment("two"), 9)
    await catalogue.add(environment("theirs", tenant="other", is_default=True), 9)
    assert not await catalogue.make_default("acme", "env_other_theirs")
    assert await catalogue.make_default("acme", "env_acme_two")
    assert await catalogue.make_default(
        "acme", "env_acme_two"
    )  # again changes nothing, and is none the less true
    marked = [one.name for one in await catalogue.all_of("acme") if one.is_default]
    assert marked == ["two"]
    assert (await catalogue.default_of("other")).name == "theirs"


async def test_a_change_of_packages_leaves_the_default_mark(catalogue):
    before = environment()
    await catalogue.add(before, 9)
    await catalogue.make_default("acme", before.id)
    assert await catalogue.switch(before, environment(wanted=("six",)))
    assert (await catalogue.default_of("acme")).wanted == ("six",)


async def test_unfinished_environments_and_kept_wheels_are_known(catalogue):
    wheel = "upload/a/b/six-1.0-py3-none-any.whl"
    package = Package("six", "1.0", "upload", NOW, ("six",), wheel)
    made = environment(status="building", wanted=(f"six @ wheel:{wheel}", "toolz"), packages=(package,))
    await catalogue.add(made, 9)
    await catalogue.add(environment("done"), 9)
    assert await catalogue.building() == [made]
    assert set(await catalogue.wheels()) == {wheel}


def test_the_models_and_the_migrations_agree(database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from coderunner.src.drivenadapters.database.models import Row

    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name.startswith("python_")},
        )
        assert compare_metadata(context, Row.metadata) == []
