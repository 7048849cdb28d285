"""Environments in rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from coderunner.src.drivenadapters.database.models import DependencyRow, EnvironmentRow
from coderunner.src.errors import EnvironmentExists, TooManyEnvironments
from coderunner.src.logics.environment.model import BUILDING, Environment, IndexSettings, Package
from coderunner.src.logics.environment.ports.environment_catalogue import EnvironmentCatalogue
from coderunner.src.logics.environment.requirements import kept_wheel
from rowkit.database import SqlDatabase

_TABLE = EnvironmentRow.__table__
_MICROSECONDS = 1_000_000


def to_number(moment: datetime) -> int:
    """A moment as the rows keep it."""
    return round(moment.timestamp() * _MICROSECONDS)


def to_moment(number: int) -> datetime:
    """A moment from the rows."""
    return datetime.fromtimestamp(number / _MICROSECONDS, UTC)


class SqlEnvironmentCatalogue(EnvironmentCatalogue):
    """Rows of python_environments and python_dependencies, changed together."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    async def add(self, environment: Environment, most: int) -> None:
        """Count and insert in one transaction."""

        def work(connection: Connection) -> None:
            count = select(func.count()).where(EnvironmentRow.tenant == environment.tenant)
            if connection.execute(count).scalar_one() >= most:
                raise TooManyEnvironments(f"there may be {most} environments; delete one first")
            connection.execute(insert(EnvironmentRow).values(**_values(environment)))
            _write_packages(connection, environment)

        try:
            await self._database.write(work)
        except IntegrityError as taken:
            raise EnvironmentExists(f"there is an environment named {environment.name!r} already") from taken

    async def get(self, tenant: str, environment_id: str) -> Environment | None:
        """By id and tenant."""
        return await self._one(EnvironmentRow.tenant == tenant, EnvironmentRow.id == environment_id)

    async def default_of(self, tenant: str) -> Environment | None:
        """The one that is marked."""
        return await self._one(EnvironmentRow.tenant == tenant, EnvironmentRow.is_default == 1)

    async def named(self, tenant: str, name: str) -> Environment | None:
        """By name."""
        return await self._one(EnvironmentRow.tenant == tenant, EnvironmentRow.name == name)

    async def make_default(self, tenant: str, environment_id: str) -> bool:
        """Both marks in one transaction."""

        def work(connection: Connection) -> bool:
            mine = EnvironmentRow.tenant == tenant
            there = connection.execute(
                update(EnvironmentRow).where(mine, EnvironmentRow.id == environment_id).values(is_default=1)
            )
            if there.rowcount != 1:
                return False
            others = update(EnvironmentRow).where(mine, EnvironmentRow.id != environment_id)
            connection.execute(others.values(is_default=0))
            return True

        return await self._database.write(work)

    async def building(self) -> Sequence[Environment]:
        """Of all tenants."""
        return await self._many(EnvironmentRow.status == BUILDING)

    async def all_of(self, tenant: str) -> Sequence[Environment]:
        """By name."""
        return await self._many(EnvironmentRow.tenant == tenant)

    async def switch(self, before: Environment, after: Environment) -> bool:
        """Compare and set in one statement."""

        def work(connection: Connection) -> bool:
            changed = connection.execute(
                update(EnvironmentRow)
                .where(
                    EnvironmentRow.id == before.id,
                    EnvironmentRow.virtual_env_path == before.layer,
                    EnvironmentRow.revision == before.revision,
                )
                .values(**_changed(after), revision=before.revision + 1)
            )
            if changed.rowcount != 1:
                return False
            connection.execute(delete(DependencyRow).where(DependencyRow.environment_id == before.id))
            _write_packages(connection, after)
            return True

        return await self._database.write(work)

    async def touch(self, environment_id: str, now: datetime) -> None:
        """Set the moment."""
        await self._database.write(
            lambda connection: connection.execute(
                update(EnvironmentRow)
                .where(EnvironmentRow.id == environment_id)
                .values(last_used=to_number(now))
            )
        )

    async def remove(self, tenant: str, environment_id: str) -> bool:
        """Delete the row and, by its key, those of its packages."""
        return await self._database.write(
            lambda connection: (
                connection.execute(
                    delete(EnvironmentRow).where(
                        EnvironmentRow.tenant == tenant, EnvironmentRow.id == environment_id
                    )
                ).rowcount
                == 1
            )
        )

    async def idle_since(self, moment: datetime) -> Sequence[Environment]:
        """Of all tenants."""
        return await self._many(EnvironmentRow.last_used < to_number(moment), EnvironmentRow.is_default == 0)

    async def layers(self) -> Collection[str]:
        """Folders that rows name."""
        return await self._database.read(
            lambda connection: set(connection.scalars(select(EnvironmentRow.virtual_env_path))) - {""}
        )

    async def wheels(self) -> Collection[str]:
        """Wheels that rows ask for."""
        found = await self._database.read(
            lambda connection: list(connection.scalars(select(EnvironmentRow.base_packages)))
        )
        return {wheel for texts in found for text in texts if "@" in text and (wheel := kept_wheel(text))}

    async def _one(self, *conditions: Any) -> Environment | None:
        found = await self._many(*conditions)
        return found[0] if found else None

    async def _many(self, *conditions: Any) -> list[Environment]:
        query = select(_TABLE).where(*conditions).order_by(EnvironmentRow.name)
        return await self._database.read(
            lambda connection: [_environment(row) for row in connection.execute(query).mappings()]
        )


def _changed(environment: Environment) -> dict[str, Any]:
    """What a change of packages writes; use and the default mark are other people's."""
    values = _values(environment)
    return {
        name: values[name] for name in ("virtual_env_path", "base_packages", "installed_packages", "status")
    }


def _values(environment: Environment) -> dict[str, Any]:
    return {
        "id": environment.id,
        "tenant": environment.tenant,
        "name": environment.name,
        "python_version": environment.python_version,
        "virtual_env_path": environment.layer,
        "base_packages": list(environment.wanted),
        "installed_packages": [
            {
                "name": package.name,
                "version": package.version,
                "source": package.source,
                "installed_at": to_number(package.installed_at),
                "imports": list(package.imports),
                "wheel": package.wheel,
            }
            for package in environment.packages
        ],
        "settings": dict(environment.security),
        "pip_config": asdict(environment.index),
        "is_default": int(environment.is_default),
        "created_at": to_number(environment.created_at),
        "last_used": to_number(environment.last_used),
        "status": environment.status,
        "revision": environment.revision,
    }


def _write_packages(connection: Connection, environment: Environment) -> None:
    rows = [
        {
            "environment_id": environment.id,
            "package_name": package.name,
            "version": package.version,
            "source": package.source,
            "installed_at": to_number(package.installed_at),
        }
        for package in environment.packages
    ]
    if rows:
        connection.execute(insert(DependencyRow), rows)


def _environment(row: RowMapping) -> Environment:
    return Environment(
        id=row["id"],
        tenant=row["tenant"],
        name=row["name"],
        python_version=row["python_version"],
        layer=row["virtual_env_path"],
        wanted=tuple(row["base_packages"]),
        packages=tuple(
            Package(
                package["name"],
                package["version"],
                package["source"],
                to_moment(package["installed_at"]),
                tuple(package["imports"]),
                package.get("wheel", ""),
            )
            for package in row["installed_packages"]
        ),
        created_at=to_moment(row["created_at"]),
        last_used=to_moment(row["last_used"]),
        is_default=bool(row["is_default"]),
        status=row["status"],
        security=row["settings"],
        index=_index(row["pip_config"] or {}),
        revision=row["revision"],
    )


def _index(kept: Mapping[str, Any]) -> IndexSettings:
    hosts = kept.get("trusted_hosts")
    return IndexSettings(
        kept.get("index_url"),
        tuple(kept.get("extra_index_urls") or ()),
        None if hosts is None else tuple(hosts),
        kept.get("timeout_s"),
        kept.get("retries"),
    )
