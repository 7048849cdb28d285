"""The system calls the jail needs and Python 3.11 does not offer, through libc and without releasing the GIL.

Everything here is used by single-threaded processes only (jail, parents, children before user code).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
from dataclasses import dataclass
from typing import Any

CLONE_VM = 0x00000100
CLONE_FILES = 0x00000400
CLONE_PIDFD = 0x00001000
CLONE_CHILD_CLEARTID = 0x00200000
CLONE_CHILD_SETTID = 0x01000000
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_GET_TID_ADDRESS = 40
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2
LAST_CAPABILITY = 63
MADV_POPULATE_READ = 22
MADV_POPULATE_WRITE = 23

_CAPABILITY_VERSION_3 = 0x20080522
_LANDLOCK_CREATE_VERSION = 1
_LANDLOCK_RULE_PATH_BENEATH = 1

# clone, pivot_root, capset, landlock_create_ruleset, landlock_add_rule, landlock_restrict_self, seccomp
_NUMBERS = {
    "x86_64": (56, 155, 126, 444, 445, 446, 317),
    "aarch64": (220, 41, 91, 444, 445, 446, 277),
}
_PROCESS_MADVISE = 440  # on every machine
_MOST_VECTORS = 1024
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_NEW_LISTENER = 8

_libc = ctypes.PyDLL(None, use_errno=True)
_api = ctypes.pythonapi


class KernelRefusal(OSError):
    """The kernel refused a step of building the jail; `strerror` names the step."""


def _checked(result: int, step: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise KernelRefusal(number, f"{step}: {os.strerror(number)}")
    return result


def _numbers() -> tuple[int, ...]:
    try:
        return _NUMBERS[platform.machine()]
    except KeyError:
        message = f"unsupported machine {platform.machine()}"
        raise KernelRefusal(38, message) from None


def _syscall(number: int, *args: int, step: str) -> int:
    return _checked(_libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args)), step)


def unshare(flags: int) -> None:
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, flags: int) -> None:
    _checked(_libc.setns(ctypes.c_int(fd), ctypes.c_int(flags)), "setns")


def mount(source: str, target: str, kind: str | None, flags: int = 0, options: str | None = None) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    result = _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    _checked(result, f"mount {kind or source} on {target}")


def unmount(target: str) -> None:
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def pivot_root(new_root: str, old_root: str) -> None:
    new, old = ctypes.c_char_p(os.fsencode(new_root)), ctypes.c_char_p(os.fsencode(old_root))
    _checked(_libc.syscall(ctypes.c_long(_numbers()[1]), new, old), "pivot_root")


def prctl(option: int, argument: int = 0) -> int:
    zero = ctypes.c_ulong(0)
    result = _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), zero, zero, zero)
    return _checked(result, f"prctl {option}")


class Populating:
    """Address ranges that a process faults in at once: in one call from Linux 6.13 on, else one by one."""

    def __init__(self, ranges: list[tuple[int, int]], advice: int) -> None:
        self._ranges, self._advice = ranges, advice
        self._vectors = []
        for first in range(0, len(ranges), _MOST_VECTORS):
            some = ranges[first : first + _MOST_VECTORS]
            flat = [number for pair in some for number in pair]
            self._vectors.append(
                (ctypes.create_string_buffer(struct.pack(f"{len(flat)}Q", *flat)), len(some))
            )

    def __call__(self) -> None:
        """Kernels before 5.14, and ranges that are gone, only leave it for later."""
        pidfd = os.pidfd_open(os.getpid())
        try:
            for vector, count in self._vectors:
                if not self._by_one_call(pidfd, vector, count):
                    self._one_by_one()
                    return
        finally:
            os.close(pidfd)

    def _by_one_call(self, pidfd: int, vector: Any, count: int) -> bool:
        arguments = (pidfd, ctypes.addressof(vector), count, self._advice, 0)
        return int(_libc.syscall(ctypes.c_long(_PROCESS_MADVISE), *map(ctypes.c_long, arguments))) >= 0

    def _one_by_one(self) -> None:
        for address, length in self._ranges:
            _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), ctypes.c_int(self._advice))


def sethostname(name: str) -> None:
    encoded = name.encode()
    _checked(_libc.sethostname(encoded, ctypes.c_size_t(len(encoded))), "sethostname")


def drop_bounding_set() -> None:
    """Empty the capability bounding set; needs CAP_SETPCAP in the caller's user namespace."""
    for capability in range(LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except KernelRefusal as refusal:
            if refusal.errno == 22:  # noqa: PLR2004 - EINVAL: past the kernel's last capability
                return
            raise


def drop_capabilities() -> None:
    """Give up every permitted, effective, inheritable and ambient capability, for good."""
    clear = (ctypes.c_int(PR_CAP_AMBIENT), ctypes.c_ulong(PR_CAP_AMBIENT_CLEAR_ALL))
    zero = ctypes.c_ulong(0)
    _libc.prctl(*clear, zero, zero, zero)  # kernels before 4.3 have no ambient set to clear
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    head, data = ctypes.create_string_buffer(header, 8), ctypes.create_string_buffer(24)
    _syscall(_numbers()[2], ctypes.addressof(head), ctypes.addressof(data), step="capset")


def load_seccomp(program: bytes) -> None:
    """Install a compiled BPF filter on this thread; no_new_privs must be set."""
    code, fprog = _filter(program)
    result = _libc.prctl(
        ctypes.c_int(PR_SET_SECCOMP),
        ctypes.c_ulong(SECCOMP_MODE_FILTER),
        fprog,
        ctypes.c_ulong(0),
        ctypes.c_ulong(0),
    )
    del code  # it had to live until the kernel had copied it
    _checked(result, "seccomp")


def load_seccomp_with_listener(program: bytes) -> int:
    """The same for a filter that hands calls over: the descriptor on which a supervisor decides them."""
    code, fprog = _filter(program)
    flags = (_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_NEW_LISTENER)
    listener = _syscall(_numbers()[6], *flags, fprog.value or 0, step="seccomp listener")
    del code
    return listener


def _filter(program: bytes) -> tuple[object, ctypes.c_void_p]:
    code = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    head = ctypes.create_string_buffer(fprog, len(fprog))
    return (code, head), ctypes.c_void_p(ctypes.addressof(head))


# --- Landlock ---------------------------------------------------------------------------------

READ_FILES = 1 << 2 | 1 << 3 | 1 << 0  # read file, read dir, execute
_ALL_FILE_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_SCOPES = 0b11  # abstract sockets and signals, ABI 6
_TCP = 0b11  # bind and connect, ABI 4


def landlock_abi() -> int:
    """The kernel's Landlock version; 0 where it has none."""
    result = _libc.syscall(
        ctypes.c_long(_numbers()[3]), None, ctypes.c_size_t(0), ctypes.c_uint(_LANDLOCK_CREATE_VERSION)
    )
    return max(int(result), 0)


def _handled_rights(abi: int) -> int:
    return next(
        rights for level, rights in sorted(_ALL_FILE_RIGHTS_BY_ABI.items(), reverse=True) if level <= abi
    )


def landlock_ruleset(readable: list[str], writable: list[str]) -> int:
    """A ruleset descriptor: read and execute beneath `readable`, everything beneath `writable`, nothing else."""
    abi = landlock_abi()
    handled = _handled_rights(abi)
    attribute = struct.pack("QQQ", handled, _TCP if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)  # noqa: PLR2004
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8  # noqa: PLR2004 - the struct grew with the ABI
    buffer = ctypes.create_string_buffer(attribute, 24)
    ruleset = _syscall(_numbers()[3], ctypes.addressof(buffer), size, 0, step="landlock_create_ruleset")
    for path in readable:
        _allow_beneath(ruleset, path, READ_FILES)
    for path in writable:
        _allow_beneath(ruleset, path, handled)
    return ruleset


def _allow_beneath(ruleset: int, path: str, rights: int) -> None:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, fd), 12)
        _syscall(
            _numbers()[4],
            ruleset,
            _LANDLOCK_RULE_PATH_BENEATH,
            ctypes.addressof(rule),
            0,
            step=f"landlock {path}",
        )
    finally:
        os.close(fd)


def landlock_restrict(ruleset: int) -> None:
    _syscall(_numbers()[5], ruleset, 0, step="landlock_restrict_self")


# --- processes --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    pidfd: int


class ReaperStack:
    """The little stack on which a namespace's first process sleeps; keep it until that process is gone."""

    SIZE = 16 * 1024

    def __init__(self) -> None:
        self._memory = ctypes.create_string_buffer(self.SIZE)

    @property
    def top(self) -> int:
        return (ctypes.addressof(self._memory) + self.SIZE) & ~15


def _tid_address() -> int:
    address = ctypes.c_void_p()
    zero = ctypes.c_ulong(0)
    result = _libc.prctl(ctypes.c_int(PR_GET_TID_ADDRESS), ctypes.byref(address), zero, zero, zero)
    _checked(result, "prctl tid address")
    return address.value or 0


def start_pid_namespace(stack: ReaperStack) -> Process:
    """Make a PID namespace whose first process only sleeps, sharing the caller's memory instead of copying it.

    A program that were itself process 1 could not be ended by its own signals, and a second fork would
    copy the page tables twice. The caller must hold no signal handler: it would run on this memory.
    """
    pidfd = ctypes.c_int(-1)
    flags = CLONE_VM | CLONE_FILES | CLONE_NEWPID | CLONE_PIDFD | signal.SIGCHLD
    function = ctypes.cast(_libc.pause, ctypes.c_void_p)
    nothing = ctypes.c_void_p(None)
    result = _libc.clone(
        function,
        ctypes.c_void_p(stack.top),
        ctypes.c_int(flags),
        nothing,
        ctypes.byref(pidfd),
        nothing,
        nothing,
    )
    return Process(_checked(result, "clone pid namespace"), pidfd.value)


def fork_into(flags: int) -> Process | None:
    """Fork with new namespaces in one step; None in the child.

    A raw clone leaves glibc's cached thread id stale, so the kernel is told to write the child's into
    the place that glibc reads.
    """
    pidfd = ctypes.c_int(-1)
    tid = _tid_address()
    flags |= CLONE_PIDFD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | signal.SIGCHLD
    args: list[Any] = [flags, 0, ctypes.addressof(pidfd), tid, 0]
    if platform.machine() == "aarch64":
        args[3], args[4] = args[4], args[3]
    _api.PyOS_BeforeFork()
    pid = _libc.syscall(ctypes.c_long(_numbers()[0]), *(ctypes.c_long(a) for a in args))
    if pid == 0:
        _api.PyOS_AfterFork_Child()
        return None
    number = ctypes.get_errno()
    _api.PyOS_AfterFork_Parent()
    if pid < 0:
        raise KernelRefusal(number, f"clone: {os.strerror(number)}")
    return Process(pid, pidfd.value)
