"""From what a caller asks to what a run gets: never above the operator's maximum, never silently less."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from coderunner.src.common.limits import Limits
from coderunner.src.errors import LimitAboveMaximum

# what the wire calls a limit, the field it sets and the factor to the field's unit
WIRE_LIMITS: Mapping[str, tuple[str, int]] = {
    "timeout": ("wall_s", 1),
    "cpu_time": ("cpu_s", 1),
    "cpu_limit": ("cpu_share", 1),
    "memory_limit": ("memory_bytes", 1024**2),
    "max_processes": ("processes", 1),
    "max_open_files": ("open_files", 1),
    "disk_limit": ("disk_bytes", 1024**2),
    "max_files": ("disk_inodes", 1),
    "max_stdout_bytes": ("stdout_bytes", 1),
    "max_stderr_bytes": ("stderr_bytes", 1),
    "max_value_bytes": ("value_bytes", 1),
    "max_outputs": ("outputs", 1),
    "max_output_bytes": ("output_bytes", 1),
}


_FRACTIONS = ("wall_s", "cpu_share")


@dataclass(frozen=True, slots=True)
class LimitRules:
    """Defaults and maxima of the operator."""

    default: Limits
    maximum: Limits
    cores: int = 1
    holder: str = "here"

    def limits_for(self, wishes: Mapping[str, Any]) -> Limits:
        """The limits of one run; LimitAboveMaximum names the field that asks too much."""
        limits = self.default
        for name, (field_name, factor) in WIRE_LIMITS.items():
            wish = wishes.get(name)
            if wish is not None:
                limits = replace(
                    limits, **{field_name: self._checked(name, field_name, wish * factor, factor)}
                )
        if wishes.get("cpu_time") is None:
            limits = replace(limits, cpu_s=max(1, min(limits.cpu_s, self._cpu_for(limits.wall_s))))
        return limits

    def _checked(self, name: str, field_name: str, value: float, factor: int) -> Any:
        most = getattr(self.maximum, field_name)
        if value > most:
            message = (
                f"{name} may be at most {most / factor:g} {self.holder}, and {value / factor:g} was asked for"
            )
            raise LimitAboveMaximum(message, pointer=f"/{name}")
        return float(value) if field_name in _FRACTIONS else int(value)

    def for_key(self, wall_s: float | None, memory_bytes: int | None) -> "LimitRules":
        """The same rules with an API key's own maxima; a key only lowers them."""
        held = {name: most for name, most in (("wall_s", wall_s), ("memory_bytes", memory_bytes)) if most}
        if not held:
            return self
        lowered: list[Limits] = []
        for limits in (self.default, self.maximum):
            changes: dict[str, Any] = {name: min(getattr(limits, name), most) for name, most in held.items()}
            lowered.append(replace(limits, **changes))
        return replace(self, default=lowered[0], maximum=lowered[1], holder="for this API key")

    def _cpu_for(self, wall_s: float) -> int:
        """All processes together may keep every core busy for the whole wall time."""
        return int(wall_s * self.cores) + 1

    def faults(self) -> list[str]:
        """Defaults that stand above their maxima."""
        names = (field.name for field in fields(Limits))
        return [name for name in names if getattr(self.default, name) > getattr(self.maximum, name)]
