"""What the allowlist stands for right now: names become addresses, looked up by the service and by nobody else."""

import asyncio
import ipaddress
import logging
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from coderunner.src.common.allowlist import Target

_LOG = logging.getLogger(__name__)
_FRESH_S = 30.0
_LOOKUP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Reachable:
    """What one run may connect to."""

    targets: tuple[Target, ...] = ()
    named: frozenset[tuple[str, int]] = frozenset()  # address and port, 0 for every port
    hosts: str = ""  # the names as a hosts file
    looked_up_s: float = field(default=0.0, compare=False)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to connect to."""
        return not self.targets and not self.named

    def allows(self, address: str, port: int) -> bool:
        """Whether the allowlist names this address, as such or by a name that stands for it."""
        by_name = (address, port) in self.named or (address, 0) in self.named
        return by_name or any(target.allows(address, port) for target in self.targets)


class Names:
    """Looks the allowlist's names up, and again when the answers are old."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = tuple(targets)
        self._known: Reachable | None = None

    async def reachable(self) -> Reachable:
        """The allowlist in addresses; a name that cannot be looked up reaches nothing."""
        if self._known is None or time.monotonic() - self._known.looked_up_s > _FRESH_S:
            names = sorted({target.name for target in self._targets if target.name})
            found = dict(zip(names, await asyncio.gather(*map(_addresses, names)), strict=True))
            self._known = Reachable(
                targets=tuple(target for target in self._targets if target.network),
                named=frozenset(
                    (address, target.port)
                    for target in self._targets
                    for address in found.get(target.name, ())
                ),
                hosts="".join(f"{address} {name}\n" for name in names for address in found[name]),
                looked_up_s=time.monotonic(),
            )
        return self._known


async def _addresses(name: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_LOOKUP_TIMEOUT_S):
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError) as fault:
        _LOG.warning("%s of the network allowlist cannot be looked up: %s", name, fault)
        return []
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return [address for address in addresses if _may_stand_for(name, address)]


def _may_stand_for(name: str, address: str) -> bool:
    """A name that somebody turns to this machine or its link reaches nothing; name such addresses themselves."""
    if "%" in address:
        return False
    found = ipaddress.ip_address(address)
    local = found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast
    return name == "localhost" or not local
