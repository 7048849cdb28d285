"""The operator's package indexes, with the credentials that nobody else sees, as uv's variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from coderunner.src.common.settings import Settings
from coderunner.src.errors import PackagesUnresolvable
from coderunner.src.logics.environment.index_rules import without_credentials
from coderunner.src.logics.environment.model import IndexSettings


@dataclass(frozen=True, slots=True)
class Indexes:
    """What the settings say, and how an environment's own settings change it."""

    default: str
    extra: tuple[str, ...]
    known: Mapping[str, str]  # without credentials to with
    trusted_hosts: tuple[str, ...]
    timeout_s: float
    retries: int

    @classmethod
    def of(cls, settings: Settings) -> "Indexes":
        """From the settings."""
        default = settings.package_index_url.get_secret_value() if settings.package_index_url else ""
        extra = tuple(url.get_secret_value() for url in settings.package_extra_index_urls)
        offered = (default, *extra, *(url.get_secret_value() for url in settings.package_allowed_indexes))
        known = {bare: url for url in reversed(offered) if url and (bare := without_credentials(url))}
        return cls(
            default, extra, known,
            settings.package_trusted_hosts, settings.package_http_timeout, settings.package_http_retries,
        )  # fmt: skip

    def variables(self, index: IndexSettings) -> Mapping[str, str]:
        """For one call of uv; without settings of its own an environment has the operator's."""
        default = self._full(index.index_url) if index.index_url else self.default
        extra = [self._full(url) for url in index.extra_index_urls] if index.extra_index_urls else self.extra
        hosts = self.trusted_hosts if index.trusted_hosts is None else index.trusted_hosts
        timeout_s = min(self.timeout_s, index.timeout_s or self.timeout_s)
        retries = self.retries if index.retries is None else min(self.retries, index.retries)
        wanted = {
            "UV_DEFAULT_INDEX": default,
            "UV_INDEX": " ".join(extra),
            "UV_INSECURE_HOST": " ".join(hosts),
            "UV_HTTP_TIMEOUT": str(max(1, round(timeout_s))),
            "UV_HTTP_RETRIES": str(retries),
        }
        return {name: value for name, value in wanted.items() if value}

    def _full(self, url: str) -> str:
        """With credentials; an environment may name what the operator has taken away since."""
        if url not in self.known:
            raise PackagesUnresolvable(f"the environment's index {url} is no longer among the operator's")
        return self.known[url]
