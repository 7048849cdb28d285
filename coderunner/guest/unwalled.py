"""Where the kernel gives no namespaces: a folder on the disk for each run, process groups instead of PID namespaces."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import stat
from typing import TYPE_CHECKING, NamedTuple

from coderunner.guest import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAST_FD = (1 << 31) - 1
DEVICES = ("/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def settle(boxes: str) -> None:
    """Give the parent a private folder instead of the host's /tmp."""
    home = f"{boxes}/parent"
    os.mkdir(home, 0o700)
    os.environ.update({"HOME": home, "TMPDIR": home, "MPLCONFIGDIR": f"{home}/matplotlib"})
    os.chdir(home)


def stand_guard(boxes: str) -> int:
    """Go on as a process with a guard, whose pidfd this is; the guard never returns.

    No kernel object ends the runs here, so three processes hold them: service, parent and guard. Whichever
    two of them die at once, the third ends what they leave.
    """
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    guard = os.pidfd_open(os.getpid())
    parent = os.fork()
    if parent == 0:
        return guard
    os.closerange(3, _LAST_FD)
    os.waitpid(parent, 0)
    _end_orphans()
    shutil.rmtree(boxes, ignore_errors=True)  # best effort: the service removes it as well
    os._exit(0)


def _end_orphans() -> None:
    """All that the dead parent left are this process's children now, their own children after them."""
    while True:
        for pid in _children():
            with contextlib.suppress(ProcessLookupError):
                end_group(os.getpgid(pid))
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """Children that lead or belong to groups of their own."""
    own, group = os.getpid(), os.getpgrp()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if int(fields[1]) == own and int(fields[2]) != group:
                found.append(int(name))
    return found


def ruleset(readable: tuple[str, ...], box: str) -> int:
    """Landlock rules of one run: the runtime to read, its own box to write, nothing else."""
    shown = [path for path in readable if not os.path.islink(path)]  # a link's target is named by itself
    return kernel.landlock_ruleset(readable=[*shown, *DEVICES], writable=[box, "/dev/null"])


def tasks_of_user() -> int:
    """How many processes and threads this user has on the host."""
    own, count = os.getuid(), 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == own:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue  # it ended meanwhile
    return count


def group_is_gone(group: int) -> bool:
    """Reap what is left of a killed run's process group; whether there is none any more."""
    while True:
        try:
            pid, _ = os.waitpid(-group, os.WNOHANG)
        except ChildProcessError:
            return not end_group(group)
        if pid == 0:
            return False


def end_group(group: int) -> bool:
    """Kill what is left of a run; whether there was anything. Members that others must reap will come to us."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


class BoxUsage(NamedTuple):
    """What a run holds on the host's disk."""

    kb: int
    inodes: int


def box_usage(box: str, processes: list[int], most_inodes: int) -> BoxUsage:
    """Blocks and files beneath the box, and those that only the run's open descriptors still hold.

    The look ends once there are more than `most_inodes`, so that a million files keep nobody waiting.
    """
    seen: dict[tuple[int, int], int] = {}
    for found in itertools.chain(_beneath(box), _held_open(processes)):
        seen[found.st_dev, found.st_ino] = found.st_blocks // 2
        if len(seen) > most_inodes:
            break
    return BoxUsage(sum(seen.values()), len(seen))


def _beneath(box: str) -> Iterator[os.stat_result]:
    folders = [box]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    yield entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except OSError:
            continue  # removed, moved or closed meanwhile


def _held_open(processes: list[int]) -> Iterator[os.stat_result]:
    """Files without a name."""
    for pid in processes:
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                found = os.stat(f"/proc/{pid}/fd/{name}")
                if stat.S_ISREG(found.st_mode) and not found.st_nlink:
                    yield found
        except OSError:
            continue  # it ended meanwhile


def remove_box(box: str) -> int:
    """Remove a run's folder in a process of its own, whose pid this is: a million files keep nobody waiting."""
    pid = os.fork()
    if pid == 0:
        try:
            flatten(box)
        finally:
            os._exit(0)
    return pid


def flatten(box: str) -> None:
    """Remove a tree however deep and whatever its modes, two levels at a time, following no link."""
    os.chmod(box, stat.S_IRWXU)
    line = [box]
    number = 0
    while line:
        folder = line[-1]
        subfolders = _empty(folder)
        if not subfolders:
            os.rmdir(folder)
            line.pop()
            continue
        for subfolder in subfolders:
            number += 1
            shallow = f"{box}/{number}.flat"
            if os.path.dirname(subfolder) != box:
                os.rename(subfolder, shallow)
                subfolder = shallow  # noqa: PLW2901 - it has moved
            line.append(subfolder)


def _empty(folder: str) -> list[str]:
    """Unlink the files of one folder; its subfolders, which may be entered and moved now."""
    subfolders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, stat.S_IRWXU)  # or it could not be moved
                subfolders.append(entry.path)
            else:
                os.unlink(entry.path)
    return subfolders
