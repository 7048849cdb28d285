"""LibreOffice within this process, through the C interface that it is embedded by.

It is loaded once, listens nowhere, and runs one procedure of our profile for every document.
"""

import ctypes
import os
import queue
import threading
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_size_t, c_void_p
from pathlib import Path
from typing import Any, ClassVar

from dataflowtools.src.drivenadapters.converting.worker.office_profile import PROCEDURE, write_profile

_LIBRARIES = ("libmergedlo.so", "libsofficeapp.so")  # as distributions link it, and as others do
_POLL = CFUNCTYPE(c_int, c_void_p, c_int)
_WAKE = CFUNCTYPE(None, c_void_p)
_ANY_DATA = 1  # without any, it does not ask
_START_TIMEOUT_S = 60.0


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
        ("sign_document", c_void_p),
        ("run_loop", CFUNCTYPE(None, c_void_p, _POLL, _WAKE, c_void_p)),
    ]


class _Object(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [("methods", POINTER(_Methods))]


class Office:
    """One LibreOffice; raises OSError when it does not start.

    Everything happens on a thread of its own, whose loop asks for the next order whenever it has nothing else to do:
    with a loop beside, events of a document would be handled while that document is being converted.
    """

    def __init__(self, program: Path, profile: Path) -> None:
        library = next((program / name for name in _LIBRARIES if (program / name).exists()), None)
        if library is None:
            raise FileNotFoundError(f"{program} holds no LibreOffice")
        write_profile(profile)
        os.environ["SAL_LOK_OPTIONS"] = "unipoll"  # read when it starts: one thread, and our loop
        self._orders: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[bool] = queue.SimpleQueue()
        places = (str(library), os.fsencode(program), profile.as_uri().encode())
        threading.Thread(target=self._live, args=places, daemon=True).start()
        try:
            started = self._outcomes.get(timeout=_START_TIMEOUT_S)
        except queue.Empty:
            started = False
        if not started:
            raise OSError("LibreOffice does not start")

    def run(self, order: Path) -> bool:
        """Run the procedure on an order; False when it did not run to its end."""
        self._orders.put(order)
        return self._outcomes.get()

    def _live(self, library: str, program: bytes, profile: bytes) -> None:
        hook = ctypes.CDLL(library).libreofficekit_hook_2
        hook.restype, hook.argtypes = c_void_p, [c_char_p, c_char_p]
        this = hook(program, profile)
        if not this:
            self._outcomes.put(False)
            return
        methods = _Object.from_address(this).methods.contents
        greeted = False

        def poll(_: int, timeout_us: int) -> int:
            nonlocal greeted
            if not greeted:
                greeted = True
                self._outcomes.put(True)
            try:
                order = self._orders.get(timeout=None if timeout_us < 0 else timeout_us / 1e6)
            except queue.Empty:
                return 0
            call = f'macro:///{PROCEDURE}("{order}")'.encode()
            self._outcomes.put(bool(methods.run_macro(this, call)))
            return 1

        asking, waking = _POLL(poll), _WAKE(lambda _: None)
        methods.run_loop(this, asking, waking, _ANY_DATA)
