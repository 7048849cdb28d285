"""Network namespaces without an interface, one for each run; the next run gets one whose last process is gone.

Making one and taking it down costs the kernel more than all other namespaces of a run together. Nothing of a run
stays in it: a run makes no socket there and may change no interface, route or setting.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coderunner.guest import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator


class Networks:
    """Those that no run is in; used by the single thread of a parent, whose own stays apart."""

    def __init__(self) -> None:
        self._own = _current()
        self._free: list[int] = []

    @contextmanager
    def entered(self) -> Iterator[int]:
        """Be in an empty one meanwhile, so that a fork is born there; yields its descriptor."""
        if self._free:
            network = self._free.pop()
            kernel.setns(network, kernel.CLONE_NEWNET)
        else:
            kernel.unshare(kernel.CLONE_NEWNET)
            network = _current()
        try:
            yield network
        except BaseException:
            self.give_back(network)
            raise
        finally:
            kernel.setns(self._own, kernel.CLONE_NEWNET)

    def give_back(self, network: int) -> None:
        """Take one that no process is in any more."""
        self._free.append(network)


def _current() -> int:
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
