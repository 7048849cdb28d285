"""The toolkit's four tables and the engine's."""

import sqlalchemy as sa
from alembic import op
from executor import migration as engine
from sqlalchemy.dialects.mysql import LONGTEXT

revision = "0001"
down_revision = None

# MySQL commits each statement: a start that was cut off between two tables goes on where it was.
_TABLE = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB", "if_not_exists": True}
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _long(name: str) -> sa.Column:
    return sa.Column(name, sa.Text().with_variant(LONGTEXT(), "mysql", "mariadb"), nullable=False)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _time(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _counted() -> sa.Column:
    return sa.Column("id", _NUMBER, primary_key=True, autoincrement=True)


def upgrade() -> None:
    _make_environments()
    op.create_table(
        "python_modules",
        _counted(), _text("tenant", 64), _text("tool_id", 255), _text("module_name", 255), _long("source_code"),
        _long("functions"), _long("classes"), _long("imports"), _long("dependencies"), _time("created_at"),
        sa.Index("ix_python_modules_tenant", "tenant", "id"),
        **_TABLE,
    )  # fmt: skip
    _make_executions()
    engine.upgrade(op)


def _make_environments() -> None:
    op.create_table(
        "python_environments",
        sa.Column("id", sa.String(64), primary_key=True),
        _text("tenant", 64), _text("name", 128), _text("python_version", 32), _text("virtual_env_path", 512),
        sa.Column("base_packages", sa.JSON, nullable=False),
        sa.Column("installed_packages", sa.JSON, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("is_default", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        _time("created_at"), _time("last_used"), _text("status", 16),
        sa.UniqueConstraint("tenant", "name", name="uq_python_environments_name"),
        sa.CheckConstraint("status in ('active','building','failed')", name="ck_python_environments_status"),
        sa.Index("ix_python_environments_last_used", "last_used"),
        **_TABLE,
    )  # fmt: skip
    op.create_table(
        "python_dependencies",
        _counted(),
        sa.Column(
            "environment_id",
            sa.String(64),
            sa.ForeignKey("python_environments.id", ondelete="CASCADE"),
            nullable=False,
        ),
        _text("package_name", 255), _text("version", 128), _text("source", 16), _time("installed_at"),
        sa.UniqueConstraint("environment_id", "package_name", name="uq_python_dependencies_package"),
        **_TABLE,
    )  # fmt: skip


def _make_executions() -> None:
    op.create_table(
        "python_executions",
        _counted(), _text("execution_id", 64), _text("tenant", 64),
        sa.Column(
            "environment_id",
            sa.String(64),
            sa.ForeignKey("python_environments.id", ondelete="SET NULL"),
            nullable=True,
        ),
        _text("module_name", 255, nullable=True), _text("function_name", 255, nullable=True),
        _text("status", 32), _long("parameters"), _long("result"), _long("stdout"), _long("stderr"),
        _time("execution_time_ms"), _time("memory_usage_kb"), sa.Column("return_code", sa.Integer, nullable=False),
        _long("exceptions"), _time("created_at"),
        sa.UniqueConstraint("execution_id", name="uq_python_executions_execution"),
        sa.Index("ix_python_executions_tenant", "tenant", "id"),
        **_TABLE,
    )  # fmt: skip


def downgrade() -> None:
    engine.downgrade(op)
    for table in ("python_executions", "python_modules", "python_dependencies", "python_environments"):
        op.drop_table(table)
