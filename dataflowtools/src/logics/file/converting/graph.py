"""Which converters there are between formats, and the best way from one format to another."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
    selects_pages: bool = False
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
        """What is lost on the way, each once."""
        return list(dict.fromkeys(loss for hop in self.hops for loss in hop.losses))

    @property
    def missing(self) -> list[str]:
        """What is not installed here that the way needs."""
        return list(dict.fromkeys(hop.missing for hop in self.hops if hop.missing))


class ConversionGraph:
    """All steps; routes are the cheapest, and of those the shortest."""

    def __init__(self, hops: Iterable[Hop]) -> None:
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
        waiting: list[tuple[float, int, tuple[str, ...], tuple[Hop, ...]]] = [(0.0, 0, (), ())]
        while waiting:
            cost, length, order, hops = heapq.heappop(waiting)
            place = hops[-1].target if hops else source
            if hops and (place == source or place in best):
                continue
            if hops:
                best[place] = Route(hops)
            if length < _MAX_HOPS and not (hops and hops[-1].last):
                for hop in self._onwards(place, working=working):
                    step = (cost + hop.cost, length + 1, (*order, hop.converter, hop.target), (*hops, hop))
                    heapq.heappush(waiting, step)
        return best

    def _onwards(self, place: str, *, working: bool) -> Sequence[Hop]:
        return [hop for hop in self._from.get(place, ()) if not (working and hop.missing)]
