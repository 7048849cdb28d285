"""`IPython.display` for programs written in notebooks and for libraries that show through it.

Only where IPython itself is not installed: the finder stands last.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NAMES: Final = ("IPython", "IPython.display", "IPython.core", "IPython.core.display")
_MIMES: Final = {
    "HTML": "text/html",
    "Markdown": "text/markdown",
    "Latex": "text/latex",
    "Math": "text/latex",
    "SVG": "image/svg+xml",
    "Javascript": "application/javascript",
    "JSON": "application/json",
}


class Shown:
    """Content that is shown as one representation."""

    mime = "text/plain"

    def __init__(self, data: Any = None, **_options: Any) -> None:
        self.data = data

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {self.mime: self.data, "text/plain": f"<{type(self).__name__}>"}


class Image(Shown):
    """A picture from bytes or from a file in the work dir."""

    mime = "image/png"

    def __init__(self, data: Any = None, filename: str | None = None, **_options: Any) -> None:
        if data is None or isinstance(data, str):
            with open(filename or data or "", "rb") as file:
                data = file.read()
        super().__init__(data)
        self.mime = "image/jpeg" if data[:2] == b"\xff\xd8" else "image/png"


class _Finder:
    """Finds the names above when nothing else has."""

    def __init__(self, display: Callable[..., None]) -> None:
        self._display = display

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name in _NAMES else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return ModuleType(spec.name, __doc__)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["get_ipython"] = lambda: None
        if not module.__name__.endswith("display"):
            return
        members = {
            name: type(name, (Shown,), {"mime": mime, "__module__": module.__name__})
            for name, mime in _MIMES.items()
        }
        members["Image"] = Image
        vars(module).update(
            members,
            display=self._shown,
            publish_display_data=self._published,
            clear_output=lambda **_options: None,
        )

    def _published(self, data: dict[str, Any], metadata: Any = None, **_options: Any) -> None:
        """A bundle as it is; what libraries show through a kernel."""
        self._display(_Raw(data, metadata))

    def _shown(self, *values: Any, raw: bool = False, **options: Any) -> None:
        """`display`, where `raw` means that the values are bundles already."""
        if not raw:
            self._display(*values, **options)
            return
        for value in values:
            self._display(_Raw(value))


class _Raw:
    def __init__(self, bundle: dict[str, Any], metadata: Any = None) -> None:
        self._bundle = bundle
        self._metadata = metadata or {}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], Any]:
        return self._bundle, self._metadata


def offer(display: Callable[..., None]) -> None:
    """Make the names importable for this run."""
    sys.meta_path.append(_Finder(display))
