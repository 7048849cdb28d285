"""Puts the builder of layers together from the settings."""

import os
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from coderunner.src.common.limits import MEGABYTE
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.environments.folder_wheel_store import FolderWheelStore
from coderunner.src.drivenadapters.environments.folders import LayerBounds
from coderunner.src.drivenadapters.environments.indexes import Indexes
from coderunner.src.drivenadapters.environments.installer_process import Installer
from coderunner.src.drivenadapters.environments.roots import wheels_folder
from coderunner.src.drivenadapters.environments.sandbox_source_builder import SandboxSourceBuilder
from coderunner.src.drivenadapters.environments.source_archives import SourceArchives
from coderunner.src.drivenadapters.environments.uv_layer_builder import UvLayerBuilder
from coderunner.src.drivenadapters.sandbox.guest_runtime import default_guest_dir
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.requirements import PackageRules
from coderunner.src.logics.runner.ports.sandbox import Sandbox

_BUILD_S = 120.0
_BUILD_BYTES = 256 * MEGABYTE
_SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")  # trust what the machine trusts


def make_builder(settings: Settings, root: Path) -> UvLayerBuilder:
    """The builder with its folders made."""
    UvLayerBuilder.prepare(root)
    return UvLayerBuilder(
        root=root,
        python=(settings.guest_dir or default_guest_dir()).absolute()
        / "bin"
        / "python",  # whichever is there then
        installer=_installer(settings, root),
        indexes=Indexes.of(settings),
        bounds=_bounds(settings),
    )


def make_sources(
    settings: Settings,
    layers: UvLayerBuilder,
    guest: GuestCatalogue,
    rules: PackageRules,
    sandbox: Callable[[], Sandbox],
) -> SandboxSourceBuilder | None:
    """What builds from source; None where the operator does not allow it."""
    if not settings.package_build_from_source:
        return None
    archives = SourceArchives(
        installer=layers.installer, scratch=layers.scratch, local_roots=settings.package_local_roots
    )
    limits = settings.max_limits()
    limits = replace(
        limits, wall_s=max(limits.wall_s, _BUILD_S), disk_bytes=max(limits.disk_bytes, _BUILD_BYTES)
    )
    return SandboxSourceBuilder(
        sandbox=sandbox, archives=archives, layers=layers, guest=guest, rules=rules, limits=limits
    )


def _installer(settings: Settings, root: Path) -> Installer:
    most_bytes = settings.environment_max_mb * MEGABYTE
    return Installer(_uv(root), _environment(settings), settings.package_install_timeout, most_bytes)


def make_wheels(settings: Settings, root: Path, guest: GuestCatalogue) -> FolderWheelStore:
    """Where uploaded and local wheels are kept, beside the layers."""
    return FolderWheelStore(
        root=wheels_folder(root),
        guest=guest,
        bounds=_bounds(settings),
        local_roots=settings.package_local_roots,
    )


def _bounds(settings: Settings) -> LayerBounds:
    return LayerBounds(settings.environment_max_mb * MEGABYTE, settings.environment_max_files)


def _uv(root: Path) -> Path:
    """Uv as our own requirement; a copy where the unprivileged installer could not reach it."""
    from uv import find_uv_bin

    found = Path(find_uv_bin()).resolve()
    if os.geteuid() != 0 or all(folder.stat().st_mode & stat.S_IXOTH for folder in (found, *found.parents)):
        return found
    status = found.stat()
    copy = root / f".uv-{status.st_size}-{status.st_mtime_ns}"
    if not copy.exists():
        fresh = copy.with_suffix(f".{os.getpid()}")
        shutil.copyfile(found, fresh)
        fresh.chmod(0o755)
        fresh.rename(copy)
    return copy


def _environment(settings: Settings) -> Mapping[str, str]:
    """Nothing of the service's own but what the way to the index needs."""
    wanted = {
        "SSL_CERT_FILE": settings.ssl_cert_file,
        "SSL_CERT_DIR": settings.ssl_cert_dir,
        "GIT_SSL_CAINFO": settings.ssl_cert_file,
        "http_proxy": settings.http_proxy,  # the only spelling that git reads
        "UV_SYSTEM_CERTS": "1" if _SYSTEM_CERTIFICATES.exists() and not settings.ssl_cert_file else "",
        "HTTP_PROXY": settings.http_proxy,
        "HTTPS_PROXY": settings.https_proxy,
        "NO_PROXY": settings.no_proxy,
        "UV_CONCURRENT_DOWNLOADS": "8",
        "UV_CONCURRENT_INSTALLS": "2",
    }
    return {name: value for name, value in wanted.items() if value}
