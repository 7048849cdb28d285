"""Coderunner, as this service uses it."""

from contextlib import AsyncExitStack

from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.coderunner_http import CoderunnerHttp
from dataflowtools.src.driveradapters.py_pkg.routes import PackageUses
from dataflowtools.src.logics.py_pkg.install_packages import InstallPackages
from dataflowtools.src.logics.py_pkg.list_packages import ListPackages


def open_coderunner(settings: Settings, resources: AsyncExitStack) -> CoderunnerHttp:
    """Make the client; it connects when it is used."""
    coderunner = CoderunnerHttp(
        settings.coderunner_url, api_key=settings.coderunner_api_key.get_secret_value()
    )
    resources.push_async_callback(coderunner.close)
    return coderunner


def package_uses(coderunner: CoderunnerHttp) -> PackageUses:
    """Build the use cases of packages."""
    return PackageUses(
        install_packages=InstallPackages(packages=coderunner), list_packages=ListPackages(packages=coderunner)
    )
