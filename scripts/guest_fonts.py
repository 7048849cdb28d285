"""Gives the guest interpreter a Chinese font and a font cache, so that labels draw and the first plot is fast.

python scripts/guest_fonts.py UV GUEST: run by the guest interpreter itself.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FONT_PACKAGE = "mplfonts==0.0.11"  # carries Noto Sans CJK SC (SIL Open Font License)
FONT = "NotoSansCJKsc-Regular.otf"


def fetch_font(uv: str, folder: Path) -> None:
    """Take one font out of the package; the package itself does not stay."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [
                uv,
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--target",
                scratch,
                "--python",
                sys.executable,
                FONT_PACKAGE,
            ],
            check=True,
        )
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(next(Path(scratch).rglob(FONT)), folder / FONT)


def build_cache(share: Path) -> None:
    """Put the font among matplotlib's own, then let matplotlib write its cache where the jail will find it."""
    cache = share / "matplotlib"
    cache.mkdir(parents=True, exist_ok=True)
    os.environ["MPLCONFIGDIR"] = str(cache)
    import matplotlib as mpl

    shutil.copy(share / "fonts" / FONT, Path(mpl.get_data_path(), "fonts", "ttf", FONT))
    from matplotlib import font_manager

    manager = font_manager.fontManager
    own = Path(mpl.get_data_path())  # the jail shows the guest's fonts, not the host's
    manager.ttflist = [font for font in manager.ttflist if (own / font.fname).is_relative_to(own)]
    font_manager.json_dump(manager, next(cache.glob("fontlist-*.json")))
    names = {font.name for font in manager.ttflist}
    if "Noto Sans CJK SC" not in names:
        sys.exit(f"the Chinese font did not make it into matplotlib's cache: {sorted(names)}")


if __name__ == "__main__":
    uv, guest = sys.argv[1], Path(sys.argv[2])
    share = guest / "share" / "coderunner"
    fetch_font(uv, share / "fonts")
    build_cache(share)
