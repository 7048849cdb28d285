"""The base of what requests say, whatever the subject."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Frozen, of the very types it declares, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)
