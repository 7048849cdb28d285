"""LibreOffice within this process, through the C interface that it is embedded by.

It is loaded once, listens nowhere, and runs one procedure of our profile for every document.
"""

import ctypes
import os
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_size_t, c_void_p
from pathlib import Path
from typing import Any, ClassVar

from dataflowtools.src.drivenadapters.converting.worker.office_profile import PROCEDURE, write_profile

_LIBRARIES = ("libmergedlo.so", "libsofficeapp.so")  # as distributions link it, and as others do


class _Methods(ctypes.Structure):
    """The first methods of an office, in the order that is kept for all versions."""

    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("size", c_size_t),
        ("destroy", c_void_p),
        ("document_load", c_void_p),
        ("get_error", CFUNCTYPE(c_void_p, c_void_p)),
        ("document_load_with_options", c_void_p),
        ("free_error", CFUNCTYPE(None, c_void_p)),
        ("register_callback", c_void_p),
        ("get_filter_types", c_void_p),
        ("set_optional_features", c_void_p),
        ("set_document_password", c_void_p),
        ("get_version_info", c_void_p),
        ("run_macro", CFUNCTYPE(c_int, c_void_p, c_char_p)),
    ]


class _Object(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [("methods", POINTER(_Methods))]


class Office:
    """One LibreOffice; raises OSError when it does not start."""

    def __init__(self, program: Path, profile: Path) -> None:
        write_profile(profile)
        library = next((program / name for name in _LIBRARIES if (program / name).exists()), None)
        if library is None:
            raise FileNotFoundError(f"{program} holds no LibreOffice")
        hook = ctypes.CDLL(str(library)).libreofficekit_hook_2
        hook.restype, hook.argtypes = c_void_p, [c_char_p, c_char_p]
        self._this = hook(os.fsencode(program), profile.as_uri().encode())
        if not self._this:
            raise OSError("LibreOffice does not start")
        self._methods = _Object.from_address(self._this).methods.contents

    def run(self, order: Path) -> bool:
        """Run the procedure on an order; False when it did not run to its end."""
        return bool(self._methods.run_macro(self._this, f'macro:///{PROCEDURE}("{order}")'.encode()))
