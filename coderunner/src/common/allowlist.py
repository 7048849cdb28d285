"""What runs may connect to: host names, addresses and networks, each with a port or all of them."""

import ipaddress
import re
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_ENTRY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:/\d+)?)\]|(?P<host>[^\s\[\]:]+)):(?P<port>\d{1,5}|\*)")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Target:
    """One entry: a name that is looked up, or a network; port 0 stands for every port."""

    port: int
    name: str = ""
    network: Network | None = None

    def allows(self, address: str, port: int) -> bool:
        """Whether an address of a network entry is meant; names are looked up elsewhere."""
        found = ipaddress.ip_address(address)
        mine = self.network is not None and found.version == self.network.version and found in self.network
        return mine and self.port in (0, port)


def parse_target(entry: str) -> Target:
    """`host:port`, `10.0.0.0/8:5432`, `[2001:db8::1]:443`, `host:*`; ValueError says what is wrong."""
    found = _ENTRY.fullmatch(entry.strip())
    if found is None:
        message = f"{entry!r} is not host:port, address:port, network/bits:port or [address]:port"
        raise ValueError(message)
    port = 0 if found["port"] == "*" else int(found["port"])
    if port > _LAST_PORT or found["port"] == "0":
        message = f"{entry!r}: ports are 1 to 65535, or * for all"
        raise ValueError(message)
    host = found["v6"] or found["host"]
    try:
        return Target(port, network=ipaddress.ip_network(host, strict=False))
    except ValueError:
        if found["v6"] or re.fullmatch(r"[\d./]+", host) or not _HOST.fullmatch(host):
            message = f"{entry!r}: {host!r} is neither an address, a network nor a host name"
            raise ValueError(message) from None
    return Target(port, name=host.lower())
