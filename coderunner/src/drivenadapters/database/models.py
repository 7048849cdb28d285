"""The rows of the Python toolkit; migrations/coderunner makes their tables."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

MYSQL_TABLE = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
_LONG = Text().with_variant(LONGTEXT(), "mysql", "mariadb")
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only an INTEGER PRIMARY KEY


class Row(DeclarativeBase):
    """All tables of the toolkit; times are microseconds since 1970, UTC."""


class EnvironmentRow(Row):
    """An environment: a layer of packages over the guest interpreter."""

    __tablename__ = "python_environments"
    __table_args__ = (
        UniqueConstraint("tenant", "name", name="uq_python_environments_name"),
        Index("ix_python_environments_last_used", "last_used"),
        CheckConstraint("status in ('active','building','failed')", name="ck_python_environments_status"),
        MYSQL_TABLE,
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    python_version: Mapped[str] = mapped_column(String(32))
    virtual_env_path: Mapped[str] = mapped_column(String(512))
    base_packages: Mapped[list[str]] = mapped_column(JSON)
    installed_packages: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    pip_config: Mapped[dict[str, Any] | None] = mapped_column(JSON, nullable=True)
    is_default: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[int] = mapped_column(BigInteger)
    last_used: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16))


class DependencyRow(Row):
    """One package of one environment."""

    __tablename__ = "python_dependencies"
    __table_args__ = (
        UniqueConstraint("environment_id", "package_name", name="uq_python_dependencies_package"),
        MYSQL_TABLE,
    )

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    environment_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("python_environments.id", ondelete="CASCADE")
    )
    package_name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(128))
    source: Mapped[str] = mapped_column(String(16))
    installed_at: Mapped[int] = mapped_column(BigInteger)


class ModuleRow(Row):
    """A parsed module that somebody asked to keep."""

    __tablename__ = "python_modules"
    __table_args__ = (Index("ix_python_modules_tenant", "tenant", "id"), MYSQL_TABLE)

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    tenant: Mapped[str] = mapped_column(String(64))
    tool_id: Mapped[str] = mapped_column(String(255))
    module_name: Mapped[str] = mapped_column(String(255))
    source_code: Mapped[str] = mapped_column(_LONG)
    functions: Mapped[str] = mapped_column(_LONG)
    classes: Mapped[str] = mapped_column(_LONG)
    imports: Mapped[str] = mapped_column(_LONG)
    dependencies: Mapped[str] = mapped_column(_LONG)
    created_at: Mapped[int] = mapped_column(BigInteger)


class ExecutionRow(Row):
    """A finished run; `execution_id` names it to callers, and no other table has to know it."""

    __tablename__ = "python_executions"
    __table_args__ = (
        UniqueConstraint("execution_id", name="uq_python_executions_execution"),
        Index("ix_python_executions_tenant", "tenant", "id"),
        MYSQL_TABLE,
    )

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    execution_id: Mapped[str] = mapped_column(String(64))
    tenant: Mapped[str] = mapped_column(String(64))
    environment_id: Mapped[str | None] = mapped_column(
        String(64), ForeignKey("python_environments.id", ondelete="SET NULL"), nullable=True
    )
    module_name: Mapped[str | None] = mapped_column(String(255), nullable=True)
    function_name: Mapped[str | None] = mapped_column(String(255), nullable=True)
    status: Mapped[str] = mapped_column(String(32))
    parameters: Mapped[str] = mapped_column(_LONG)
    result: Mapped[str] = mapped_column(_LONG)
    stdout: Mapped[str] = mapped_column(_LONG)
    stderr: Mapped[str] = mapped_column(_LONG)
    execution_time_ms: Mapped[int] = mapped_column(BigInteger)
    memory_usage_kb: Mapped[int] = mapped_column(BigInteger)
    return_code: Mapped[int] = mapped_column(Integer)
    exceptions: Mapped[str] = mapped_column(_LONG)
    created_at: Mapped[int] = mapped_column(BigInteger)
