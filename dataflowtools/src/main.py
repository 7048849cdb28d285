"""Reads the environment, builds the service and serves it until it is told to stop."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def _find_packages() -> None:
    """Make the repository's packages importable, however this file was started."""
    if __package__ in {None, ""}:
        sys.path[0] = str(_ROOT)  # python src/main.py: src itself must not be importable as top level
    kits = [str(_ROOT / "deps" / name) for name in ("servicekit", "executor")]
    sys.path[1:1] = [kit for kit in kits if kit not in sys.path]


async def run(environment: Mapping[str, str]) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    from dataflowtools.src.bootstrap import bootstrap
    from dataflowtools.src.common.settings import Settings
    from servicekit.logs import configure_logging
    from servicekit.server import serve
    from servicekit.settings import load_settings

    settings = load_settings(Settings, environment, env_file=_ROOT / "dataflowtools" / ".env")
    configure_logging(settings.log_level)
    async with bootstrap(settings) as app:
        await serve(app, host=settings.host, port=settings.port, drain_s=settings.drain_s)


def main() -> None:
    """Start from the environment and the service's own .env."""
    _find_packages()
    from dataflowtools.src.errors import DataflowError
    from servicekit.settings import SettingsError

    try:
        asyncio.run(run(os.environ))
    except (SettingsError, DataflowError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
