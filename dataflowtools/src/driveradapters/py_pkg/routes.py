"""The URLs of Python packages."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.py_pkg.packages_handler import InstallHandler, ListHandler
from dataflowtools.src.logics.py_pkg.install_packages import InstallPackages
from dataflowtools.src.logics.py_pkg.list_packages import ListPackages
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageUses:
    """The use cases behind /api/py_pkg."""

    install_packages: InstallPackages
    list_packages: ListPackages


def package_routes(uses: PackageUses) -> list[Route]:
    """List the routes of packages."""
    return [
        Route("/api/py_pkg/install", InstallHandler, {"install_packages": uses.install_packages}),
        Route("/api/py_pkg/list", ListHandler, {"list_packages": uses.list_packages}),
    ]
