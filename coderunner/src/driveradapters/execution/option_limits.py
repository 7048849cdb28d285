"""The limits and walls that an execution's options name, as those of its run."""

import math
from collections.abc import Mapping
from typing import Any

from coderunner.src.common.limits import MEGABYTE
from coderunner.src.driveradapters.runner.wire import ExecuteBody
from executor.common.requests import ExecutionOptions
from executor.errors import InvalidParameters

# a limit of the wire, and the option that sets it too
_PLACES = {
    "memory_limit": "resource_limits/memory_bytes",
    "cpu_time": "resource_limits/cpu_time_s",
    "max_processes": "resource_limits/processes",
    "max_stdout_bytes": "resource_limits/output_bytes",
    "max_output_bytes": "resource_limits/output_bytes",
    "cpu_limit": "isolation/cpu_limit",
}


def limit_wishes(body: ExecuteBody, options: ExecutionOptions) -> dict[str, Any]:
    """What the body and the options ask for; where both name a limit the tighter one holds."""
    wishes = body.wishes()
    for name, value in _asked(options).items():
        wishes[name] = value if wishes.get(name) is None else min(wishes[name], value)
    return wishes


def place_of(pointer: str, options: ExecutionOptions, wishes: Mapping[str, Any]) -> str:
    """Where the request says what a fault of the run's limits points at."""
    name = pointer.lstrip("/")
    from_options = name in _PLACES and wishes.get(name) == _asked(options).get(name, math.nan)
    return f"/options/{_PLACES[name]}" if from_options else f"/request{pointer}"


def require_walls(options: ExecutionOptions) -> None:
    """InvalidParameters when a wall is to fall: programs never have a network or the host's files."""
    for name in ("network_limit", "file_system_limit"):
        if not getattr(options.isolation, name):
            raise InvalidParameters(f"{name} always holds here.", pointer=f"/options/isolation/{name}")


def _asked(options: ExecutionOptions) -> dict[str, float]:
    limits, isolation = options.resource_limits, options.isolation
    memory = [size / MEGABYTE for size in (limits.memory_bytes, isolation.memory_limit_bytes) if size]
    cpu_time = math.ceil(limits.cpu_time_s) if limits.cpu_time_s else None
    asked = {
        "memory_limit": min(memory, default=None),
        "cpu_time": cpu_time,
        "max_processes": limits.processes,
        "max_stdout_bytes": limits.output_bytes,
        "max_output_bytes": limits.output_bytes,
        "cpu_limit": isolation.cpu_limit,
    }
    return {name: value for name, value in asked.items() if value is not None}
