"""What is installed for the tenant's programs."""

from typing import Any

from dataflowtools.src.common.on_behalf import OnBehalf
from dataflowtools.src.logics.py_pkg.ports.package_service import PackageService


class ListPackages:
    """Tells what is installed."""

    def __init__(self, *, packages: PackageService) -> None:
        self._packages = packages

    async def __call__(self, caller: OnBehalf, environment_id: str | None = None) -> dict[str, Any]:
        """List; raises what the package service raises."""
        return await self._packages.list_packages(caller, environment_id)
