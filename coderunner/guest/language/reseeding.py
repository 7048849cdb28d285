"""Fresh randomness for a forked child, so that no two runs draw the same numbers or names."""

from __future__ import annotations

import os
import random
import sys


def reseed() -> None:
    """Give every generator that was forked along a state of its own."""
    random.seed(os.urandom(32))
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        vars(tempfile)["_name_sequence"] = None  # its generator reseeds by pid, and jails repeat pids
    numpy = sys.modules.get("numpy")
    if numpy is not None and "numpy.random" in sys.modules:
        numpy.random.seed(int.from_bytes(os.urandom(4), "little"))
    uuid = sys.modules.get("uuid")
    if uuid is not None:
        vars(uuid).update(_node=None, _last_timestamp=None)
