"""The bodies of /api/environments and /api/pypkg."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from coderunner.src.driveradapters.runner.wire import SecuritySettingsBody
from coderunner.src.logics.environment.model import Environment, Package
from servicekit.http import Body

Requirement = Annotated[str, Field(min_length=1, max_length=500)]
Requirements = Annotated[list[Requirement], Field(max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w .()+-]+$")]
EnvironmentId = Annotated[str, Field(min_length=1, max_length=64)]
Wait = Annotated[float, Field(ge=0, le=600)]


class CreateBody(Body):
    """A new environment."""

    name: Name = Field(description="Unique among the tenant's environments.")
    python_version: Annotated[str, Field(max_length=32)] | None = Field(
        default=None, description="Only the guest interpreter's version is there, as 3.11 or 3.11.2."
    )
    base_packages: Requirements = Field(default_factory=list, description="Requirements to install at once.")
    security_settings: SecuritySettingsBody = Field(
        default_factory=SecuritySettingsBody, description="Policy of every run in this environment."
    )
    wait: Wait | None = Field(default=None, description="Seconds to wait for the packages (504 after).")


class CloneBody(Body):
    """The copy's name."""

    name: Name


class PackagesBody(Body):
    """Packages to install into an environment."""

    packages: Requirements = Field(
        default_factory=list, description="As name, name==1.2 or name[extra]>=1,<2."
    )
    requirements: Annotated[str, Field(max_length=200_000)] | None = Field(
        default=None, description="The text of a requirements file; names and versions only."
    )
    environment_id: EnvironmentId | None = Field(
        default=None, description="Where; else the caller's default environment."
    )
    wait: Wait | None = Field(default=None, description="Seconds to wait (504 after).")

    @model_validator(mode="after")
    def _something(self) -> "PackagesBody":
        if not self.packages and self.requirements is None:
            message = "packages or requirements must name at least one package"
            raise ValueError(message)
        return self


class UninstallBody(Body):
    """Packages to remove."""

    packages: Annotated[list[Requirement], Field(min_length=1, max_length=500)]
    environment_id: EnvironmentId | None = None
    wait: Wait | None = None


class ListQuery(Body):
    """Whose packages."""

    environment_id: EnvironmentId | None = None


class PackageReply(BaseModel):
    """One installed package."""

    name: str
    version: str
    source: str = Field(description="pypi, or guest where the guest interpreter has it already.")
    installed_at: str


class PackagesReply(BaseModel):
    """What an environment has."""

    environment_id: str | None
    packages: list[PackageReply]


class ChangeReply(BaseModel):
    """A change that goes on."""

    execution_id: str
    status: str


class EnvironmentReply(BaseModel):
    """One environment."""

    environment_id: str
    name: str
    python_version: str
    base_packages: list[str]
    packages: list[PackageReply]
    security_settings: dict[str, Any]
    is_default: bool
    status: str
    created_at: str
    last_used: str


class EnvironmentsReply(BaseModel):
    """All of the tenant's."""

    environments: list[EnvironmentReply]


class ProblemsReply(BaseModel):
    """What is broken, missing or in conflict."""

    valid: bool
    problems: list[str]


def package_member(package: Package) -> dict[str, Any]:
    """One package as JSON members."""
    return {
        "name": package.name,
        "version": package.version,
        "source": package.source,
        "installed_at": package.installed_at.isoformat(),
    }


def packages_member(environment: Environment | None) -> dict[str, Any]:
    """The reply of the package endpoints."""
    return {
        "environment_id": environment.id if environment else None,
        "packages": [package_member(package) for package in environment.packages] if environment else [],
    }


def environment_member(environment: Environment) -> dict[str, Any]:
    """One environment as JSON members."""
    return {
        "environment_id": environment.id,
        "name": environment.name,
        "python_version": environment.python_version,
        "base_packages": list(environment.wanted),
        "packages": [package_member(package) for package in environment.packages],
        "security_settings": dict(environment.security),
        "is_default": environment.is_default,
        "status": environment.status,
        "created_at": environment.created_at.isoformat(),
        "last_used": environment.last_used.isoformat(),
    }
