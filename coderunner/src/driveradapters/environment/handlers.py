"""/api/environments."""

from coderunner.src.driveradapters.environment.waiting import finished
from coderunner.src.driveradapters.environment.wire import (
    CloneBody,
    CreateBody,
    EnvironmentReply,
    EnvironmentsReply,
    ProblemsReply,
    environment_member,
)
from coderunner.src.logics.environment.manage_environments import lock_of
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from servicekit.http import ApiHandler, operation

ID = {"environment_id": "The id that creating returned."}
PACKAGE_ERRORS = (
    "invalid_requirement",
    "install_refused",
    "package_not_allowed",
    "packages_unresolvable",
    "package_index_unavailable",
    "install_timed_out",
    "environment_busy",
)


class EnvironmentsHandler(ApiHandler):
    """All environments of the tenant."""

    def initialize(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    @operation(
        summary="Create an environment",
        tag="environments",
        body=CreateBody,
        replies={201: EnvironmentReply},
        errors=(
            "policy_too_wide",
            "environment_exists",
            "too_many_environments",
            "python_version_missing",
            *PACKAGE_ERRORS,
        ),
        scope="packages",
    )
    async def post(self) -> None:
        body = self.parse_body(CreateBody)
        security = body.security_settings.model_dump(mode="json", exclude_none=True)
        self._toolkit.runs.check_security(security, self.caller.policy)
        work = self._toolkit.manage.create_with(
            self.caller.tenant,
            body.name,
            body.base_packages,
            python_version=body.python_version,
            security=security,
        )
        environment = await finished(work, body.wait if body.wait is not None else self.prefer_wait_s)
        self._toolkit.runs.forget(self.caller.tenant)
        location = f"/api/environments/{environment.id}"
        self.reply(environment_member(environment), status=201, headers={"Location": location})

    @operation(
        summary="List environments", tag="environments", replies={200: EnvironmentsReply}, scope="packages"
    )
    async def get(self) -> None:
        found = await self._toolkit.manage.all_of(self.caller.tenant)
        self.reply({"environments": [environment_member(environment) for environment in found]})


class EnvironmentHandler(ApiHandler):
    """One environment."""

    def initialize(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    @operation(
        summary="Show an environment",
        tag="environments",
        path=ID,
        replies={200: EnvironmentReply},
        errors=("environment_not_found",),
        scope="packages",
    )
    async def get(self, environment_id: str) -> None:
        self.reply(environment_member(await self._toolkit.manage.get(self.caller.tenant, environment_id)))

    @operation(
        summary="Delete an environment",
        description="Runs in flight keep its packages to their end.",
        tag="environments",
        path=ID,
        replies={204: None},
        errors=("environment_not_found",),
        scope="packages",
    )
    async def delete(self, environment_id: str) -> None:
        await self._toolkit.manage.delete(self.caller.tenant, environment_id)
        self._toolkit.runs.forget(self.caller.tenant)
        self.reply(None)


class CloneHandler(ApiHandler):
    """A copy of an environment."""

    def initialize(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    @operation(
        summary="Clone an environment",
        tag="environments",
        path=ID,
        body=CloneBody,
        replies={201: EnvironmentReply},
        errors=("environment_not_found", "environment_exists", "too_many_environments"),
        scope="packages",
    )
    async def post(self, environment_id: str) -> None:
        body = self.parse_body(CloneBody)
        made = await self._toolkit.manage.clone(self.caller.tenant, environment_id, body.name)
        self.reply(environment_member(made), status=201, headers={"Location": f"/api/environments/{made.id}"})


class LockHandler(ApiHandler):
    """Exact versions as a requirements file."""

    def initialize(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    @operation(
        summary="Export an environment as a lock",
        tag="environments",
        path=ID,
        replies={200: "text/plain"},
        errors=("environment_not_found",),
        scope="packages",
    )
    async def get(self, environment_id: str) -> None:
        environment = await self._toolkit.manage.get(self.caller.tenant, environment_id)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.write(lock_of(environment))


class ProblemsHandler(ApiHandler):
    """Whether an environment is whole."""

    def initialize(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    @operation(
        summary="Validate an environment",
        tag="environments",
        path=ID,
        replies={200: ProblemsReply},
        errors=("environment_not_found",),
        scope="packages",
    )
    async def post(self, environment_id: str) -> None:
        problems = await self._toolkit.manage.problems(self.caller.tenant, environment_id)
        self.reply({"valid": not problems, "problems": problems})
