"""The command that makes API keys, as an operator runs it."""

import json
import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "scripts" / "keys.py"


def keys(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, COMMAND, *arguments, "--file", str(folder / "keys.json")]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={}, cwd=folder)


def test_keys_are_made_listed_and_revoked(tmp_path):
    made = keys(tmp_path, "create", "--tenant", "acme", "--scopes", "run,files", "--expires-days", "1")
    key_id = made.stdout.strip().split("_")[2]

    listed = json.loads(keys(tmp_path, "list").stdout)
    assert (listed["key_id"], listed["tenant"], sorted(listed["scopes"])) == (
        key_id,
        "acme",
        ["files", "run"],
    )
    assert "digest" not in listed
    assert keys(tmp_path, "revoke", "--id", key_id).returncode == 0
    assert json.loads(keys(tmp_path, "list").stdout)["revoked"] is True
    assert keys(tmp_path, "revoke", "--id", "nobody").returncode == 1
    wrong = keys(tmp_path, "create", "--scopes", "everything")
    assert (wrong.returncode, wrong.stderr) == (1, "Unknown scopes: everything\n")


def test_a_policy_is_kept_with_its_key(tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text('{"a": 1}')
    assert keys(tmp_path, "create", "--policy", str(policy)).returncode == 0
    assert json.loads(keys(tmp_path, "list").stdout)["policy"] == {"a": 1}
    for wrong in ("[]", "{"):
        policy.write_text(wrong)
        refused = keys(tmp_path, "create", "--policy", str(policy))
        assert (refused.returncode, "policy.json" in refused.stderr) == (1, True), refused
