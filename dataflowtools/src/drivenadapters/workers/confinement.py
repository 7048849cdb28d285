"""What a worker gives up, layer by layer, before it sees the first byte of a stranger's file."""

import ctypes
import os
import resource
import stat
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import EPERM
from pathlib import Path

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_DUMPABLE = 4
_PR_SET_KEEPCAPS = 8
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_READ = 0b1101  # execute, read a file, read a folder
_LANDLOCK_LIST = 0b1000
_LANDLOCK_FILE = 0b0111 | 1 << 14  # what a rule on a file may hold: execute, write, read, truncate
_O_PATH = 0o10000000
_SYSTEM_READ_PATHS = (
    "/usr", "/lib", "/lib64", "/bin", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime",
    "/etc/mime.types", "/etc/alternatives", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/sys/devices/system/cpu", "/sys/devices/system/node", "/dev/urandom", "/dev/random", "/dev/zero",
)  # fmt: skip
_REFUSED_CALLS = (
    "socket", "connect", "bind", "listen", "accept", "accept4", "ptrace", "process_vm_readv",
    "process_vm_writev", "kcmp", "pidfd_getfd", "mount", "umount2", "move_mount", "open_tree", "fsopen",
    "fsmount", "pivot_root", "chroot", "unshare", "setns", "bpf", "perf_event_open", "userfaultfd",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "add_key", "request_key", "keyctl",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
    "open_by_handle_at", "name_to_handle_at", "reboot", "swapon", "swapoff", "setsid", "setpgid",
    "acct", "quotactl", "iopl", "ioperm", "syslog", "personality", "mknod", "mknodat",
)  # fmt: skip
_EXECUTING_CALLS = ("execve", "execveat", "fork", "vfork")


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which layers hold and which the machine refused."""

    layers: tuple[str, ...]
    missing: tuple[str, ...]


def confine(
    *, scratch: Path, read_paths: Sequence[str], list_paths: Sequence[str] = (), may_execute: bool
) -> Confinement:
    """Give up network, file system and dangerous system calls; the uid goes later, after the imports.

    Of `list_paths` the names below can be listed, and nothing read: imports look there for packages.
    """
    steps: dict[str, Callable[[], None]] = {
        "network_namespace": _leave_network,
        "no_new_privileges": _refuse_new_privileges,
        "landlock": lambda: _restrict_files(scratch, read_paths, list_paths),
        "seccomp": lambda: _filter_calls(may_execute=may_execute),
    }
    held, missing = [], []
    for name, step in steps.items():
        try:
            step()
        except OSError:
            missing.append(name)
        else:
            held.append(name)
    return Confinement(tuple(held), tuple(missing))


def become_nobody(uid: int, *, keep_reading: bool = False) -> None:
    """Change to an unprivileged uid of this worker's own for good.

    `keep_reading` leaves the one capability to read past file modes, for an interpreter beneath a closed home
    folder; what it opens is then what Landlock leaves.
    """
    if keep_reading:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if keep_reading:
        _keep_only(1 << _CAP_DAC_READ_SEARCH)


def open_to_others(paths: Sequence[str]) -> bool:
    """Whether an unprivileged uid can reach and read all of these."""
    return all(_open_to_others(Path(path).resolve()) for path in paths if Path(path).exists())


def _open_to_others(path: Path) -> bool:
    above = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return above and bool(path.stat().st_mode & stat.S_IROTH)


def _keep_only(capabilities: int) -> None:
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0), 8)
    data = ctypes.create_string_buffer(struct.pack("6I", capabilities, capabilities, 0, 0, 0, 0), 24)
    _checked(_libc().capset(header, data), "capset")


def hide() -> None:
    """Let no process of the same uid look into this one."""
    _prctl(_PR_SET_DUMPABLE, 0)


def limit_process(*, open_files: int, file_bytes: int, processes: int | None) -> None:
    """Set the limits that hold for the worker's whole life."""
    limits = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_FSIZE, file_bytes),
    ]
    if processes is not None:
        limits.append((resource.RLIMIT_NPROC, processes))
    for kind, value in limits:
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))


def limit_job(*, memory_bytes: int, cpu_s: float) -> None:
    """Set what the next job may use beyond what the worker has used so far."""
    sizes = _memory_now()
    _set_soft(resource.RLIMIT_DATA, sizes["VmData"] + memory_bytes)
    _set_soft(resource.RLIMIT_AS, sizes["VmSize"] + memory_bytes + (1 << 30))
    used = resource.getrusage(resource.RUSAGE_SELF)
    _set_soft(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + cpu_s) + 1)


def _set_soft(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _memory_now() -> dict[str, int]:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    fields = (line.split() for line in status.splitlines() if line.startswith(("VmData:", "VmSize:")))
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in fields}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option: int, value: int) -> None:
    _checked(_libc().prctl(option, value, 0, 0, 0), "prctl")


def _refuse_new_privileges() -> None:
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _leave_network() -> None:
    flags = _CLONE_NEWNET | _CLONE_NEWIPC
    if os.geteuid() != 0:
        flags |= _CLONE_NEWUSER
    _checked(_libc().unshare(flags), "unshare")


def _filter_calls(*, may_execute: bool) -> None:
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as exc:
        raise OSError(str(exc)) from exc
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)
    for name in _REFUSED_CALLS + (() if may_execute else _EXECUTING_CALLS):
        if pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) >= 0:
            rules.add_rule(pyseccomp.ERRNO(EPERM), name)
    if (
        not may_execute
    ):  # threads yes, processes no; clone3 hides its flags, so libc is told to fall back to clone
        rules.add_rule(pyseccomp.ERRNO(38), "clone3")
        rules.add_rule(pyseccomp.ERRNO(EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, 0x10000, 0))
    rules.load()


def _restrict_files(scratch: Path, read_paths: Sequence[str], list_paths: Sequence[str]) -> None:
    libc = _libc()
    version = _checked(libc.syscall(_LANDLOCK_CREATE, None, 0, 1), "landlock")
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    attributes = struct.pack("=QQQ", rights, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)  # noqa: PLR2004  # Landlock's ABI versions
    size = 24 if version >= 6 else 16 if version >= 4 else 8  # noqa: PLR2004  # Landlock's ABI versions
    ruleset = _checked(libc.syscall(_LANDLOCK_CREATE, attributes, size, 0), "landlock")
    try:
        for path in (*_SYSTEM_READ_PATHS, sys.prefix, sys.base_prefix, *read_paths):
            _allow(libc, ruleset, path, _LANDLOCK_READ & rights)
        for path in list_paths:
            _allow(libc, ruleset, path, _LANDLOCK_LIST & rights)
        _allow(libc, ruleset, "/dev/null", 0b110)
        _allow(libc, ruleset, "/proc/self", 0b1100)
        _allow(libc, ruleset, str(scratch), rights)
        _refuse_new_privileges()
        _checked(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0), "landlock")
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, _O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not on this machine needs no rule
    try:
        if not os.path.isdir(path):  # noqa: PTH112  # the descriptor above is what counts
            rights &= _LANDLOCK_FILE
        rule = struct.pack("=Qi", rights, place)
        _checked(libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0), "landlock")
    finally:
        os.close(place)
