"""What the guest has, as wheels of metadata only, so that no index needs to know the guest's packages.

A private index, or one that has dropped a version, would otherwise refuse whatever depends on them.
"""

import hashlib
import secrets
import zipfile
from pathlib import Path

_WHEEL = "Wheel-Version: 1.0\nGenerator: coderunner\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def guest_metadata(guest: Path, root: Path) -> Path:
    """The folder of these wheels for the guest as it is now; blocking, and cheap when it is there."""
    infos = sorted(guest.glob("lib/python*/site-packages/*.dist-info"))
    digest = hashlib.sha256("\n".join(info.name for info in infos).encode()).hexdigest()[:16]
    folder = root / f".guest-{digest}"
    if folder.is_dir():
        return folder
    fresh = root / f".guest-{secrets.token_hex(8)}"
    fresh.mkdir(mode=0o755)
    for info in infos:
        _write(fresh / f"{info.name.removesuffix('.dist-info')}-py3-none-any.whl", info)
    try:
        fresh.rename(folder)
    except OSError:  # another service was faster
        for path in fresh.iterdir():
            path.unlink()
        fresh.rmdir()
    return folder


def _write(path: Path, info: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{info.name}/METADATA", (info / "METADATA").read_bytes())
        wheel.writestr(f"{info.name}/WHEEL", _WHEEL)
        wheel.writestr(f"{info.name}/RECORD", "")
    path.chmod(0o644)
