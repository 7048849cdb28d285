"""The runs of this process: which are under way, and how the others ended."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from coderunner.src.common.limits import Limits
from coderunner.src.common.program import Program, RunOutcome, Verdict

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
UNFINISHED = "unfinished"  # cancelled, or lost with the sandbox: there is no verdict


@dataclass(slots=True)
class RunUnderWay:
    """A run that waits for its place or is running, with the program as it was last equipped."""

    execution_id: str
    tenant: str
    program: Program
    limits: Limits
    began_s: float = field(default_factory=time.monotonic)
    running: bool = False
    outcome: RunOutcome | None = None


@dataclass(slots=True)
class Durations:
    """How many took how long: a count for each bound of SECONDS and one above, and the sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    sum_s: float = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.sum_s += seconds


class RunBoard:
    """Costs a run two entries in tables; nothing here is kept over a restart."""

    def __init__(self) -> None:
        self._under_way: dict[str, RunUnderWay] = {}
        self.ended: Counter[tuple[str, str]] = Counter()  # by verdict and level
        self.durations: dict[str, Durations] = {}

    @contextmanager
    def shown(self, run: RunUnderWay) -> Iterator[RunUnderWay]:
        """On the board until it ends; counted then, by the outcome that was set meanwhile."""
        self._under_way[run.execution_id] = run
        try:
            yield run
        finally:
            self._under_way.pop(run.execution_id, None)
            verdict: Verdict | str = run.outcome.verdict if run.outcome else UNFINISHED
            self.ended[str(verdict), str(run.program.security_level)] += 1
            if run.outcome:
                self._durations_of(str(verdict)).add(run.outcome.execution_time_ms / 1000)

    def _durations_of(self, verdict: str) -> Durations:
        if verdict not in self.durations:
            self.durations[verdict] = Durations()
        return self.durations[verdict]

    def find(self, tenant: str, execution_id: str) -> RunUnderWay | None:
        """A run of this tenant that is under way in this process."""
        found = self._under_way.get(execution_id)
        return found if found is not None and found.tenant == tenant else None
