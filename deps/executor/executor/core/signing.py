"""Signatures of callbacks after the Standard Webhooks specification, version v1."""

import base64
import hashlib
import hmac

SECRET_PREFIX = "whsec_"  # noqa: S105 - the name of a kind of secret


def tenant_secret(root: str, tenant_id: str) -> str:
    """A tenant's own secret, derived so that nothing needs storing and no tenant can sign for another."""
    key = hmac.digest(root.encode(), b"callback:" + tenant_id.encode(), hashlib.sha256)
    return SECRET_PREFIX + base64.b64encode(key).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
