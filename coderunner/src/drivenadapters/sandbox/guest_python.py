"""Whether the guest interpreter is the Python that the operator asks for."""

from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.sandbox.guest_runtime import default_guest_dir
from coderunner.src.logics.code.ports.guest_catalogue import GuestCatalogue
from coderunner.src.logics.environment.manage_environments import spellings
from servicekit.settings import SettingsError


async def require_python(settings: Settings, guest: GuestCatalogue) -> None:
    """SettingsError where another version or another interpreter is asked for than the guest was built on."""
    python = (settings.guest_dir or default_guest_dir()) / "bin" / "python"
    if not python.exists():  # health tells that there is no guest, and nothing runs
        return
    wanted = settings.stepflow_python_interpreter_path
    if wanted is not None and wanted.resolve() != python.resolve():
        message = (
            f"STEPFLOW_PYTHON_INTERPRETER_PATH is {wanted}, but the guest interpreter was built on "
            f"{python.resolve()}: build one with GUEST_PYTHON={wanted} ./init_site_packages.sh, or name that one"
        )
        raise SettingsError(message)
    version = settings.stepflow_python_version
    if version is None:
        return
    there = (await guest.contents()).python_version
    if version not in spellings(there):
        message = (
            f"STEPFLOW_PYTHON_VERSION is {version}, but the guest interpreter is Python {there}; "
            "build another with ./init_site_packages.sh, or name this one"
        )
        raise SettingsError(message)
