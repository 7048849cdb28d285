"""Settings from the environment and `.env`: one frozen model, all faults told at once, no secret ever."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from servicekit.parsing import Model, takes_many

__all__ = ["SettingsError", "load_settings"]


class SettingsError(Exception):
    """The settings do not let the service start; the text names every fault."""


def load_settings(
    model: type[Model], environ: Mapping[str, str], env_file: str | Path | None = None
) -> Model:
    """The environment wins over the file, the file over the defaults; an empty value is no value."""
    from_file = dotenv_values(env_file, interpolate=False) if env_file and Path(env_file).is_file() else {}
    found = {
        name: value.strip() for name, value in {**from_file, **environ}.items() if value and value.strip()
    }
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        text = found.get(variable(name, field))
        if text is not None:
            parts = [part.strip() for part in text.split(",") if part.strip()]
            values[field.alias or name] = parts if takes_many(field.annotation) else text
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        names = {field.alias or name: variable(name, field) for name, field in model.model_fields.items()}
        lines = [
            f"  {names.get(str((*fault['loc'], '')[0]), 'settings')}: {fault['msg']}" for fault in faults
        ]
        raise SettingsError("\n".join(["The settings are not valid:", *lines])) from None


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a field."""
    return field.alias or name.upper()
