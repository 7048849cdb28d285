"""The language policy of a run: what the operator grants, narrowed by the key, the environment and the request."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from coderunner.src.common.program import SecurityLevel, Walls
from coderunner.src.common.security import LISTS, SWITCHES, KeyPolicy, key_policy
from coderunner.src.errors import PolicyTooWide

_OFF_BY_DEFAULT = frozenset({"enable_system_calls", "enable_network_access"})


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """The operator's settings, and who may depart from them in which direction.

    A narrower source never gives back what a wider one took: each is asked in turn, and the first that
    refuses is named. Only a key that says `overrides_operator` replaces members of the operator's settings.
    """

    operator: Mapping[str, Any] = field(default_factory=dict)

    def for_run(
        self,
        *,
        key: Mapping[str, Any] | None = None,
        environment: Mapping[str, Any] | None = None,
        request: Mapping[str, Any] | None = None,
        installed: Iterable[str] = (),
    ) -> dict[str, Any]:
        """The policy as the guest reads it; `installed` are the import names of the environment's packages."""
        held = key_policy(key or {})
        layers = [
            *([] if held.overrides_operator else [("key", held.settings())]),
            ("environment", _settings(environment)),
            ("request", _settings(request)),
        ]
        return {
            **self._granted(held),
            "set_by": "key" if held.overrides_operator else "operator",
            "installed": [name for name in installed if name not in sys.stdlib_module_names],
            "narrowed_by": [{**settings, "set_by": source} for source, settings in layers if settings],
        }

    def walls(
        self,
        *,
        key: Mapping[str, Any] | None = None,
        environment: Mapping[str, Any] | None = None,
        request: Mapping[str, Any] | None = None,
    ) -> Walls:
        """What the same switches come to for the operating system, at either level."""
        held = key_policy(key or {})
        sources = [self._granted(held), held.settings(), _settings(environment), _settings(request)]
        closed = {name for name in SWITCHES if any(source.get(name) is False for source in sources)}
        return Walls(
            network=bool(sources[0].get("enable_network_access")) and "enable_network_access" not in closed,
            files="enable_file_access" not in closed,
            system_calls="enable_system_calls" not in closed,
        )

    def check(
        self,
        level: SecurityLevel,
        wishes: Mapping[str, Any],
        key: Mapping[str, Any] | None = None,
        *,
        pointer: str = "/security_settings",
    ) -> None:
        """PolicyTooWide for a wish beyond what the operator and the key grant, or at a level without a policy."""
        wishes = _settings(wishes)
        if set(wishes) - set(SWITCHES) and level is not SecurityLevel.RESTRICTED:
            message = (
                f"lists of names hold at level restricted; {level.value} is full Python within its walls"
            )
            raise PolicyTooWide(message, pointer=pointer)
        granted = self._narrowed(key_policy(key or {}))
        for name in SWITCHES:
            if wishes.get(name) and not granted[name]:
                raise PolicyTooWide(
                    f"{name} is off here and cannot be asked for", pointer=f"{pointer}/{name}"
                )
        beyond = sorted(set(wishes.get("allowed_functions") or ()) - granted["allowed_functions"])
        if beyond:
            message = f"{', '.join(beyond)}: allowed neither by the operator nor by the API key"
            raise PolicyTooWide(message, pointer=f"{pointer}/allowed_functions")

    def _granted(self, key: KeyPolicy) -> dict[str, Any]:
        operator = _settings(self.operator)
        return {**operator, **key.settings()} if key.overrides_operator else operator

    def _narrowed(self, key: KeyPolicy) -> dict[str, Any]:
        granted, held = self._granted(key), key.settings()
        found: dict[str, Any] = {
            name: granted.get(name, name not in _OFF_BY_DEFAULT) and held.get(name, True) for name in SWITCHES
        }
        found["allowed_functions"] = set(granted.get("allowed_functions") or ())
        if "allowed_functions" in held:
            found["allowed_functions"] &= set(held["allowed_functions"])
        return found


def _settings(found: Mapping[str, Any] | None) -> dict[str, Any]:
    """The members that are given."""
    given = found or {}
    return {name: given[name] for name in (*LISTS, *SWITCHES) if given.get(name) is not None}
