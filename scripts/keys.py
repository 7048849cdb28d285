"""Makes, lists and revokes API keys; a key is shown once, when it is made."""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "deps/servicekit"))

from servicekit.keys import DEFAULT_TENANT, SCOPES, KeyFile
from servicekit.settings import SettingsError


def main(argv: list[str]) -> str:
    """Create, list and revoke keys; returns what to print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("create", "list", "revoke"))
    parser.add_argument("--file", required=True, help="the file of keys")
    parser.add_argument("--tenant", default=DEFAULT_TENANT)
    parser.add_argument("--user")
    parser.add_argument("--scopes", default="run", help="comma separated, of: " + ",".join(sorted(SCOPES)))
    parser.add_argument("--expires-days", type=int)
    parser.add_argument("--policy", type=_policy, help="a JSON file: what the service holds the key to")
    parser.add_argument("--id", default="", help="the key to revoke: the third part of its text")
    options = parser.parse_args(argv)
    keys, days = KeyFile(options.file), options.expires_days
    if options.command == "revoke":
        keys.revoke(options.id)
    if options.command == "create":
        expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
        held = {"user": options.user, "expires_at": expires_at, "policy": options.policy}
        return keys.create(options.tenant, options.scopes.split(","), **held)
    return "\n".join(key.model_dump_json(exclude={"digest"}) for key in keys.all())


def _policy(path: str) -> dict[str, Any]:
    try:
        return TypeAdapter(dict[str, Any]).validate_json(Path(path).read_bytes())
    except (OSError, ValidationError):
        raise SettingsError(f"{path} is not a file with a JSON object.") from None


if __name__ == "__main__":
    try:
        sys.stdout.write(main(sys.argv[1:]) + "\n")
    except SettingsError as error:
        raise SystemExit(str(error)) from None
