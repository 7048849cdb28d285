"""Packages for the tenant's programs."""

from collections.abc import Mapping
from typing import Any

from dataflowtools.src.common.on_behalf import OnBehalf
from dataflowtools.src.logics.py_pkg.ports.package_service import PackageAnswer, PackageService


class InstallPackages:
    """Has packages installed."""

    def __init__(self, *, packages: PackageService) -> None:
        self._packages = packages

    async def __call__(self, caller: OnBehalf, request: Mapping[str, Any]) -> PackageAnswer:
        """Install; raises what the package service raises."""
        return await self._packages.install(caller, request)
