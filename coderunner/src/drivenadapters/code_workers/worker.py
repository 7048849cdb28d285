"""The program of a worker: confines itself, then reads one job after the other from its control channel."""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import sysconfig
import warnings
from typing import Any

from coderunner.guest import kernel, wire
from coderunner.src.drivenadapters.code_workers.analysis import checks, imports, modules, source

_DESCRIPTORS = 32
_MAX_JOB_BYTES = 64 << 20
_RECURSION = 3000


def main() -> None:
    """Serve until the service closes the channel."""
    order = json.loads(sys.argv[-1])
    if order["channel"] != wire.CONTROL_FD:
        os.dup2(order["channel"], wire.CONTROL_FD, inheritable=False)
        os.close(order["channel"])
    _warm_up()
    layers = _confine(order)
    wire.write_all(wire.CONTROL_FD, wire.encode({"ready": True, "layers": layers}))
    while True:
        try:
            job = wire.read_json(wire.CONTROL_FD, _MAX_JOB_BYTES)
            raw = wire.read_frame(wire.CONTROL_FD, _MAX_JOB_BYTES)
        except EOFError:
            return
        wire.write_all(wire.CONTROL_FD, _encoded(_answer(job, raw), order["result_bytes"]))
        gc.collect()


def _warm_up() -> None:
    """Import what jobs need while files can still be opened."""
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(_RECURSION)
    first = source.read_source(b"# 1\nimport os\ndef f(a: int = 1) -> str: return ''\n", "warm")
    modules.describe_module(first, with_tree=True)
    checks.violations_of(first, {})


def _confine(order: dict[str, Any]) -> list[str]:
    """Give up network, files, processes and every power; what the kernel refuses is left out of the list."""
    held = []
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    if os.geteuid() == 0:
        kernel.unshare(kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC)
        os.setgroups([])
        os.setresgid(order["uid"], order["uid"], order["uid"])
        os.setresuid(order["uid"], order["uid"], order["uid"])
        held += ["network_namespace", "uid"]
        kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)  # a change of user clears it
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if (
        kernel.landlock_abi()
    ):  # the standard library stays readable: codecs are imported when a text names them
        library = sysconfig.get_path("stdlib")
        kernel.landlock_restrict(kernel.landlock_ruleset(readable=[library], writable=[]))
        held.append("landlock")
    _set_limits(order["memory_bytes"])
    kernel.load_seccomp(bytes.fromhex(order["seccomp"]))
    return [*held, "no_new_privs", "rlimits", "seccomp"]


def _set_limits(memory_bytes: int) -> None:
    for which, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        resource.setrlimit(which, (most, most))


def _encoded(answer: dict[str, Any], most: int) -> bytes:
    try:
        encoded = wire.encode(answer)
    except (MemoryError, RecursionError, ValueError) as error:
        return wire.encode({"failed": f"the result cannot be written: {type(error).__name__}"})
    if len(encoded) > most:
        return wire.encode({"failed": f"the result is larger than {most} bytes"})
    return encoded


def _answer(job: dict[str, Any], raw: bytes) -> dict[str, Any]:
    try:
        return _done(job, raw)
    except (MemoryError, RecursionError) as error:
        reason = "it needs too much memory" if isinstance(error, MemoryError) else "it is nested too deeply"
        return {"failed": f"the program cannot be analysed: {reason}"}


def _done(job: dict[str, Any], raw: bytes) -> dict[str, Any]:
    read = source.read_source(raw, job["name"])
    found: dict[str, Any] = {"faults": read.faults}
    match job["do"]:
        case "parse" if read.tree is not None:
            found["module"] = modules.describe_module(read, with_tree=job["with_tree"])
        case "imports" if read.tree is not None:
            found["imports"] = imports.find_imports(read.tree)
        case "check":
            found["violations"] = (
                checks.violations_of(read, job["policy"]) if job["policy"] is not None else []
            )
            found["imports"] = imports.find_imports(read.tree) if read.tree is not None else []
    return found


if __name__ == "__main__":
    main()
