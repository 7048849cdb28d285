"""Settings of the Python toolkit: parsing, environments and packages; the names are the Stepflow seed's."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from coderunner.src.common.package_settings import Names, PackageSettings
from coderunner.src.common.security import Functions, Liftable, Modules


class CodeSettings(PackageSettings):
    """Reading people's code without running it."""

    stepflow_python_enable_ast_parsing: bool = Field(
        True, description="Whether a syntax tree may be asked for when code is parsed."
    )
    stepflow_python_enable_dependency_analysis: bool = Field(
        True, description="Whether parsing and validating also say which distributions are needed."
    )
    stepflow_python_max_code_size: int = Field(
        1024**2,
        ge=1,
        le=64 * 1024**2,
        description="Largest source text that is parsed or validated, in bytes.",
    )
    stepflow_python_allowed_imports: Modules | None = Field(
        None, description="Modules that programs may import at level restricted, instead of the built-in list; "
        "`*` stands for that list.",
    )  # fmt: skip
    stepflow_python_blocked_imports: Modules = Field(
        (), description="Modules that programs may not import at level restricted, comma-separated."
    )
    stepflow_python_allowed_functions: Liftable = Field(
        (), description="Members and builtins that the policy refuses and programs may use nevertheless, "
        "as `string.Formatter`; never exec, eval, compile, __import__, globals, locals.",
    )  # fmt: skip
    stepflow_python_blocked_functions: Functions = Field(
        (), description="Builtins (`open`) and members (`pandas.read_sql`) that programs may not use "
        "at level restricted.",
    )  # fmt: skip
    stepflow_python_enable_file_access: bool = Field(
        True, description="Whether programs may write in their work folder; requests may only narrow it."
    )
    stepflow_python_enable_network_access: bool = Field(
        False, description="Whether programs may connect to what NETWORK_ALLOWLIST names, and import network "
        "modules at level restricted; requests may only narrow it.",
    )  # fmt: skip
    stepflow_python_enable_system_calls: bool | None = Field(
        None, description="true: os, sys, subprocess and the like also at level restricted; false: no program may "
        "start processes; unset: neither. Requests may only narrow it.",
    )  # fmt: skip
    stepflow_python_parser_class: str | None = Field(
        None, description="Another parser, `module:Class`, a CustomPythonParser."
    )
    stepflow_python_executor_class: str | None = Field(
        None, description="Another executor of runs, `module:Class`, a CustomPythonExecutor."
    )
    code_workers: int = Field(2, ge=1, le=32, description="Processes that parse code.")
    code_worker_timeout: float = Field(
        20, gt=0, description="Seconds after which a program counts as not analysable."
    )
    code_worker_memory_mb: int = Field(
        1024, ge=128, description="Address space of a process that parses code (MB)."
    )


class EnvironmentSettings(CodeSettings):
    """Environments and what is installed into them."""

    stepflow_python_version: str | None = Field(
        None,
        description="Python of environments, as 3.11; another one than the guest's is refused at start.",
    )
    stepflow_python_base_packages: Names = Field(
        (),
        description="Packages of every new environment, comma-separated; "
        "modules of the standard library are skipped.",
    )
    stepflow_python_virtual_env_path: Path | None = Field(
        None,
        description="Folder of the environments, readable by unprivileged users; unset means "
        "/var/lib/coderunner/environments as root, "
        "else ~/.local/share/coderunner/environments; there one per DATA_DIR.",
    )
    stepflow_python_auto_cleanup: bool = Field(
        True, description="Delete environments that nobody used for long; never the default ones."
    )
    environment_idle_days: float = Field(
        30, gt=0, description="Days after which an unused environment is deleted."
    )
    stepflow_python_max_environments: int = Field(100, ge=1, description="Environments of one tenant.")
    environment_max_mb: int = Field(2048, ge=1, description="Size of one environment's packages (MB).")
    environment_max_files: int = Field(100_000, ge=10, description="Files of one environment's packages.")


class RunSettings(EnvironmentSettings):
    """How the Stepflow seed names what runs get."""

    stepflow_python_default_timeout: float | None = Field(
        None, gt=0, description="Another name of DEFAULT_EXECUTION_TIME (seconds)."
    )
    stepflow_python_default_memory_limit: int | None = Field(
        None, ge=16, description="Another name of DEFAULT_MEMORY_MB."
    )
    stepflow_python_enable_sandboxing: bool = Field(
        True,
        description="Only true: no program runs outside the sandbox. SANDBOX_MIN_LAYERS names reductions.",
    )
    stepflow_python_enable_resource_monitoring: bool = Field(
        True, description="Only true: what is not measured cannot be limited."
    )
    stepflow_python_interpreter_path: Path | None = Field(
        None,
        description="The Python that runs programs; it has to be the one that the guest interpreter was built on.",
    )

    @model_validator(mode="after")
    def _not_without_walls(self) -> Self:
        if not self.stepflow_python_enable_sandboxing:
            message = (
                "STEPFLOW_PYTHON_ENABLE_SANDBOXING=false is refused: programs run in the sandbox or not at all; "
                "SANDBOX_MIN_LAYERS names the layers that a weaker host may lack"
            )
            raise ValueError(message)
        if not self.stepflow_python_enable_resource_monitoring:
            message = (
                "STEPFLOW_PYTHON_ENABLE_RESOURCE_MONITORING=false is refused: the limits of a run are kept by "
                "measuring it"
            )
            raise ValueError(message)
        return self


class DatabaseSettings(RunSettings):
    """Where rows are kept."""

    db_host: str = Field("", description="MySQL or MariaDB host; empty uses SQLite in DATA_DIR.")
    db_port: int = Field(3306, ge=1, le=65535, description="MySQL or MariaDB port.")
    db_name: str = Field("coderunner", description="Database name; made at start if the user may.")
    db_user: str = Field("root", description="Database user.")
    db_password: SecretStr = Field(SecretStr(""), description="Database password.")
    db_wait_s: float = Field(30, ge=0, description="Seconds to wait at start for a database to answer.")
    db_threads: int = Field(8, ge=1, le=128, description="Most database calls under way at once.")


class ToolkitSettings(DatabaseSettings):
    """Everything of the toolkit and the rows it needs."""
