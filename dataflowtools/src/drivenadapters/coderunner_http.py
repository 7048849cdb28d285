"""Coderunner over HTTP, with a delegate key and the caller's tenant."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx

from dataflowtools.src.common.on_behalf import OnBehalf
from dataflowtools.src.errors import (
    CoderunnerForbade,
    CoderunnerRefused,
    CoderunnerUnavailable,
    DataflowError,
)
from dataflowtools.src.logics.data_analysis.ports.code_execution import CodeExecution, CodeRequest
from dataflowtools.src.logics.py_pkg.ports.package_service import PackageAnswer, PackageService

_MAX_REPLY_BYTES = 128 << 20
_OURS = frozenset({401, 408, 429})
_OUR_KEY = frozenset({"forbidden", "unauthenticated"})
_ACCEPTED = 202
_FORBIDDEN = 403


class _Answer(NamedTuple):
    status: int
    body: dict[str, Any]


class CoderunnerHttp(CodeExecution, PackageService):
    """Talks to coderunner's own API; a call that is cancelled closes its connection, which ends its run there."""

    def __init__(self, url: str, *, api_key: str = "", timeout_s: float = 600) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(timeout_s, connect=5),
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def execute(self, caller: OnBehalf, request: CodeRequest) -> dict[str, Any]:
        wishes = {
            "timeout": request.timeout_s,
            "memory_limit": request.memory_limit_mb,
            "security_level": request.security_level,
        }
        body: dict[str, Any] = {"code": request.code, "parameters": dict(request.parameters)}
        body |= {name: value for name, value in wishes.items() if value is not None}
        return (await self._call(caller, "POST", "/api/runner/execute", body)).body

    async def install(self, caller: OnBehalf, request: Mapping[str, Any]) -> PackageAnswer:
        answer = await self._call(caller, "POST", "/api/pypkg/install", request)
        return PackageAnswer(finished=answer.status != _ACCEPTED, body=answer.body)

    async def list_packages(self, caller: OnBehalf, environment_id: str | None) -> dict[str, Any]:
        query = {} if environment_id is None else {"environment_id": environment_id}
        return (await self._call(caller, "GET", "/api/pypkg/list", query=query)).body

    async def _call(
        self,
        caller: OnBehalf,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> _Answer:
        named = {
            "X-Tenant": caller.tenant, "X-Request-ID": caller.request_id, "traceparent": caller.traceparent,
        }  # fmt: skip
        headers = {name: value for name, value in named.items() if value}
        try:
            async with self._http.stream(method, path, json=body, params=query, headers=headers) as reply:
                answer = _Answer(reply.status_code, _decoded(await _read(reply)))
        except httpx.HTTPError as exc:
            raise CoderunnerUnavailable("Coderunner does not answer.") from exc
        if answer.status >= httpx.codes.BAD_REQUEST:
            raise _translated(answer)
        return answer


async def _read(reply: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in reply.aiter_bytes():
        content += chunk
        if len(content) > _MAX_REPLY_BYTES:
            raise CoderunnerUnavailable("Coderunner answers more than is taken.")
    return bytes(content)


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as exc:
        raise CoderunnerUnavailable("Coderunner answers what is no JSON.") from exc
    if not isinstance(found, dict):
        raise CoderunnerUnavailable("Coderunner answers what is no JSON object.")
    return found


def _translated(answer: _Answer) -> DataflowError:
    """Tell the caller's faults from ours: a key of ours that is not accepted is none of the caller's."""
    code, detail = (
        str(answer.body.get("code", "")),
        str(answer.body.get("detail") or "no reason given")[:1000],
    )
    if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR or answer.status in _OURS:
        return CoderunnerUnavailable("Coderunner cannot serve now.")
    if answer.status == _FORBIDDEN and code in _OUR_KEY:
        return CoderunnerUnavailable("Coderunner does not accept this service's key.")
    kind = CoderunnerForbade if answer.status == _FORBIDDEN else CoderunnerRefused
    error: DataflowError = kind(f"Coderunner: {detail}")
    faults = answer.body.get("errors")
    error.extra = {  # type: ignore[attr-defined]  # the kit reads it where an error has one
        "upstream": {
            "status": answer.status,
            "code": code,
            "errors": faults if isinstance(faults, list) else [],
        }
    }
    return error
