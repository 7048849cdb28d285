"""Every setting of coderunner, named in the environment as the field in capitals."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from coderunner.src.common.allowlist import parse_target
from coderunner.src.common.limits import MEGABYTE, Limits
from coderunner.src.common.program import SecurityLevel
from coderunner.src.common.toolkit_settings import ToolkitSettings


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Levels = Annotated[tuple[SecurityLevel, ...], BeforeValidator(_split)]

# the layers of DESIGN's groups 1 and 2: without one of them nothing runs until the operator has named the reduction
ALL_LAYERS = (
    "uid", "capabilities", "no_new_privs", "rlimits", "seccomp", "landlock",
    "user", "mount", "pid", "net", "ipc", "uts", "rootfs", "quota", "proc",
)  # fmt: skip


_TWICE_NAMED = {
    "stepflow_python_default_timeout": "default_execution_time",
    "stepflow_python_default_memory_limit": "default_memory_mb",
}


class Settings(ToolkitSettings):
    """The whole configuration; nothing else reads the environment."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)

    # executions: two services that share a broker or a Redis must not share queues and channels
    queue_prefix: str = Field(
        "coderunner",
        alias="STEPFLOW_EXECUTOR_QUEUE_PREFIX",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="First part of the names of queues and channels; one per service.",
    )

    # server
    host: str = Field(
        "127.0.0.1", description="Address to listen on; others than loopback need keys or AUTH=none."
    )
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    auth: Literal["keys", "none"] = Field(
        "keys",
        description="keys: API keys, and loopback only while there is no key file; "
        "none: anybody, on any address, is the tenant default.",
    )
    api_key_file: str | None = Field(None, description="File of API keys; unset means no keys.")
    drain_s: float = Field(30, ge=0, description="Seconds that requests under way get at shutdown.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line."
    )
    max_body_bytes: int = Field(16 * MEGABYTE, ge=1024, description="Largest request body (413 above).")
    data_dir: Path = Field(Path("data/coderunner"), description="Folder for what the service keeps.")
    durable_history: bool = Field(
        False,
        description="Whether the reply of a run waits until the run is recorded; "
        "otherwise it is recorded at most 200 ms later.",
    )

    # limits of a run: defaults and maxima
    default_execution_time: float = Field(
        30, gt=0, description="Seconds a synchronous run gets when the request says nothing."
    )
    max_execution_time: float = Field(30, gt=0, description="Most seconds a synchronous run may ask for.")
    default_memory_mb: int = Field(
        512,
        ge=16,
        description="Memory of a run, all its processes together, when the request says nothing (MB).",
    )
    max_memory_mb: int = Field(512, ge=16, description="Most memory a run may ask for (MB).")
    default_cpu_time: int = Field(
        3600, ge=1, description="CPU seconds of a run; never more than every core for its wall time."
    )
    max_cpu_time: int = Field(3600, ge=1, description="Most CPU seconds a run may ask for.")
    default_cpu_limit: float = Field(
        0, ge=0, description="Cores that a run may keep busy at once; 0: all. Needs a writable control group."
    )
    max_cpu_limit: float = Field(64, gt=0, description="Most cores a run may ask for.")
    default_processes: int = Field(64, ge=1, description="Processes and threads of a run.")
    max_processes: int = Field(64, ge=1, description="Most processes and threads a run may ask for.")
    default_open_files: int = Field(256, ge=16, description="Open files of each process of a run.")
    max_open_files: int = Field(1024, ge=16, description="Most open files a run may ask for.")
    default_disk_mb: int = Field(
        64, ge=1, description="Work folder, /tmp and /dev/shm of a run together (MB)."
    )
    max_disk_mb: int = Field(1024, ge=1, description="Most disk a run may ask for (MB).")
    default_files: int = Field(8192, ge=16, description="Files and folders of a run.")
    max_files: int = Field(100_000, ge=16, description="Most files and folders a run may ask for.")
    default_stdout_bytes: int = Field(
        1 * MEGABYTE, ge=0, description="Kept stdout; a run that writes more is ended."
    )
    max_stdout_bytes: int = Field(64 * MEGABYTE, ge=0, description="Most stdout a run may ask to keep.")
    default_stderr_bytes: int = Field(
        1 * MEGABYTE, ge=0, description="Kept stderr; a run that writes more is ended."
    )
    max_stderr_bytes: int = Field(64 * MEGABYTE, ge=0, description="Most stderr a run may ask to keep.")
    default_value_bytes: int = Field(1 * MEGABYTE, ge=64, description="Largest JSON value of a run.")
    max_value_bytes: int = Field(16 * MEGABYTE, ge=64, description="Largest JSON value a run may ask for.")
    default_outputs: int = Field(100, ge=0, description="Rich outputs of a run.")
    max_outputs: int = Field(1000, ge=0, description="Most rich outputs a run may ask for.")
    default_output_bytes: int = Field(16 * MEGABYTE, ge=0, description="All rich outputs of a run together.")
    max_output_bytes: int = Field(
        64 * MEGABYTE, ge=0, description="Most bytes of rich outputs a run may ask for."
    )

    # language
    security_levels: Levels = Field(
        (SecurityLevel.RESTRICTED, SecurityLevel.ISOLATED),
        description="Levels that callers may choose, comma-separated.",
    )
    default_security_level: SecurityLevel = Field(
        SecurityLevel.RESTRICTED, description="Level of a request that names none."
    )

    # sandbox
    sandbox_min_layers: Names = Field(
        ALL_LAYERS,
        description="Layers without which no code runs, comma-separated; name fewer to accept a weaker host.",
    )
    network_allowlist: Names = Field(
        (), description="What programs may connect to once STEPFLOW_PYTHON_ENABLE_NETWORK_ACCESS opens the network: "
        "`host:443`, `10.0.0.0/8:5432`, `[2001:db8::1]:*`, comma-separated; TCP only, empty: nothing.",
    )  # fmt: skip
    guest_dir: Path | None = Field(
        None,
        description="The guest interpreter that init_site_packages.sh built; unset means its default place.",
    )
    pool_slim_size: int = Field(8, ge=1, le=100, description="Parked children without data libraries.")
    pool_tables_size: int = Field(4, ge=1, le=100, description="Parked children with numpy and pandas.")
    pool_data_size: int = Field(
        2,
        ge=1,
        le=100,
        description="Parked children with the whole data-science set: plots, scipy, scikit-learn.",
    )
    pool_max_children: int = Field(
        48, ge=2, le=120, description="Most children of one parent at once, parked and running."
    )
    parent_max_forks: int = Field(20_000, ge=1, description="A parent is renewed after so many children.")
    max_concurrent_runs: int = Field(16, ge=1, le=100, description="Runs at the same time.")
    run_queue_size: int = Field(256, ge=0, description="Runs that may wait for a place (503 above).")
    memory_reserve_mb: int = Field(
        256, ge=0, description="Memory that stays free: a run waits while starting it would take more (MB)."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        unknown = sorted(set(self.sandbox_min_layers) - set(ALL_LAYERS))
        if unknown:
            message = f"SANDBOX_MIN_LAYERS names unknown layers: {', '.join(unknown)}"
            raise ValueError(message)
        for entry in self.network_allowlist:
            parse_target(entry)
        if self.default_security_level not in self.security_levels:
            message = "DEFAULT_SECURITY_LEVEL is not among SECURITY_LEVELS"
            raise ValueError(message)
        for name, other in _TWICE_NAMED.items():
            if {name, other} <= self.model_fields_set and getattr(self, name) != getattr(self, other):
                message = f"{name.upper()} and {other.upper()} are the same setting and say different things"
                raise ValueError(message)
        return self

    def default_limits(self) -> Limits:
        """What a run gets when its request says nothing; never above the maxima."""
        most = self.max_limits()
        return Limits(
            wall_s=min(self.stepflow_python_default_timeout or self.default_execution_time, most.wall_s),
            cpu_s=min(self.default_cpu_time, most.cpu_s),
            cpu_share=self.default_cpu_limit,
            memory_bytes=min(
                (self.stepflow_python_default_memory_limit or self.default_memory_mb) * MEGABYTE,
                most.memory_bytes,
            ),
            processes=min(self.default_processes, most.processes),
            open_files=min(self.default_open_files, most.open_files),
            disk_bytes=min(self.default_disk_mb * MEGABYTE, most.disk_bytes),
            disk_inodes=min(self.default_files, most.disk_inodes),
            stdout_bytes=min(self.default_stdout_bytes, most.stdout_bytes),
            stderr_bytes=min(self.default_stderr_bytes, most.stderr_bytes),
            value_bytes=min(self.default_value_bytes, most.value_bytes),
            outputs=min(self.default_outputs, most.outputs),
            output_bytes=min(self.default_output_bytes, most.output_bytes),
        )

    def max_limits(self) -> Limits:
        """What a request may ask for at most."""
        return Limits(
            wall_s=self.max_execution_time,
            cpu_s=self.max_cpu_time,
            cpu_share=self.max_cpu_limit,
            memory_bytes=self.max_memory_mb * MEGABYTE,
            processes=self.max_processes,
            open_files=self.max_open_files,
            disk_bytes=self.max_disk_mb * MEGABYTE,
            disk_inodes=self.max_files,
            stdout_bytes=self.max_stdout_bytes,
            stderr_bytes=self.max_stderr_bytes,
            value_bytes=self.max_value_bytes,
            outputs=self.max_outputs,
            output_bytes=self.max_output_bytes,
        )
