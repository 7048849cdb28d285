"""Parameters of kinds whose request is the body of another call of the service."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from executor.errors import InvalidParameters
from servicekit.http import Problem
from servicekit.parsing import parse_json

Model = TypeVar("Model", bound=BaseModel)


def body_of(parameters: Mapping[str, Any], model: type[Model]) -> Model:
    """The parameters as the call's body; InvalidParameters names the wrong fields below /request."""
    try:
        return parse_json(json.dumps(dict(parameters)).encode(), model)
    except Problem as wrong:
        faults = [{**fault, "pointer": f"/request{fault['pointer']}"} for fault in wrong.errors]
        raise InvalidParameters(wrong.detail, pointer="/request", errors=faults) from wrong
