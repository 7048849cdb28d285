"""Which addresses callbacks may reach: named hosts, public networks, and those that the operator added."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from executor.errors import ConfigurationError
from executor.ports.callbacks import CallbackPolicy

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address of a callback."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class AllowedAddresses(CallbackPolicy):
    """An allowlist of hosts; what they resolve to must be public or in a network that is listed."""

    def __init__(self, hosts: Sequence[str], private_networks: Sequence[str] = ()) -> None:
        self._hosts = tuple(host.lower() for host in hosts)
        try:
            self._networks: tuple[Network, ...] = tuple(map(ipaddress.ip_network, private_networks))
        except ValueError as error:
            raise ConfigurationError(f"STEPFLOW_EXECUTOR_CALLBACK_PRIVATE_NETWORKS: {error}.") from error

    def refusal(self, url: str) -> str | None:
        target = parse(url)
        if isinstance(target, str):
            return target
        if not any(_matches(pattern, target) for pattern in self._hosts):
            return f"Callbacks to {target.host}:{target.port} are not allowed here."
        literal = _literal(target.host)
        if literal is not None and not self.reachable(literal):
            return f"{target.host} is not a public address."
        return None

    def reachable(self, address: Address) -> bool:
        """Public, or in a network that the operator listed; addresses that wrap another one are judged by it."""
        if any(address in network for network in self._networks):
            return True
        inner = _unwrapped(address)
        if inner is not None:
            return self.reachable(inner)
        return address.is_global and not address.is_multicast and not address.is_reserved


def parse(url: str) -> Target | str:
    """The parts of a callback's address, or what is wrong with it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "The callback's address is not a URL."
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return "A callback needs an http or https URL."
    if parts.username is not None or parts.password is not None:
        return "A callback's URL may not carry a user name or password."
    if any(not 0x21 <= ord(char) <= 0x7E or char == "\\" for char in url):  # noqa: PLR2004 - visible ASCII
        return "A callback's URL may hold visible ASCII characters only."
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(
        parts.scheme, parts.hostname.lower().rstrip("."), port or _DEFAULT_PORTS[parts.scheme], path
    )


def _matches(pattern: str, target: Target) -> bool:
    host, port = _split(pattern)
    if (port or _DEFAULT_PORTS[target.scheme]) != target.port:
        return False
    if host == "*":
        return True
    return target.host.endswith(host[1:]) if host.startswith("*.") else target.host == host


def _split(pattern: str) -> tuple[str, int | None]:
    host, colon, port = pattern.rpartition(":")
    if colon and port.isdecimal() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return pattern.strip("[]"), None


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
