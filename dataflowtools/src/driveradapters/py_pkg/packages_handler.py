"""POST /api/py_pkg/install and GET /api/py_pkg/list: coderunner's packages, for the caller's tenant."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from dataflowtools.src.common.on_behalf import OnBehalf
from dataflowtools.src.driveradapters.data_analysis.custom_handler import CODERUNNER_ERRORS
from dataflowtools.src.logics.py_pkg.install_packages import InstallPackages
from dataflowtools.src.logics.py_pkg.list_packages import ListPackages
from servicekit.http import ApiHandler, Body, operation

Requirement = Annotated[str, Field(min_length=1, max_length=500)]


class InstallBody(Body):
    """What to install."""

    packages: list[Requirement] = Field(min_length=1, max_length=200, description="Such as six==1.17.0.")
    environment_id: str | None = Field(
        None, min_length=1, max_length=100, description="Else the tenant's own."
    )
    wait: float | None = Field(None, ge=0, le=600, description="Seconds to wait for the end.")


class InstallReply(BaseModel):
    """What coderunner answers."""

    model_config = ConfigDict(extra="allow")


class PackageReply(BaseModel):
    """An installed package."""

    model_config = ConfigDict(extra="allow")
    name: str
    version: str


class PackagesReply(BaseModel):
    """What is installed."""

    model_config = ConfigDict(extra="allow")
    packages: list[PackageReply]


class ListQuery(Body):
    """Where to look."""

    environment_id: str | None = Field(None, min_length=1, max_length=100)


class _PackagesHandler(ApiHandler):
    def on_behalf(self) -> OnBehalf:
        """Name the caller to coderunner."""
        return OnBehalf(tenant=self.caller.tenant, request_id=self.request_id, traceparent=self.traceparent)


class InstallHandler(_PackagesHandler):
    """Has packages installed."""

    def initialize(self, install_packages: InstallPackages) -> None:
        """Take the use case."""
        self._install_packages = install_packages

    @operation(
        summary="Install Python packages",
        tag="py_pkg",
        description="For the programs of the caller's tenant; coderunner installs them. 202 while it goes on.",
        body=InstallBody,
        replies={200: InstallReply, 202: InstallReply},
        errors=CODERUNNER_ERRORS,
        scope="packages",
    )
    async def post(self) -> None:
        """Install."""
        body = self.parse_body(InstallBody)
        request: dict[str, Any] = body.model_dump(mode="json", exclude_none=True)
        if self.prefer_wait_s is not None:
            request.setdefault("wait", self.prefer_wait_s)
        answer = await self._install_packages(self.on_behalf(), request)
        self.reply(answer.body, status=200 if answer.finished else 202)


class ListHandler(_PackagesHandler):
    """Tells what is installed."""

    def initialize(self, list_packages: ListPackages) -> None:
        """Take the use case."""
        self._list_packages = list_packages

    @operation(
        summary="List Python packages",
        tag="py_pkg",
        query=ListQuery,
        replies={200: PackagesReply},
        errors=CODERUNNER_ERRORS,
        scope="packages",
    )
    async def get(self) -> None:
        """List."""
        query = self.parse_query(ListQuery)
        self.reply(await self._list_packages(self.on_behalf(), query.environment_id))
