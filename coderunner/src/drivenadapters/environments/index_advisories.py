"""Advisories from the JSON API of a package index: name/version/json, member `vulnerabilities`."""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    build_opener,
)

from coderunner.src.common.settings import Settings
from coderunner.src.errors import PackageIndexUnavailable
from coderunner.src.logics.environment.ports.advisories import Advisories, Advisory

_MOST_BYTES = 32 << 20
_FRESH_S = 6 * 3600.0
_MOST_KEPT = 10_000
_AT_ONCE = 4
_TEXT = 2000
_NOT_FOUND = 404


class IndexAdvisories(Advisories):
    """Answers are remembered for some hours; failures are not."""

    def __init__(self, *, url: str, opener: OpenerDirector, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._opener = opener
        self._timeout_s = timeout_s
        self._known: dict[tuple[str, str], tuple[float, tuple[Advisory, ...]]] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    def of(cls, settings: Settings) -> "IndexAdvisories | None":
        """As the settings say; None where they are switched off."""
        if not settings.package_advisories:
            return None
        url = settings.package_advisories_url
        return cls(url=url, opener=_opener(settings, url), timeout_s=settings.package_http_timeout)

    async def known(self, name: str, version: str) -> Sequence[Advisory]:
        """From memory, or asked for."""
        at_s, found = self._known.get((name, version), (0.0, ()))
        if at_s and time.monotonic() - at_s < _FRESH_S:
            return found
        async with self._places:
            document = await asyncio.to_thread(self._ask, name, version)
        found = tuple(_advisories(name, version, document))
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[name, version] = (time.monotonic(), found)
        return found

    def _ask(self, name: str, version: str) -> Any:
        url = f"{self._url}/{quote(name, safe='')}/{quote(version, safe='')}/json"
        try:
            with self._opener.open(url, timeout=self._timeout_s) as reply:
                raw = reply.read(_MOST_BYTES + 1)
        except HTTPError as refused:
            with refused:
                if refused.code == _NOT_FOUND:
                    raise PackageIndexUnavailable("the index does not know this version") from refused
                raise PackageIndexUnavailable(f"the index answered {refused.code}") from refused
        except (OSError, HTTPException) as away:
            raise PackageIndexUnavailable("the index does not answer") from away
        try:
            if len(raw) > _MOST_BYTES:
                raise PackageIndexUnavailable("the index says too much")
            return json.loads(raw)
        except (ValueError, RecursionError) as fault:
            raise PackageIndexUnavailable("the index does not answer in JSON") from fault


def _opener(settings: Settings, url: str) -> OpenerDirector:
    host = urlsplit(url).hostname or ""
    proxies = {"http": settings.http_proxy, "https": settings.https_proxy}
    direct = _without_proxy(host, settings.no_proxy)
    handlers: list[BaseHandler] = [
        ProxyHandler({} if direct else {name: proxy for name, proxy in proxies.items() if proxy})
    ]
    if urlsplit(url).scheme == "https":
        context = ssl.create_default_context(
            cafile=settings.ssl_cert_file or None, capath=settings.ssl_cert_dir or None
        )
        handlers.append(HTTPSHandler(context=context))
    return build_opener(*handlers)


def _without_proxy(host: str, no_proxy: str) -> bool:
    names = [name.strip().lstrip(".").lower() for name in no_proxy.split(",") if name.strip()]
    return any(name in {"*", host} or host.endswith(f".{name}") for name in names)


def _advisories(name: str, version: str, document: Any) -> list[Advisory]:
    listed = document.get("vulnerabilities") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise PackageIndexUnavailable("the index lists no vulnerabilities")
    return [
        Advisory(
            package=name,
            version=version,
            id=_text(one, "id"),
            aliases=_texts(one, "aliases"),
            summary=_text(one, "summary") or _text(one, "details"),
            fixed_in=_texts(one, "fixed_in"),
            link=_text(one, "link"),
        )
        for one in listed
        if isinstance(one, dict) and not one.get("withdrawn")
    ]


def _text(one: Mapping[str, Any], name: str) -> str:
    return str(one.get(name) or "")[:_TEXT]


def _texts(one: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = one.get(name)
    return tuple(str(text)[:_TEXT] for text in found[:100]) if isinstance(found, list) else ()
