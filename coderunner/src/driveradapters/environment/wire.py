"""The bodies of /api/environments and /api/pypkg."""

from collections.abc import Collection
from itertools import chain
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from coderunner.src.driveradapters.runner.wire import SecuritySettingsBody
from coderunner.src.errors import SourceNotAllowed
from coderunner.src.logics.environment.model import Environment, IndexSettings, Package, Source
from coderunner.src.logics.environment.requirements import kept_wheel, requirement_lines
from servicekit.http import Body

PACKAGE_ERRORS = (
    "invalid_requirement",
    "install_refused",
    "package_not_allowed",
    "packages_unresolvable",
    "package_index_unavailable",
    "install_timed_out",
    "environment_busy",
)

Requirement = Annotated[str, Field(min_length=1, max_length=500)]
Requirements = Annotated[list[Requirement], Field(max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w .()+-]+$")]
EnvironmentId = Annotated[str, Field(min_length=1, max_length=64)]
Url = Annotated[str, Field(min_length=1, max_length=500)]
Wait = Annotated[float, Field(ge=0, le=600)]


class PipConfigBody(Body):
    """Where packages come from and how patiently; what is left out is the operator's setting."""

    index_url: Url | None = Field(default=None, description="One of the operator's indexes.")
    extra_index_urls: Annotated[list[Url], Field(max_length=10)] = Field(
        default_factory=list, description="More of the operator's indexes, asked first."
    )
    trusted_hosts: Annotated[list[Url], Field(max_length=20)] | None = Field(
        default=None, description="Which of the operator's trusted hosts to trust; absent: all of them."
    )
    timeout: float | None = Field(default=None, ge=1, le=600, description="Seconds for one answer.")
    retries: int | None = Field(default=None, ge=0, le=20, description="New tries of a request.")

    def settings(self) -> IndexSettings:
        """As the core knows them."""
        hosts = None if self.trusted_hosts is None else tuple(self.trusted_hosts)
        return IndexSettings(self.index_url, tuple(self.extra_index_urls), hosts, self.timeout, self.retries)


class DependencyBody(Body):
    """One package and where it is from."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    version: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="A version, or a specifier such as >=1,<2."
    )
    source: Source = Field(
        default=Source.PYPI, strict=False, description="pypi or local; git and conda are refused by name."
    )
    location: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None, description="For local: the wheel's path. For git: the repository."
    )
    requirements: Requirements = Field(default_factory=list, description="What else it needs.")

    def texts(self, pointer: str) -> list[str]:
        """As requirements; SourceNotAllowed for sources that nobody may use."""
        if self.source in {Source.CONDA, Source.UPLOAD, Source.GUEST}:
            message = f"{self.name[:80]!r}: {_NO_SOURCE[self.source]}"
            raise SourceNotAllowed(message, pointer=f"{pointer}/source")
        if self.source == Source.PYPI:
            version = self.version or ""
            text = f"{self.name}=={version}" if version[:1].isalnum() else f"{self.name}{version}"
        elif self.source == Source.LOCAL:
            text = f"{self.name} @ {PurePosixPath('/', self.location or '').as_uri()}"
        else:
            text = f"{self.name} @ git+{(self.location or '').removeprefix('git+')}"
        return [text, *self.requirements]


_NO_SOURCE = {
    Source.CONDA: "Conda packages are no wheels and bring an interpreter of their own; name the package from pypi",
    Source.UPLOAD: "an upload is sent as a file of a multipart request",
    Source.GUEST: "the guest interpreter's packages are there already",
}


class CreateBody(Body):
    """A new environment."""

    name: Name = Field(description="Unique among the tenant's environments.")
    python_version: Annotated[str, Field(max_length=32)] | None = Field(
        default=None, description="Only the guest interpreter's version is there, as 3.11 or 3.11.2."
    )
    base_packages: Requirements = Field(default_factory=list, description="Requirements to install at once.")
    pip_config: PipConfigBody = Field(
        default_factory=PipConfigBody, description="Where its packages come from."
    )
    security_settings: SecuritySettingsBody = Field(
        default_factory=SecuritySettingsBody, description="Policy of every run in this environment."
    )
    wait: Wait | None = Field(default=None, description="Seconds to wait for the packages (202 after).")


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
    dependencies: Annotated[list[DependencyBody], Field(max_length=500)] = Field(
        default_factory=list, description="Packages with their source."
    )
    wheels: Annotated[list[Requirement], Field(max_length=100)] = Field(
        default_factory=list, description="Wheels that were uploaded before, as sha256/filename."
    )
    environment_id: EnvironmentId | None = Field(
        default=None, description="Where; else the caller's default environment."
    )
    wait: Wait | None = Field(default=None, description="Seconds to wait (202 after).")

    @model_validator(mode="after")
    def _something(self) -> "PackagesBody":
        if not (self.packages or self.dependencies or self.wheels) and self.requirements is None:
            message = "packages, dependencies, requirements or a wheel must name at least one package"
            raise ValueError(message)
        return self

    def texts(self) -> list[str]:
        """Everything that is asked for but the wheels, as requirements."""
        named = (each.texts(f"/dependencies/{index}") for index, each in enumerate(self.dependencies))
        return [*self.packages, *requirement_lines(self.requirements or ""), *chain.from_iterable(named)]


class FillBody(Body):
    """An environment that has been made and waits for its packages."""

    environment_id: EnvironmentId


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
    source: str = Field(
        description="pypi, upload, local, or guest where the guest interpreter has it already."
    )
    state: str = Field(description="installed; warm where runs find it imported already.")
    installed_at: str


class PackagesReply(BaseModel):
    """What an environment has."""

    environment_id: str | None
    packages: list[PackageReply]


class ChangeReply(BaseModel):
    """A change that goes on."""

    execution_id: str
    status: str


class BuildingReply(ChangeReply):
    """An environment whose packages are still being installed."""

    environment_id: str


class EnvironmentReply(BaseModel):
    """One environment."""

    environment_id: str
    name: str
    python_version: str
    base_packages: list[str]
    packages: list[PackageReply]
    pip_config: dict[str, Any]
    security_settings: dict[str, Any]
    is_default: bool
    status: str = Field(description="active, or building until its first packages are there.")
    created_at: str
    last_used: str


class EnvironmentsReply(BaseModel):
    """All of the tenant's."""

    environments: list[EnvironmentReply]


class ProblemsReply(BaseModel):
    """What is broken, missing or in conflict."""

    valid: bool
    problems: list[str]


def package_member(package: Package, warm: Collection[str] = ()) -> dict[str, Any]:
    """One package as JSON members; `warm` names what parked processes have imported."""
    return {
        "name": package.name,
        "version": package.version,
        "source": package.source,
        "state": "warm" if package.source == Source.GUEST and package.name in warm else "installed",
        "installed_at": package.installed_at.isoformat(),
    }


def packages_member(environment: Environment | None, warm: Collection[str] = ()) -> dict[str, Any]:
    """The reply of the package endpoints."""
    return {
        "environment_id": environment.id if environment else None,
        "packages": [package_member(package, warm) for package in environment.packages]
        if environment
        else [],
    }


def environment_member(environment: Environment, warm: Collection[str] = ()) -> dict[str, Any]:
    """One environment as JSON members."""
    index = environment.index
    return {
        "environment_id": environment.id,
        "name": environment.name,
        "python_version": environment.python_version,
        "base_packages": [_asked(text) for text in environment.wanted],
        "packages": [package_member(package, warm) for package in environment.packages],
        "pip_config": {
            "index_url": index.index_url,
            "extra_index_urls": list(index.extra_index_urls),
            "trusted_hosts": None if index.trusted_hosts is None else list(index.trusted_hosts),
            "timeout": index.timeout_s,
            "retries": index.retries,
        },
        "security_settings": dict(environment.security),
        "is_default": environment.is_default,
        "status": environment.status,
        "created_at": environment.created_at.isoformat(),
        "last_used": environment.last_used.isoformat(),
    }


def _asked(text: str) -> str:
    """A kept wheel by its file name: where it lies is the service's business."""
    wheel = kept_wheel(text) if "@" in text else ""
    return wheel.rpartition("/")[2] if wheel else text
