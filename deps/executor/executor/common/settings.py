"""The engine's settings: one frozen model that a service's own settings inherit from."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator


def _parse_object(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


Weights = Annotated[Mapping[str, float], BeforeValidator(_parse_object)]
Caps = Annotated[Mapping[str, int], BeforeValidator(_parse_object)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)


class RunSettings(_Group):
    """How single executions are carried."""

    executor_backend: Literal["embedded", "celery"] = Field(
        default="embedded",
        alias="EXECUTOR_BACKEND",
        description="Carrier of executions: `embedded` or `celery`.",
    )
    executor_class: str | None = Field(
        default=None, alias="STEPFLOW_EXECUTOR_CLASS", description="A custom executor, `module:Class`."
    )
    max_concurrent_executions: int = Field(
        default=100,
        alias="STEPFLOW_EXECUTOR_MAX_CONCURRENT_EXECUTIONS",
        gt=0,
        description="Executions that run at the same time on all workers together.",
    )
    default_timeout_s: float = Field(
        default=300, alias="STEPFLOW_EXECUTOR_DEFAULT_TIMEOUT", gt=0, description="Seconds of one attempt."
    )
    max_timeout_s: float = Field(
        default=3600,
        alias="STEPFLOW_EXECUTOR_MAX_TIMEOUT",
        gt=0,
        description="The most a request may ask for.",
    )
    kill_grace_s: float = Field(
        default=5,
        alias="STEPFLOW_EXECUTOR_KILL_GRACE",
        gt=0,
        description="Seconds that a cancelled attempt has to clean up before the hard limit.",
    )
    max_retry_count: int = Field(
        default=3,
        alias="STEPFLOW_EXECUTOR_MAX_RETRY_COUNT",
        ge=0,
        description="The most retries of one execution.",
    )
    retry_delay_ms: int = Field(
        default=1000,
        alias="STEPFLOW_EXECUTOR_RETRY_DELAY",
        ge=0,
        description="Milliseconds before the first retry.",
    )
    enable_monitoring: bool = Field(
        default=True,
        alias="STEPFLOW_EXECUTOR_ENABLE_MONITORING",
        description="Keep measurements of each execution.",
    )
    enable_logging: bool = Field(
        default=True, alias="STEPFLOW_EXECUTOR_ENABLE_LOGGING", description="Keep the logs of executions."
    )
    max_log_lines: int = Field(
        default=10_000,
        alias="STEPFLOW_EXECUTOR_MAX_LOG_LINES",
        ge=0,
        description="Log lines kept per execution.",
    )
    max_memory_bytes: int | None = Field(
        default=None,
        alias="STEPFLOW_EXECUTOR_MAX_MEMORY",
        gt=0,
        description="The most memory a request may ask for.",
    )
    max_cpu_time_s: float | None = Field(
        default=None,
        alias="STEPFLOW_EXECUTOR_MAX_CPU_TIME",
        gt=0,
        description="The most CPU time to ask for.",
    )
    lease_s: float = Field(
        default=15,
        alias="STEPFLOW_EXECUTOR_LEASE",
        gt=0,
        description="Seconds without a heartbeat after which a worker is lost; beats and sweeps every third.",
    )
    max_wait_s: float = Field(
        default=60,
        alias="STEPFLOW_EXECUTOR_MAX_WAIT",
        ge=0,
        description="The longest `wait` of a synchronous call.",
    )
    event_poll_s: float = Field(
        default=0.5,
        alias="STEPFLOW_EXECUTOR_EVENT_POLL",
        gt=0,
        description="Seconds between looks at the rows where no bus tells of changes.",
    )


class KeepSettings(_Group):
    """Results, history, callbacks and the result cache."""

    result_store: Literal["folder", "s3"] = Field(
        default="folder",
        alias="STEPFLOW_EXECUTOR_RESULT_STORE",
        description="Where large results are kept: a `folder` in DATA_DIR, or an `s3` bucket below results/.",
    )
    s3_endpoint_url: str = Field(
        default="", alias="S3_ENDPOINT_URL", description="Endpoint of an S3-compatible store; empty is AWS."
    )
    s3_bucket: str = Field(
        default="stepflow", alias="S3_BUCKET", description="Bucket; made when it is missing, if the key may."
    )
    s3_region: str = Field(default="us-east-1", alias="S3_REGION", description="Region of the bucket.")
    s3_access_key: SecretStr = Field(
        default=SecretStr(""),
        alias="S3_ACCESS_KEY",
        description="Access key; empty uses the machine's own role.",
    )
    s3_secret_key: SecretStr = Field(
        default=SecretStr(""), alias="S3_SECRET_KEY", description="Secret key of the store."
    )
    result_inline_bytes: int = Field(
        default=65_536,
        alias="STEPFLOW_EXECUTOR_RESULT_INLINE_BYTES",
        ge=0,
        description="Larger results go to the result store.",
    )
    retention_s: float = Field(
        default=2_592_000,
        alias="STEPFLOW_EXECUTOR_RETENTION",
        gt=0,
        description="Seconds a finished row is kept.",
    )
    retention_count: int = Field(
        default=1_000_000,
        alias="STEPFLOW_EXECUTOR_RETENTION_COUNT",
        gt=0,
        description="Finished rows kept at most.",
    )
    idempotency_ttl_s: float = Field(
        default=86_400,
        alias="STEPFLOW_EXECUTOR_IDEMPOTENCY_TTL",
        gt=0,
        description="Seconds a key is remembered.",
    )
    callback_secret: SecretStr | None = Field(
        default=None,
        alias="STEPFLOW_EXECUTOR_CALLBACK_SECRET",
        description="Root of the tenants' signing secrets; without it callbacks are refused.",
    )
    callback_allow: tuple[str, ...] = Field(
        default=(),
        alias="STEPFLOW_EXECUTOR_CALLBACK_ALLOW",
        description="Hosts callbacks may go to: `host`, `*.domain`, `host:port`; `*` is every public host.",
    )
    callback_private: tuple[str, ...] = Field(
        default=(),
        alias="STEPFLOW_EXECUTOR_CALLBACK_PRIVATE_NETWORKS",
        description="Networks such as `10.1.0.0/16` that callbacks may reach although they are not public.",
    )
    callback_timeout_s: float = Field(
        default=10, alias="STEPFLOW_EXECUTOR_CALLBACK_TIMEOUT", gt=0, description="Seconds of one delivery."
    )
    callback_max_attempts: int = Field(
        default=8,
        alias="STEPFLOW_EXECUTOR_CALLBACK_MAX_ATTEMPTS",
        gt=0,
        description="Deliveries tried at most.",
    )
    callback_retry_s: float = Field(
        default=5,
        alias="STEPFLOW_EXECUTOR_CALLBACK_RETRY_DELAY",
        gt=0,
        description="First delay; it triples.",
    )
    cache_enabled: bool = Field(
        default=False,
        alias="STEPFLOW_EXECUTOR_CACHE",
        description="Use the result cache when a request says nothing.",
    )
    cache_ttl_s: float = Field(
        default=300, alias="STEPFLOW_EXECUTOR_CACHE_TTL", gt=0, description="Seconds a cached reply is good."
    )
    cache_max_bytes: int = Field(
        default=67_108_864,
        alias="STEPFLOW_EXECUTOR_CACHE_MAX_BYTES",
        gt=0,
        description="Bytes cached in memory.",
    )


class SchedulerSettings(_Group):
    """What runs next."""

    scheduler_class: str | None = Field(
        default=None, alias="STEPFLOW_SCHEDULER_CLASS", description="A custom scheduler, `module:Class`."
    )
    queue_size: int = Field(
        default=1000, alias="STEPFLOW_SCHEDULER_QUEUE_SIZE", gt=0, description="Executions that may wait."
    )
    queue_size_per_tenant: int | None = Field(
        default=None,
        alias="STEPFLOW_SCHEDULER_QUEUE_SIZE_PER_TENANT",
        gt=0,
        description="Executions of one tenant that may wait.",
    )
    worker_count: int = Field(
        default=10,
        alias="STEPFLOW_SCHEDULER_WORKER_COUNT",
        gt=0,
        description="Threads for the scheduler's and the history's database calls.",
    )
    priority_levels: int = Field(
        default=4,
        alias="STEPFLOW_SCHEDULER_PRIORITY_LEVELS",
        ge=1,
        le=100,
        description="Number of priority levels.",
    )
    enable_priority_queue: bool = Field(
        default=True,
        alias="STEPFLOW_SCHEDULER_ENABLE_PRIORITY_QUEUE",
        description="`false`: one level for all.",
    )
    enable_fair_scheduling: bool = Field(
        default=True,
        alias="STEPFLOW_SCHEDULER_ENABLE_FAIR_SCHEDULING",
        description="`false`: first come, first run.",
    )
    tenant_weights: Weights = Field(
        default_factory=dict,
        alias="STEPFLOW_SCHEDULER_TENANT_WEIGHTS",
        description='Shares of tenants as JSON, `{"acme": 2}`; 1 for the others.',
    )
    ageing_s: float = Field(
        default=300,
        alias="STEPFLOW_SCHEDULER_AGEING",
        gt=0,
        description="Seconds of waiting that lift by one level.",
    )
    max_running_per_tenant: int | None = Field(
        default=None,
        alias="STEPFLOW_SCHEDULER_MAX_RUNNING_PER_TENANT",
        gt=0,
        description="Executions of one tenant that run at the same time.",
    )
    max_running_per_kind: Caps = Field(
        default_factory=dict,
        alias="STEPFLOW_SCHEDULER_MAX_RUNNING_PER_KIND",
        description="Executions of a kind that run at the same time, as JSON.",
    )
    min_free_memory_bytes: int = Field(
        default=268_435_456,
        alias="STEPFLOW_SCHEDULER_MIN_FREE_MEMORY",
        ge=0,
        description="Nothing new starts below this much free memory.",
    )
    max_load_per_core: float = Field(
        default=8,
        alias="STEPFLOW_SCHEDULER_MAX_LOAD_PER_CORE",
        gt=0,
        description="Nothing new starts above it.",
    )


class PoolSettings(_Group):
    """The worker pool, and the broker of the distributed one."""

    min_workers: int = Field(
        default=5, alias="STEPFLOW_WORKER_POOL_MIN_WORKERS", ge=0, description="Kept when idle."
    )
    max_workers: int = Field(
        default=50, alias="STEPFLOW_WORKER_POOL_MAX_WORKERS", gt=0, description="Most workers of one process."
    )
    worker_idle_timeout_s: float = Field(
        default=300,
        alias="STEPFLOW_WORKER_POOL_IDLE_TIMEOUT",
        gt=0,
        description="Idle seconds before one goes.",
    )
    work_queue_size: int = Field(
        default=2,
        alias="STEPFLOW_WORKER_POOL_WORK_QUEUE_SIZE",
        ge=0,
        description="Executions handed to the broker beyond the free workers; 0 keeps priorities exact.",
    )
    enable_auto_scaling: bool = Field(
        default=True,
        alias="STEPFLOW_WORKER_POOL_ENABLE_AUTO_SCALING",
        description="`false`: always the maximum.",
    )
    broker_url: SecretStr | None = Field(
        default=None,
        alias="STEPFLOW_EXECUTOR_BROKER_URL",
        description="Broker of the celery backend: `amqp://...` or `redis://...`.",
    )
    queue_prefix: str = Field(
        default="stepflow",
        alias="STEPFLOW_EXECUTOR_QUEUE_PREFIX",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="First part of the names of queues and channels; one per service.",
    )
    executor_redis_url: SecretStr | None = Field(
        default=None,
        alias="STEPFLOW_EXECUTOR_REDIS_URL",
        description="Redis that tells other processes of changes and caches results; without it, polling.",
    )


class ExecutorSettings(RunSettings, KeepSettings, SchedulerSettings, PoolSettings):
    """All of them; inherit a service's settings from this class."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.min_workers > self.max_workers:
            raise ValueError("STEPFLOW_WORKER_POOL_MIN_WORKERS is above STEPFLOW_WORKER_POOL_MAX_WORKERS")
        if self.executor_backend == "celery" and self.broker_url is None:
            raise ValueError("EXECUTOR_BACKEND=celery needs STEPFLOW_EXECUTOR_BROKER_URL")
        return self
