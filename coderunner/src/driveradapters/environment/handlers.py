"""/api/environments."""

from coderunner.src.driveradapters.environment.changing import ChangingHandler
from coderunner.src.driveradapters.environment.wire import (
    PACKAGE_ERRORS,
    BuildingReply,
    CloneBody,
    CreateBody,
    EnvironmentReply,
    EnvironmentsReply,
    ProblemsReply,
    environment_member,
)
from coderunner.src.logics.environment.manage_environments import lock_of
from coderunner.src.logics.environment.model import BUILDING, Environment
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from servicekit.http import ApiHandler, operation

ID = {"environment_id": "The id that creating returned."}


class EnvironmentsHandler(ChangingHandler):
    """All environments of the tenant."""

    @operation(
        summary="Create an environment",
        description="Its packages are installed by an execution; what takes longer than `wait` goes on (202), and "
        "the environment is `building` until then. Nothing of it stays when they cannot be had.",
        tag="environments",
        body=CreateBody,
        replies={201: EnvironmentReply, 202: BuildingReply},
        errors=(
            "policy_too_wide",
            "environment_exists",
            "too_many_environments",
            "python_version_missing",
            "index_not_allowed",
            "source_not_allowed",
            "capacity_exceeded",
            *PACKAGE_ERRORS,
        ),
        scope="packages",
    )
    async def post(self) -> None:
        body = self.parse_body(CreateBody)
        tenant = self.caller.tenant
        security = body.security_settings.model_dump(mode="json", exclude_none=True)
        self._toolkit.runs.check_security(security, self.caller.policy)
        made = await self._toolkit.manage.create(
            tenant,
            body.name,
            body.base_packages,
            python_version=body.python_version,
            security=security,
            index=body.pip_config.settings(),
            key=self.idempotency_key,
        )
        if made.status == BUILDING and not await self._filled(made, body.wait):
            return
        self._toolkit.runs.forget(tenant)
        found = await self._toolkit.manage.get(tenant, made.id)
        document = environment_member(found, await self._toolkit.warm_packages())
        self.reply(document, status=201, headers={"Location": f"/api/environments/{found.id}"})

    async def _filled(self, made: Environment, wait: float | None) -> bool:
        """Whether its packages are there; the execution may be run again after a crash, for it begins anew."""
        try:
            execution_id = await self.submit({"action": "create", "environment_id": made.id}, idempotent=True)
        except BaseException:
            await self._toolkit.manage.delete(self.caller.tenant, made.id)
            raise
        more = {"environment_id": made.id, "status": BUILDING}
        return await self.outcome(execution_id, wait, **more) is not None

    @operation(
        summary="List environments", tag="environments", replies={200: EnvironmentsReply}, scope="packages"
    )
    async def get(self) -> None:
        found = await self._toolkit.manage.all_of(self.caller.tenant)
        warm = await self._toolkit.warm_packages()
        self.reply({"environments": [environment_member(environment, warm) for environment in found]})


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
        found = await self._toolkit.manage.get(self.caller.tenant, environment_id)
        self.reply(environment_member(found, await self._toolkit.warm_packages()))

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
        document = environment_member(made, await self._toolkit.warm_packages())
        self.reply(document, status=201, headers={"Location": f"/api/environments/{made.id}"})


class ActivateHandler(ApiHandler):
    """Which environment is the default."""

    def initialize(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    @operation(
        summary="Activate an environment",
        description="Runs and installs of the tenant that name no environment see this one from now on.",
        tag="environments",
        path=ID,
        replies={200: EnvironmentReply},
        errors=("environment_not_found", "environment_busy"),
        scope="packages",
    )
    async def post(self, environment_id: str) -> None:
        found = await self._toolkit.manage.activate(self.caller.tenant, environment_id)
        self._toolkit.runs.forget(self.caller.tenant)
        self.reply(environment_member(found, await self._toolkit.warm_packages()))


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
