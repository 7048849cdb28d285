"""Reads the environment, builds the service or its worker and runs it until it is told to stop."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coderunner.src.common.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]


def _find_packages() -> None:
    """Make the repository's packages importable, however this file was started."""
    if __package__ in {None, ""}:
        sys.path[0] = str(_ROOT)  # python src/main.py: src itself must not be importable as top level
    kits = [str(_ROOT / "deps" / name) for name in ("servicekit", "executor", "rowkit")]
    sys.path[1:1] = [kit for kit in kits if kit not in sys.path]


async def serve(settings: "Settings") -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    from coderunner.src.bootstrap import bootstrap
    from servicekit.server import serve

    async with bootstrap(settings) as app:
        await serve(app, host=settings.host, port=settings.port, drain_s=settings.drain_s)


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run the service, or with the command `worker` what carries its executions on this machine."""
    from coderunner.src.common.settings import Settings
    from servicekit.logs import configure_logging
    from servicekit.settings import load_settings

    if list(command) not in ([], ["worker"]):
        raise SystemExit("usage: python -m coderunner.src.main [worker]")
    settings = load_settings(Settings, environment, env_file=_ROOT / "coderunner" / ".env")
    configure_logging(settings.log_level)
    if command:
        from coderunner.src.bootstrap.worker import work  # Celery is slow to import

        work(settings)
    else:
        asyncio.run(serve(settings))


def main() -> None:
    """Start from the environment and the service's own .env."""
    _find_packages()
    from executor.errors import ConfigurationError
    from servicekit.settings import SettingsError

    try:
        run(sys.argv[1:], os.environ)
    except (SettingsError, ConfigurationError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
