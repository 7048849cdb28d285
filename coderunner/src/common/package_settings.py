"""Settings of packages: what may be installed, where it comes from, how it is fetched."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from executor.common.settings import ExecutorSettings


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_split)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_split)]


class PackageSettings(ExecutorSettings):
    """What environments may hold and how it gets there."""

    allow_package_install: bool = Field(True, description="Whether callers may install packages.")
    package_allow_list: Names = Field((), description="Distributions that may be installed; empty means all.")
    package_deny_list: Names = Field(
        (), description="Distributions that may not be installed, not even as dependencies."
    )
    package_local_roots: Paths = Field(
        (),
        description="Folders of this machine whose wheels (or source) callers may install as `name @ file:///...`.",
    )
    package_build_from_source: bool = Field(
        False,
        description="Whether source of PACKAGE_LOCAL_ROOTS and PACKAGE_GIT_URLS may be built, in the sandbox and "
        "without network; never source from an index.",
    )
    package_git_urls: Names = Field(
        (),
        description="Beginnings of repository addresses that callers may install from, as https://git.example/team/; "
        "needs git and PACKAGE_BUILD_FROM_SOURCE.",
    )
    package_index_url: SecretStr | None = Field(
        None, description="Package index; unset means the installer's default. May hold credentials."
    )
    package_extra_index_urls: Secrets = Field(
        (),
        description="More package indexes, asked before the first; for each package the first one that has it counts.",
    )
    package_allowed_indexes: Secrets = Field(
        (),
        description="Further indexes that an environment may name in its pip_config; with credentials where they "
        "need some, which no caller sees or gives.",
    )
    package_trusted_hosts: Names = Field(
        (), description="Hosts of indexes whose certificates are not checked (host or host:port)."
    )
    package_install_timeout: float = Field(300, gt=0, description="Seconds that one installation may take.")
    package_http_timeout: float = Field(
        30, ge=1, description="Seconds that the index may take for one answer."
    )
    package_http_retries: int = Field(3, ge=0, le=20, description="New tries of a request to the index.")
    package_advisories: bool = Field(
        False, description="Whether known vulnerabilities of installed packages are looked up and listed."
    )
    package_advisories_url: str = Field(
        "https://pypi.org/pypi",
        pattern="^https?://",
        description="JSON API with the advisories: name/version/json is asked beneath it.",
    )
    ssl_cert_file: str = Field("", description="Certificates to trust when packages are fetched; a file.")
    ssl_cert_dir: str = Field("", description="Certificates to trust when packages are fetched; a folder.")
    http_proxy: str = Field("", description="Proxy for fetching packages over HTTP.")
    https_proxy: str = Field("", description="Proxy for fetching packages over HTTPS.")
    no_proxy: str = Field("", description="Hosts that are reached without the proxy.")
