"""API keys: shown once, stored as an HMAC, with scopes, a tenant and an end."""

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
import string
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from servicekit.problems import kit_problem
from servicekit.settings import SettingsError

__all__ = ["Caller", "KeyFile", "check_exposure"]

SCOPES = frozenset({"run", "packages", "files", "documents", "admin", "delegate"})
DEFAULT_TENANT = "default"
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"sf_live_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: all of it comes from the key, none of it from a body."""

    key_id: str | None
    tenant: str
    user: str | None
    scopes: frozenset[str]
    policy: Mapping[str, Any] = field(default_factory=dict)

    def may(self, scope: str) -> bool:
        """Whether the key carries a scope."""
        return scope in self.scopes


ANYBODY = Caller(None, DEFAULT_TENANT, None, SCOPES)
NOBODY = Caller(None, "", None, frozenset())


class StoredKey(BaseModel):
    """What is kept of a key: enough to check it, not enough to make it."""

    model_config = ConfigDict(frozen=True)
    key_id: str
    digest: str
    tenant: str
    user: str | None = None
    scopes: frozenset[str]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked: bool = False
    policy: dict[str, Any] = {}  # what the service holds the key to; the service knows the fields

    def opens(self, digest: str) -> bool:
        """Whether this is the key, and still one."""
        same = hmac.compare_digest(self.digest, digest)
        return same and not self.revoked and (self.expires_at is None or datetime.now(UTC) < self.expires_at)


class _Ring(BaseModel):
    pepper: str = Field(pattern=r"^[0-9a-f]{64}$")  # the secret that digests are made with
    keys: dict[str, StoredKey] = {}

    def digest(self, key: str) -> str:
        return hmac.new(bytes.fromhex(self.pepper), key.encode(), hashlib.sha256).hexdigest()


class KeyFile:
    """Keys in a JSON file of mode 0600; a changed file is read again.

    `check_policy` raises ValueError for a policy that the service does not understand: such a key opens nothing.
    """

    def __init__(self, path: str | Path, check_policy: Callable[[dict[str, Any]], object] = dict) -> None:
        self._path = Path(path)
        self._check_policy = check_policy
        self._stamp: tuple[int, ...] = ()
        self._ring = _Ring.model_construct(pepper="")

    def caller_of(self, presented: str, tenant: str | None = None) -> Caller | None:
        """The caller a key stands for, or None; only a delegate acts for the tenant that it names."""
        match = _KEY.fullmatch(presented)
        if match is None or int(match[3], 16) != zlib.crc32(f"{match[1]}{match[2]}".encode()):
            return None
        ring = self._read()
        stored = ring.keys.get(match[1])
        if stored is None or not stored.opens(ring.digest(presented)):
            return None
        self.check([stored])
        tenant = stored.tenant if tenant is None else tenant
        if tenant != stored.tenant and "delegate" not in stored.scopes:
            raise kit_problem("forbidden", "Only a delegate key may act for another tenant.")
        if not _TENANT.fullmatch(tenant):
            raise kit_problem("bad_request", "X-Tenant is not a valid tenant name.")
        return Caller(stored.key_id, tenant, stored.user, stored.scopes, stored.policy)

    def check(self, keys: Iterable[StoredKey]) -> None:
        """Raise SettingsError that names every key whose policy the service does not understand."""
        faults = []
        for key in keys:
            try:
                self._check_policy(key.policy)
            except ValueError as error:
                faults.append(f"The policy of the API key {key.key_id} is not valid: {error}")
        if faults:
            raise SettingsError("\n".join(faults))

    def all(self) -> list[StoredKey]:
        """Every key, the oldest first."""
        return list(self._read().keys.values())

    def create(
        self,
        tenant: str,
        scopes: Iterable[str],
        *,
        user: str | None = None,
        expires_at: datetime | None = None,
        policy: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a key and return it: the only time it is seen."""
        wrong = sorted(set(scopes) - SCOPES)
        if wrong or not _TENANT.fullmatch(tenant):
            raise SettingsError(
                f"Unknown scopes: {', '.join(wrong)}" if wrong else "The tenant's name is not valid."
            )
        ring = self._read() if self._path.exists() else _Ring(pepper=secrets.token_hex(32))
        key_id, secret = _random(12), _random(43)
        key = f"sf_live_{key_id}_{secret}{zlib.crc32(f'{key_id}{secret}'.encode()):08x}"
        stored = StoredKey(
            key_id=key_id,
            digest=ring.digest(key),
            tenant=tenant,
            user=user,
            scopes=frozenset(scopes),
            created_at=datetime.now(UTC),
            expires_at=expires_at,
            policy=dict(policy or {}),
        )
        self._write(ring, stored)
        return key

    def revoke(self, key_id: str) -> None:
        """End a key."""
        found = self._read().keys.get(key_id)
        if found is None:
            raise SettingsError("There is no key of that id.")
        self._write(self._read(), found.model_copy(update={"revoked": True}))

    def _read(self) -> _Ring:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode)
            if stamp != self._stamp:
                if found.st_mode & 0o077:
                    raise SettingsError(f"{self._path.name} may be read by others: chmod 600 it.")
                self._ring, self._stamp = _Ring.model_validate_json(self._path.read_bytes()), stamp
        except FileNotFoundError:
            raise SettingsError(f"The file of API keys is missing: {self._path.name}") from None
        except ValidationError:
            raise SettingsError(f"{self._path.name} is not a file of API keys.") from None
        return self._ring

    def _write(self, ring: _Ring, key: StoredKey) -> None:
        changed = _Ring(pepper=ring.pepper, keys={**ring.keys, key.key_id: key})
        with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False) as draft:  # of mode 0600
            draft.write(changed.model_dump_json(indent=1))
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(self._path)


def check_exposure(host: str, keys: KeyFile | None, *, auth: str = "keys") -> None:
    """Refuse keys that cannot be used, and to listen beyond this machine without any unless AUTH=none."""
    if keys is not None:
        keys.check(keys.all())
    elif auth != "none" and not is_loopback(host):
        message = f"HOST is {host!r}, which others can reach, and no API keys are configured: "
        raise SettingsError(message + "make keys, listen on 127.0.0.1, or set AUTH=none.")


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    address = address_of(host)
    return host == "localhost" if address is None else address.is_loopback


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is written as, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _random(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
