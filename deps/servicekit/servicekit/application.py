"""The composition of one application: a service's routes beside those that every service has."""

from collections.abc import Collection, Sequence

from tornado.web import Application, RequestHandler

from servicekit.admission import Kit
from servicekit.handler import UnknownAddress
from servicekit.health import Health
from servicekit.keys import KeyFile
from servicekit.metrics import Metrics
from servicekit.openapi import Document
from servicekit.operations import METHODS, Route
from servicekit.problems import KIT_CODES, ErrorTable
from servicekit.system import SYSTEM_ROUTES


def make_app(
    routes: Sequence[Route],
    *,
    name: str,
    version: str,
    errors: ErrorTable,
    description: str = "",
    keys: KeyFile | None = None,
    health: Health | None = None,
    metrics: Metrics | None = None,
    max_body_bytes: int = 10 << 20,
    body_timeout_s: float = 30.0,
    trusted_hosts: Collection[str] = (),
) -> Application:
    """The application of one service; a verb that declares nothing, or the unknown, is a TypeError."""
    everything = (*routes, *SYSTEM_ROUTES)
    statuses = {code: status for code, (status, _) in KIT_CODES.items()}
    statuses |= {getattr(kind, "code", ""): entry.status for kind, entry in errors.items()}
    for route in everything:
        _check(route, statuses)
    document = Document(everything, statuses, secured=keys is not None)
    kit = Kit(
        name=name,
        version=version,
        errors=errors,
        keys=keys,
        health=health or Health(),
        metrics=metrics or Metrics(),
        max_body_bytes=max_body_bytes,
        body_timeout_s=body_timeout_s,
        trusted_hosts=frozenset(trusted_hosts),
        document=document.build(title=name, version=version, description=description),
    )
    return Application(
        [(route.pattern, _on(route), dict(route.collaborators)) for route in everything],
        default_handler_class=UnknownAddress,
        log_function=_already_logged,
        cross_origin_protection=True,
        kit=kit,
    )


def _on(route: Route) -> type[RequestHandler]:
    """The handler as it stands on one route, so that metrics know the template."""
    about = {"route": route.path, "__module__": route.handler.__module__}
    return type(route.handler.__name__, (route.handler,), about)


def _check(route: Route, statuses: Collection[str]) -> None:
    declared = route.operations()
    for method in set(METHODS) - {"HEAD", "OPTIONS"}:
        verb = getattr(route.handler, method.lower())
        if method not in declared and verb is not getattr(RequestHandler, method.lower()):
            raise TypeError(f"{method} {route.path} lacks @operation")
    for method, facts in declared.items():
        wrong = [*(set(facts.errors) - set(statuses)), *(set(facts.path) - set(route.names))]
        if wrong:
            raise TypeError(f"{method} {route.path}: not in the error table or the path: {wrong}")


def _already_logged(_: RequestHandler) -> None:
    """The handler counts and logs itself, also when no reply could be sent."""
