"""Which converters there are between formats, and the best way from one format to another."""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from dataflowtools.src.logics.file.converting.losses import can_lose

_MAX_HOPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One converter's step: what it costs in fidelity, what it loses, what is missing here for it."""

    source: str
    target: str
    converter: str
    cost: float = 1.0
    losses: tuple[str, ...] = ()
    missing: str = ""
    knows: frozenset[str] = frozenset()  # options that make a difference to what comes out
    needs_tables: bool = False
    last: bool = False  # nothing goes on from what this one makes


@dataclass(frozen=True, slots=True)
class Route:
    """Steps that follow each other."""

    hops: tuple[Hop, ...]

    @property
    def cost(self) -> float:
        """What all steps cost."""
        return sum(hop.cost for hop in self.hops)

    @property
    def losses(self) -> list[str]:
        """What is lost on the way of what the first one's source may have, each once."""
        lost = dict.fromkeys(loss for hop in self.hops for loss in hop.losses)
        return [loss for loss in lost if can_lose(self.hops[0].source, loss)]

    def knows(self, option: str) -> bool:
        """Tell whether an option makes a difference to a step."""
        return any(option in hop.knows for hop in self.hops)

    @property
    def missing(self) -> list[str]:
        """What is not installed here that the way needs."""
        return list(dict.fromkeys(hop.missing for hop in self.hops if hop.missing))


class ConversionGraph:
    """All steps; routes are the cheapest, and of those the shortest."""

    def __init__(self, hops: Iterable[Hop], *, tableless: Collection[str] = ()) -> None:
        self._tableless = tableless
        self._from: dict[str, list[Hop]] = {}
        for hop in hops:
            self._from.setdefault(hop.source, []).append(hop)

    @property
    def sources(self) -> list[str]:
        """Formats that something can be made of."""
        return sorted(self._from)

    def routes(self, source: str, *, working: bool = True) -> Mapping[str, Route]:
        """Find the best way to every other format; `working` leaves out what is not installed here."""
        best: dict[str, Route] = {}
        gone_on: set[str] = set()
        waiting: list[tuple[float, int, tuple[str, ...], int, tuple[Hop, ...]]] = []
        numbers = count()  # of two that are alike, the one that came first

        def go_on(place: str, cost: float, hops: tuple[Hop, ...]) -> None:
            gone_on.add(place)  # the best way that something goes on from need not be the best of all
            order = tuple(name for hop in hops for name in (hop.converter, hop.target))
            for hop in self._onwards(place, source, working=working):
                named = (*order, hop.converter, hop.target)
                step = (cost + hop.cost, len(hops) + 1, named, next(numbers), (*hops, hop))
                heapq.heappush(waiting, step)

        go_on(source, 0.0, ())
        while waiting:
            cost, length, _, _, hops = heapq.heappop(waiting)
            place = hops[-1].target
            if place != source:
                best.setdefault(place, Route(hops))
            if not hops[-1].last and place not in gone_on and length < _MAX_HOPS:
                go_on(place, cost, hops)
        return best

    def _onwards(self, place: str, source: str, *, working: bool) -> Sequence[Hop]:
        return [
            hop
            for hop in self._from.get(place, ())
            if not (working and hop.missing) and not (hop.needs_tables and source in self._tableless)
        ]
