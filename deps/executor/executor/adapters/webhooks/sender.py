"""Callbacks over HTTP to an address that was resolved, checked and pinned."""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping

import httpx

from executor.adapters.webhooks.addresses import AllowedAddresses, Target, parse
from executor.ports.callbacks import CallbackSender, Reception

OK_BELOW = 300
GONE = 410
MAX_ERROR_CHARS = 300


class HttpCallbackSender(CallbackSender):
    """Looks the host up once, connects to what it found, follows nothing."""

    def __init__(self, *, allowed: AllowedAddresses, timeout_s: float) -> None:
        self._allowed = allowed
        self._timeout_s = timeout_s

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reception:
        refusal = self._allowed.refusal(url)
        target = parse(url)
        if refusal is not None or isinstance(target, str):
            return Reception(None, refusal or str(target))
        try:
            async with asyncio.timeout(self._timeout_s):
                address = await self._pin(target)
                if address is None:
                    return Reception(None, f"{target.host} has no address that callbacks may reach.")
                return await self._post(target, address, headers, body)
        except TimeoutError:
            return Reception(None, f"No answer within {self._timeout_s:g} s.")
        except (httpx.HTTPError, OSError) as error:
            return Reception(None, f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS])

    async def _pin(self, target: Target) -> str | None:
        """The first address, if every address of the host may be reached: a mixed answer is an attack."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        if not addresses:
            return None
        fine = all(self._allowed.reachable(ipaddress.ip_address(one)) for one in addresses)
        return addresses[0] if fine else None

    async def _post(self, target: Target, address: str, headers: Mapping[str, str], body: bytes) -> Reception:
        host = f"[{address}]" if ":" in address else address
        url = f"{target.scheme}://{host}:{target.port}{target.path}"
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=self._timeout_s) as client,
            client.stream(
                "POST",
                url,
                content=body,
                headers={**headers, "Host": target.authority, "User-Agent": "stepflow-callbacks"},
                extensions={"sni_hostname": target.host},
            ) as reply,
        ):
            status = reply.status_code
        if status < OK_BELOW:
            return Reception(status, None)
        return Reception(status, f"The receiver answered {status}.", gone=status == GONE)
