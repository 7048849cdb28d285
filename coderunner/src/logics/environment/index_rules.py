"""Which package indexes an environment may use: those that the operator names."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from coderunner.src.errors import IndexNotAllowed
from coderunner.src.logics.environment.model import IndexSettings


@dataclass(frozen=True, slots=True)
class IndexRules:
    """The operator's indexes without their credentials, and the hosts whose certificates are not checked."""

    indexes: frozenset[str]
    trusted_hosts: frozenset[str]

    def hold(self, index: IndexSettings, pointer: str = "/pip_config") -> IndexSettings:
        """The settings in one spelling; IndexNotAllowed for what the operator has not named."""
        url = self._known(index.index_url, f"{pointer}/index_url") if index.index_url else None
        extra = tuple(self._known(text, f"{pointer}/extra_index_urls") for text in index.extra_index_urls)
        for host in index.trusted_hosts or ():
            if host.lower() not in self.trusted_hosts:
                message = f"{host[:100]!r} is not among the hosts of PACKAGE_TRUSTED_HOSTS"
                raise IndexNotAllowed(message, pointer=f"{pointer}/trusted_hosts")
        return IndexSettings(url, extra, index.trusted_hosts, index.timeout_s, index.retries)

    def _known(self, text: str, pointer: str) -> str:
        bare = without_credentials(text)
        if bare is None or bare != text.rstrip("/"):
            message = "an index is an http or https address; the operator keeps its credentials"
            raise IndexNotAllowed(message, pointer=pointer)
        if bare not in self.indexes:
            offered = ", ".join(sorted(self.indexes)) or "none"
            message = f"{bare[:200]!r} is not among the operator's package indexes; offered: {offered}"
            raise IndexNotAllowed(message, pointer=pointer)
        return bare


def without_credentials(url: str) -> str | None:
    """An index's address in one spelling, or None when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{host}:{port}" if port is not None else host
    return urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))


def bare_indexes(urls: Iterable[str]) -> frozenset[str]:
    """Addresses as callers name them."""
    return frozenset(bare for url in urls if (bare := without_credentials(url)))
