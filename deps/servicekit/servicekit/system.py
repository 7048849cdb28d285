"""What every service answers beside its own routes: health, metrics, the document and the page to read it."""

import asyncio
import importlib.util
from pathlib import Path

from servicekit.admission import is_operator
from servicekit.operations import Route, operation
from servicekit.problems import kit_problem
from servicekit.streaming import ApiHandler

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></html>
"""
_START = (
    'SwaggerUIBundle({url: "/openapi.json", dom_id: "#page", deepLinking: true, tryItOutEnabled: true});\n'
)
_SCRIPT, _STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
_ASSETS = {"start.js": _SCRIPT, "swagger-ui-bundle.js": _SCRIPT, "swagger-ui.css": _STYLE}
_JSON = {200: "application/json"}


class HealthHandler(ApiHandler):
    """Ready or not, with details for operators."""

    @operation(summary="Whether the service is ready", tag="service", replies=_JSON, public=True)
    async def get(self) -> None:
        ready, details = await self.kit.health.checks()
        status = "draining" if self.kit.draining else "ready" if ready else "not_ready"
        facts = {"status": status, "service": self.kit.name, "version": self.kit.version}
        seen = {"checks": details} if is_operator(self.request, self.caller) else {}
        self.reply({**facts, **seen}, 200 if status == "ready" else 503)


class LiveHandler(ApiHandler):
    """Whether the process should be kept."""

    @operation(summary="Whether the process is whole", tag="service", replies=_JSON, public=True)
    async def get(self) -> None:
        dead = self.kit.health.dead()
        self.reply({"status": "dead" if dead else "alive"}, 503 if dead else 200)


class MetricsHandler(ApiHandler):
    """Prometheus' view of the process."""

    @operation(summary="Metrics, for operators", tag="service", replies={200: "text/plain"}, public=True)
    async def get(self) -> None:
        if not is_operator(self.request, self.caller):
            raise kit_problem("forbidden" if self.caller.key_id else "unauthenticated")
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.write(self.kit.metrics.text())


class DocumentHandler(ApiHandler):
    """The OpenAPI document."""

    @operation(summary="This document", tag="service", replies=_JSON, public=True)
    async def get(self) -> None:
        self.reply(self.kit.document)


class DocsHandler(ApiHandler):
    """A page to read and try the API; nothing of it comes from the net."""

    @operation(
        summary="A page to read and try the API", tag="service", replies={200: "text/html"}, public=True
    )
    async def get(self) -> None:
        self.set_header("Content-Security-Policy", _CSP)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.write(_PAGE)


class AssetHandler(ApiHandler):
    """The page's script and style, out of the installed package."""

    @operation(summary="The page's own files", tag="service", replies={200: "text/plain"}, public=True)
    async def get(self, asset: str) -> None:
        if asset not in _ASSETS:
            raise kit_problem("not_found")
        self.set_header("Content-Type", _ASSETS[asset])
        self.set_header("Cache-Control", "public, max-age=86400")
        self.write(_START if asset == "start.js" else await asyncio.to_thread(_read_asset, asset))


def _read_asset(name: str) -> bytes:
    package = importlib.util.find_spec("swagger_ui")  # only its files are wanted, so it is not imported
    folder = next(iter(package.submodule_search_locations or ())) if package else ""
    return Path(folder, "static", name).read_bytes()


SYSTEM_ROUTES = (
    Route("/api/health", HealthHandler),
    Route("/api/health/ready", HealthHandler),
    Route("/api/health/live", LiveHandler),
    Route("/metrics", MetricsHandler),
    Route("/openapi.json", DocumentHandler),
    Route("/docs", DocsHandler),
    Route("/docs/{asset}", AssetHandler),
)
