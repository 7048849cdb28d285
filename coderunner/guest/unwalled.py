"""Where the kernel gives no namespaces: a folder on the disk for each run, process groups instead of PID namespaces."""

from __future__ import annotations

import os
import stat

from coderunner.guest import kernel

DEVICES = ("/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def settle(boxes: str) -> None:
    """Give the parent a private folder instead of the host's /tmp."""
    home = f"{boxes}/parent"
    os.mkdir(home, 0o700)
    os.environ.update({"HOME": home, "TMPDIR": home, "MPLCONFIGDIR": f"{home}/matplotlib"})
    os.chdir(home)


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
            return not _group_exists(group)
        if pid == 0:
            return False


def _group_exists(group: int) -> bool:
    """Members whose own parent has not reaped them yet will come to us."""
    try:
        os.killpg(group, 9)
    except ProcessLookupError:
        return False
    return True


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
