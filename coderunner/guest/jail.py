"""Becomes a parent: gives up the host step by step, builds the read-only root, and serves forks.

Started by the service as an unprivileged host user with one descriptor, the control channel, named by argv. What the
kernel refuses is reported by name; whether that is acceptable is the service's decision, not ours.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
from typing import Any

from coderunner.guest import jail_paths, kernel, parent, unwalled, wire

NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)
DEVICES = ("null", "zero", "full", "random", "urandom")
STAGE = "/tmp"  # noqa: S108 - exists on every host; our own tmpfs hides it
_FIRST_HIGH_FD = 64
ROOT_SIZE = "size=1m,nr_inodes=4096,mode=755"
_ATIME_FLAGS = ((1024, 1024), (2048, 2048), (4096, 1 << 21), (8, kernel.MS_NOEXEC))


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[-1]))
    received = wire.receive_message(channel)
    if received is None:
        return
    config = received[0]
    guard = None
    _default_signals()
    try:
        if config["namespaces"]:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            _enter_user_namespace(channel, config)
            kernel.unshare(NAMESPACES)
            _continue_as_first_process(channel)
            config["environments"] = _readable(config.get("environments"))
            build_root([*config["binds"], *_environments(config)])
            _move_imports(config["code_path"])
            kernel.drop_bounding_set()
        else:
            guard = unwalled.stand_guard(config["boxes"])
            unwalled.settle(config["boxes"])
        ruleset = _landlock(config)
    except OSError as refusal:
        wire.send_message(channel, {"event": "refused", "why": _reason(refusal)})
        sys.exit(1)
    parent.serve(channel, config, ruleset, guard)


def _reason(refusal: OSError) -> str:
    return f"{refusal.strerror}: {refusal.filename}" if refusal.filename else str(refusal.strerror)


def _default_signals() -> None:
    """No Python handler may be left: the namespaces' first processes share this memory."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def _enter_user_namespace(channel: socket.socket, config: dict[str, Any]) -> None:
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(kernel.CLONE_NEWUSER)
    if config["map_by_service"]:
        wire.send_message(channel, {"event": "map", "pid": os.getpid()})
        if wire.receive_message(channel) is None:
            sys.exit(1)
    else:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1")
        _write("/proc/self/gid_map", f"0 {gid} 1")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _continue_as_first_process(channel: socket.socket) -> None:
    """Go on as process 1 of the new PID namespace: when it dies, the kernel ends every run with it."""
    pid = os.fork()
    if pid:
        channel.close()
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        os._exit(code if code >= 0 else 128 - code)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


def _move_imports(code_path: str) -> None:
    """What is imported from now on stands inside the jail."""
    sys.path[:] = [jail_paths.GUEST_CODE if path == code_path else path for path in sys.path]
    for name in ("coderunner", "coderunner.guest"):
        sys.modules[name].__path__ = [f"{jail_paths.GUEST_CODE}/{name.replace('.', '/')}"]


def _readable(folder: str | None) -> str | None:
    """A folder that this user cannot see is no reason to run nothing; runs that want it fail by themselves."""
    return folder if folder and os.path.isdir(folder) and os.access(folder, os.X_OK) else None


def _environments(config: dict[str, Any]) -> list[list[str]]:
    folder = config["environments"]
    return [[folder, jail_paths.ENVIRONMENTS]] if folder else []


def build_root(binds: list[list[str]]) -> None:
    """A new root that holds the read-only runtime, five devices, /proc and the mount point of each run's box."""
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("stage", STAGE, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, ROOT_SIZE)
    os.mkdir(f"{STAGE}/host")
    os.mkdir(f"{STAGE}/root")
    os.chdir(STAGE)
    kernel.pivot_root(STAGE, f"{STAGE}/host")
    os.chdir("/")
    kernel.mount("root", "/root", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, ROOT_SIZE)
    _folders()
    for source, target in binds:
        _bind_read_only(source, target)
    for device in DEVICES:
        _show_device(device)
    kernel.mount("proc", "/root/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    for folder in (jail_paths.ENVIRONMENT, jail_paths.NOTHING):
        os.makedirs(f"/root{folder}", exist_ok=True)
    _name_files()
    os.chdir("/root")
    kernel.pivot_root(".", "host")
    os.chdir("/")
    kernel.unmount("/host")
    os.rmdir("/host")
    read_only = kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("root", "/", "tmpfs", read_only, ROOT_SIZE)
    _own_box()


def _show_device(device: str) -> None:
    """One device of the host, whose times and modes nobody can touch; devices are written on read-only mounts too."""
    source, target = f"/host/dev/{device}", f"/root/dev/{device}"
    os.close(os.open(target, os.O_CREAT | os.O_CLOEXEC, 0o666))
    kernel.mount(source, target, None, kernel.MS_BIND)
    read_only = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NOEXEC
    kernel.mount("none", target, None, read_only | _kept_flags(source))


def _kept_flags(source: str) -> int:
    """What a mount has and a user namespace may not take from it."""
    flags = os.statvfs(source).f_flag
    return sum(mount_flag for stat_flag, mount_flag in _ATIME_FLAGS if flags & stat_flag)


def _own_box() -> None:
    """A box for the parent itself: libraries want a temporary folder while they load."""
    kernel.mount(
        "box", jail_paths.BOX, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=16m,nr_inodes=256,mode=755"
    )
    for folder in ("work", "tmp", "shm"):
        os.mkdir(f"{jail_paths.BOX}/{folder}")
    os.chdir("/work")


def _folders() -> None:
    root = "/root"
    for folder in ("host", "proc", "dev", "etc", "run", "run/box"):
        os.mkdir(f"{root}/{folder}")
    for name, target in (
        ("tmp", f"{jail_paths.BOX}/tmp"),  # noqa: S108 - a link to the run's own
        ("work", f"{jail_paths.BOX}/work"),
        ("dev/shm", f"{jail_paths.BOX}/shm"),
    ):
        os.symlink(target, f"{root}/{name}")
    for name, source in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(source, f"{root}/dev/{name}")
    _write(f"{root}/etc/passwd", "sandbox:x:1:1:sandbox:/work:/bin/false\n")
    _write(f"{root}/etc/group", "sandbox:x:1:\n")
    _write(f"{root}/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    _write(f"{root}/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")


def _name_files() -> None:
    """Names are looked up in a file and nowhere else; a run with a network gets a file of its own."""
    os.makedirs("/root/etc", exist_ok=True)
    _write("/root/etc/nsswitch.conf", "hosts: files\n")
    _write(f"/root{jail_paths.HOSTS}", "")


def _bind_read_only(host_path: str, jail_path: str) -> None:
    """Show one path of the host read-only; a symlink is made again as the symlink it is."""
    source, target = f"/host{host_path}", f"/root{jail_path}"
    if os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_CLOEXEC, 0o444))
    kernel.mount(source, target, None, kernel.MS_BIND | kernel.MS_REC)
    read_only = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("none", target, None, read_only | _kept_flags(source))


def _landlock(config: dict[str, Any]) -> int | None:
    """The runs' ruleset, made while its paths can still be opened; None where it is off or the kernel has none."""
    if not config["landlock"] or not kernel.landlock_abi():
        return None
    if not config["namespaces"]:
        return None  # each child names its own box
    ruleset = kernel.landlock_ruleset(readable=["/"], writable=[jail_paths.BOX_PARENT, "/dev/null"])
    high = fcntl.fcntl(ruleset, fcntl.F_DUPFD_CLOEXEC, _FIRST_HIGH_FD)  # children rearrange the low ones
    os.close(ruleset)
    return high
