"""API keys whose policies are looked at before a key opens anything."""

from pathlib import Path

from coderunner.src.common.security import key_policy
from servicekit.keys import KeyFile, StoredKey
from servicekit.settings import SettingsError


class HeldKeys:
    """A file of keys; a key with a policy that is not understood opens nothing, and keeps a service from starting."""

    def __init__(self, path: str | Path) -> None:
        self._file = KeyFile(path)

    @property
    def pepper(self) -> bytes:
        """The secret of the file's digests."""
        return self._file.pepper

    def check(self) -> None:
        """SettingsError names every policy that is not valid."""
        if faults := [fault for key in self._file.all() if (fault := _fault(key))]:
            raise SettingsError("\n".join(faults))

    async def find(self, key_id: str) -> StoredKey | None:
        """The key of that id, or None; SettingsError when its policy is not valid."""
        found = await self._file.find(key_id)
        if found and (fault := _fault(found)):
            raise SettingsError(fault)
        return found


def _fault(key: StoredKey) -> str | None:
    try:
        key_policy(key.policy)
    except ValueError as error:
        return f"The policy of the API key {key.key_id} is not valid: {error}"
    return None
