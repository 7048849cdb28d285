"""Alembic's entry: runs on the connection that the service hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True, version_table="coderunner_version")
with context.begin_transaction():
    context.run_migrations()
