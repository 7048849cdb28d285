"""Where layers stand on this machine."""

import hashlib
import os
from pathlib import Path

from coderunner.src.common.settings import Settings


def environments_root(settings: Settings) -> Path:
    """Where layers stand: a folder of this service's own that unprivileged users can read."""
    if settings.stepflow_python_virtual_env_path is not None:
        return settings.stepflow_python_virtual_env_path.absolute()
    base = (
        Path("/var/lib/coderunner") if os.geteuid() == 0 else Path.home() / ".local" / "share" / "coderunner"
    )
    own = hashlib.sha256(str(settings.data_dir.absolute()).encode()).hexdigest()[:12]
    return base / "environments" / own


def wheels_folder(root: Path) -> Path:
    """Wheels that did not come from an index."""
    return root / "wheels"
