"""Which host users the runs get: a range where root or subuids give one, else the service's own."""

import os
import pwd
import shutil
from collections import deque
from dataclasses import dataclass
from pathlib import Path

_RANGES_START = 1 << 30  # far from what systems give to people
_BLOCK = 128
_BLOCKS_PER_SERVICE = 8  # three parents, as many that are renewed, and room for runs that last
_PIDS = 1 << 21
_LAST_SYSTEM_USER = 10_000  # below it stand the users that an image itself may have


@dataclass(frozen=True, slots=True)
class HostUsers:
    """How one parent's user namespace maps to the host."""

    parent_uid: int | None  # start the parent as this user; None: as the service's
    first: int  # the host user behind inside-user 1
    count: int  # how many runs get a user of their own; 0: all are the service's user
    helper: bool = False  # map through newuidmap
    block: int | None = None  # which block is in use until it is given back

    def lines(self, own: int) -> str:
        """The content of uid_map and gid_map."""
        return f"0 {own} 1\n1 {self.first} {self.count}\n"


class UserRanges:
    """Hands a block of host users to each parent that is started; no two parents that live share one."""

    def __init__(self) -> None:
        self._free = deque(range(_BLOCKS_PER_SERVICE))
        self._root = os.geteuid() == 0
        self._start = _start_of_ranges() if self._root else _start_of_subordinates()

    @property
    def available(self) -> bool:
        """Whether runs get users of their own; without, all are the service's."""
        return self._start is not None

    def take(self, most: int) -> HostUsers | None:
        """Users for a parent with at most `most` children; None while older parents hold every block."""
        if self._start is None:
            return HostUsers(parent_uid=None, first=os.getuid(), count=0)
        if not self._free:
            return None
        block, count = self._free.popleft(), min(most, _BLOCK - 1)
        base = self._start + block * _BLOCK
        if self._root:
            return HostUsers(parent_uid=base, first=base + 1, count=count, block=block)
        return HostUsers(parent_uid=None, first=base, count=count, helper=True, block=block)

    def give_back(self, users: HostUsers) -> None:
        """The parent and all that it made have ended."""
        if users.block is not None:
            self._free.append(users.block)


def _start_of_subordinates() -> int | None:
    """Where the users begin that /etc/subuid gives to the service's own, if they can be mapped."""
    if not (shutil.which("newuidmap") and shutil.which("newgidmap")):
        return None
    users, groups = _subids(Path("/etc/subuid")), _subids(Path("/etc/subgid"))
    return users[0] if users[1] >= _BLOCK * _BLOCKS_PER_SERVICE and groups == users else None


def _start_of_ranges() -> int | None:
    """Where root's users for runs begin: far from people's, or at the end of what a container was given."""
    needed = _BLOCK * _BLOCKS_PER_SERVICE
    usual = _RANGES_START + (os.getpid() % _PIDS) * needed
    users, groups = _mapped("uid_map"), _mapped("gid_map")
    for inside, _, count in users:
        if inside <= usual and usual + needed <= inside + count:
            return usual
    if users == groups:
        for inside, _, count in users:
            if inside + count - needed > max(inside, _LAST_SYSTEM_USER):
                return inside + count - needed
    return None


def _mapped(name: str) -> list[tuple[int, ...]]:
    """Ranges of ids in the service's own user namespace: inside, outside, count."""
    return [tuple(map(int, line.split())) for line in Path(f"/proc/self/{name}").read_text().splitlines()]


def refusal_of_root() -> str:
    """Why no code may run: the service is root and has no other user to give to runs; or an empty text."""
    if os.geteuid() != 0 or _start_of_ranges() is not None:
        return ""
    outside = next((outer for inside, outer, _ in _mapped("uid_map") if inside == 0), 0)
    if outside:
        return ""  # root of a container only: an ordinary user of the host
    return (
        "uid: the service is root in a user namespace that maps no other user, and no code may run as root. "
        "To do: start it as an ordinary user, or map a range of at least 65536 users"
    )


def _subids(path: Path) -> tuple[int, int]:
    if not path.exists():
        return 0, 0
    names = {str(os.getuid()), pwd.getpwuid(os.getuid()).pw_name}
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(":")
        first, _, size = rest.partition(":")
        if name in names and first.isdigit() and size.isdigit():
            return int(first), int(size)
    return 0, 0
