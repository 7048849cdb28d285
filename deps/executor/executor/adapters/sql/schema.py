"""The engine's own view of its tables."""

from sqlalchemy import MetaData, Table

from executor.adapters.sql.tables import executor_tables

METADATA = MetaData()
_TABLES = executor_tables(METADATA)

EXECUTIONS: Table = _TABLES["executions"]
LOGS: Table = _TABLES["execution_logs"]
METRICS: Table = _TABLES["execution_metrics"]
EVENTS: Table = _TABLES["execution_events"]
ATTEMPTS: Table = _TABLES["execution_attempts"]
DEPENDENCIES: Table = _TABLES["execution_dependencies"]
IDEMPOTENCY: Table = _TABLES["execution_idempotency"]
CALLBACKS: Table = _TABLES["execution_callbacks"]
DELIVERIES: Table = _TABLES["execution_deliveries"]
WORKERS: Table = _TABLES["execution_workers"]
SHARES: Table = _TABLES["execution_shares"]
