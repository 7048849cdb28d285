"""A run without effects: the same code and data as a real one, so that a parked child has its own pages of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from coderunner.guest.language import compiling, streams, values
from coderunner.guest.language.auditing import Auditor
from coderunner.guest.language.bundles import bundle_of
from coderunner.guest.language.failures import Reporter, remember_source
from coderunner.guest.language.guards import Guards
from coderunner.guest.language.importing import Importer
from coderunner.guest.language.outputs import OutputSink
from coderunner.guest.language.policy import policy_of
from coderunner.guest.language.restricted_builtins import restricted_builtins

_PROGRAM: Final = """
import math

class Point:
    def __init__(self, x):
        self.x = x

for number in range(3):
    Point(number).x += math.sqrt(number)
print(f"{number}", [Point(1).x], file=sink)
number
"""
_NAME: Final = "<rehearsal>"


def rehearse() -> None:
    """Compile, run, show and report a small program at both levels; nothing is written and nothing is left."""
    policy = policy_of(None)
    for level in (None, policy):
        namespace = {"__name__": "__rehearsal__", "sink": io.StringIO()}
        compiled = compiling.compile_program(_PROGRAM, _NAME, level, with_value=True)
        if level is not None:
            guards = Guards(policy, namespace)
            importer = Importer(policy, guards, [Path("/")], lambda *_: (None, []))
            namespace["__builtins__"] = restricted_builtins(policy, guards, importer)
            Auditor(policy, "/")("open", ("x", "r", 0))
        for part in (compiled.imports, compiled.body):
            if part is not None:
                exec(part, namespace)
        _show(eval(compiled.last, namespace) if compiled.last else None)


def _show(value: object) -> None:
    for stream in (streams.writer(1), streams.writer(2), streams.reader()):
        stream.detach()
    sink = OutputSink(lambda _: None, lambda: None, {})
    sink.result(*bundle_of(value))
    values.to_json({"value": [value, 1.5, "text"]}, 1000)
    remember_source(_NAME, _PROGRAM)
    Reporter("/").record(ValueError(value))
