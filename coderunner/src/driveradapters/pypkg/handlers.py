"""/api/pypkg and /api/environments/{id}/packages: what is installed, added and removed."""

from typing import Any

from pydantic import ValidationError
from tornado.httputil import HTTPFile

from coderunner.src.driveradapters.environment.changing import ChangingHandler
from coderunner.src.driveradapters.environment.handlers import ID
from coderunner.src.driveradapters.environment.wire import (
    PACKAGE_ERRORS,
    ChangeReply,
    ListQuery,
    PackagesBody,
    PackagesReply,
    UninstallBody,
    packages_member,
)
from coderunner.src.logics.environment.requirements import parse_requirements
from servicekit.http import Problem, operation

_FORM = {
    "wheel": {"type": "array", "items": {"type": "string", "format": "binary"}},
    "requirements": {"type": "string", "description": "A requirements file, as text or as a file."},
    "packages": {"type": "array", "items": {"type": "string"}},
    "environment_id": {"type": "string"},
    "wait": {"type": "number"},
}
_INSTALL: dict[str, Any] = {
    "description": "Wheels only: nothing of a package runs here. The environment changes at once or not at all. "
    "What takes longer than `wait` goes on as an execution (202): follow, log and cancel it there. "
    "A form uploads wheels (`.whl`) and requirements files.",
    "tag": "packages",
    "body": PackagesBody,
    "form": _FORM,
    "replies": {200: PackagesReply, 202: ChangeReply},
    "errors": (
        "environment_not_found",
        "source_not_allowed",
        "wheel_refused",
        "capacity_exceeded",
        *PACKAGE_ERRORS,
    ),
    "scope": "packages",
}
_UNINSTALL: dict[str, Any] = {
    "tag": "packages",
    "body": UninstallBody,
    "replies": {200: PackagesReply, 202: ChangeReply},
    "errors": ("environment_not_found", "package_not_installed", *PACKAGE_ERRORS),
    "scope": "packages",
}
_LIST: dict[str, Any] = {
    "tag": "packages",
    "replies": {200: PackagesReply},
    "errors": ("environment_not_found",),
    "scope": "packages",
}


class PackagesHandler(ChangingHandler):
    """The three verbs, for an environment that the path or the body names."""

    async def install(self, environment_id: str | None = None) -> None:
        """Names and wheels are looked at before the work is accepted."""
        body = await self._asked()
        place = environment_id or body.environment_id
        self._toolkit.change.check(body.texts())
        await self._require(place)
        asked = body.model_dump(mode="json", exclude={"wait", "environment_id"}, exclude_none=True)
        await self._change({**asked, "action": "install"}, place, body.wait)

    async def uninstall(self, environment_id: str | None = None) -> None:
        """Only what was asked for can be removed."""
        body = self.parse_body(UninstallBody)
        parse_requirements(body.packages)
        place = environment_id or body.environment_id
        await self._require(place)
        await self._change({"packages": body.packages, "action": "uninstall"}, place, body.wait)

    async def show(self, environment_id: str | None) -> None:
        """What is there."""
        found = await self._toolkit.manage.chosen(self.caller.tenant, environment_id)
        self.reply(packages_member(found, await self._toolkit.warm_packages()))

    async def _require(self, environment_id: str | None) -> None:
        if environment_id is not None:
            await self._toolkit.manage.get(self.caller.tenant, environment_id)

    async def _change(self, parameters: dict[str, Any], place: str | None, wait: float | None) -> None:
        if place is not None:
            parameters["environment_id"] = place
        found = await self.outcome(await self.submit(parameters), wait)
        if found is not None:
            self.reply(found)

    async def _asked(self) -> PackagesBody:
        form = self.form()
        if form is None:
            return self.parse_body(PackagesBody)
        fields, files = form
        uploads = [upload for found in files.values() for upload in found]
        unknown = sorted(set(fields) - {"requirements", "packages", "environment_id", "wait"})
        if unknown:
            raise _invalid(unknown[0], "is no field of this form")
        texts = {
            name: [value.decode("utf-8", "replace") for value in found] for name, found in fields.items()
        }
        wheels = [upload for upload in uploads if upload.filename.endswith(".whl")]
        lists = [upload for upload in uploads if upload not in wheels]
        texts["requirements"] = texts.get("requirements", []) + [_text(upload) for upload in lists]
        self._toolkit.change.require_allowed()
        kept = [
            await self._toolkit.wheels.keep(self.caller.tenant, wheel.filename, wheel.body)
            for wheel in wheels
        ]
        return _body(texts, [wheel.public for wheel in kept])


class InstallHandler(PackagesHandler):
    """Adds packages."""

    @operation(summary="Install packages", **_INSTALL)
    async def post(self) -> None:
        await self.install()


class ListHandler(PackagesHandler):
    """Says what is installed."""

    @operation(summary="List installed packages", query=ListQuery, **_LIST)
    async def get(self) -> None:
        await self.show(self.parse_query(ListQuery).environment_id)


class UninstallHandler(PackagesHandler):
    """Removes packages."""

    @operation(summary="Uninstall packages", **_UNINSTALL)
    async def delete(self) -> None:
        await self.uninstall()


class EnvironmentPackagesHandler(PackagesHandler):
    """The packages of one environment."""

    @operation(summary="List an environment's packages", path=ID, **_LIST)
    async def get(self, environment_id: str) -> None:
        await self.show(environment_id)

    @operation(summary="Install into an environment", path=ID, **_INSTALL)
    async def post(self, environment_id: str) -> None:
        await self.install(environment_id)

    @operation(summary="Uninstall from an environment", path=ID, **_UNINSTALL)
    async def delete(self, environment_id: str) -> None:
        await self.uninstall(environment_id)


def _text(upload: HTTPFile) -> str:
    try:
        return upload.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid(
            "requirements", f"{upload.filename[:100]!r} is neither a wheel nor UTF-8 text"
        ) from None


def _body(texts: dict[str, list[str]], wheels: list[str]) -> PackagesBody:
    said: dict[str, Any] = {"packages": texts.get("packages", []), "wheels": wheels}
    if requirements := texts["requirements"]:
        said["requirements"] = "\n".join(requirements)
    for name in ("environment_id", "wait"):
        if texts.get(name):
            said[name] = texts[name][0]
    try:
        return PackagesBody.model_validate(said, strict=False)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "/".join(str(part) for part in first["loc"])
        raise _invalid(place, first["msg"]) from None


def _invalid(place: str, message: str) -> Problem:
    pointer = f"/{place}" if place else ""
    fault = {"pointer": pointer, "code": "invalid", "message": message}
    return Problem(422, "validation_failed", f"Not valid: {pointer or '/'}: {message}", errors=[fault])
