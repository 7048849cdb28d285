"""Known weaknesses of installed packages."""

from dataclasses import asdict

from pydantic import BaseModel, Field

from coderunner.src.driveradapters.environment.handlers import ID
from coderunner.src.driveradapters.environment.wire import ListQuery
from coderunner.src.logics.environment.list_advisories import ListAdvisories
from servicekit.http import ApiHandler, operation


class AdvisoryReply(BaseModel):
    """One known weakness."""

    package: str
    version: str
    id: str
    aliases: list[str]
    summary: str
    fixed_in: list[str]
    link: str


class UncheckedReply(BaseModel):
    """A package of which nobody could say anything."""

    name: str
    reason: str


class AdvisoriesReply(BaseModel):
    """What is known; without the operator's leave nobody is asked."""

    enabled: bool = Field(
        description="Whether the operator lets advisories be looked up (PACKAGE_ADVISORIES)."
    )
    advisories: list[AdvisoryReply]
    unchecked: list[UncheckedReply]


class AdvisoriesHandler(ApiHandler):
    """Of the default environment, or of the one named."""

    def initialize(self, list_advisories: ListAdvisories) -> None:
        self._list_advisories = list_advisories

    async def show(self, environment_id: str | None) -> None:
        """An index that does not answer is told, and no failure."""
        found = await self._list_advisories(self.caller.tenant, environment_id)
        self.reply(
            {
                "enabled": found.enabled,
                "advisories": [asdict(one) for one in found.advisories],
                "unchecked": [{"name": name, "reason": reason} for name, reason in found.unchecked],
            }
        )

    @operation(
        summary="List known vulnerabilities of installed packages",
        tag="packages",
        query=ListQuery,
        replies={200: AdvisoriesReply},
        errors=("environment_not_found",),
        scope="packages",
    )
    async def get(self) -> None:
        await self.show(self.parse_query(ListQuery).environment_id)


class EnvironmentAdvisoriesHandler(AdvisoriesHandler):
    """Of one environment."""

    @operation(
        summary="List known vulnerabilities of an environment's packages",
        tag="environments",
        path=ID,
        replies={200: AdvisoriesReply},
        errors=("environment_not_found",),
        scope="packages",
    )
    async def get(self, environment_id: str) -> None:
        await self.show(environment_id)
