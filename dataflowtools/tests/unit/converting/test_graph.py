"""Routes are the cheapest there are, and say what they lose and lack."""

from hypothesis import given
from hypothesis import strategies as st

from dataflowtools.src.logics.file.converting.graph import ConversionGraph, Hop

NAMES = st.sampled_from("abcdef")
HOPS = st.lists(
    st.builds(
        Hop,
        source=NAMES,
        target=NAMES,
        converter=st.sampled_from(["x", "y"]),
        cost=st.floats(0.5, 4.0),
        missing=st.sampled_from(["", "", "pandoc"]),
        last=st.booleans(),
    ),
    max_size=25,
)


def hop(pair, cost=1.0, **more):
    return Hop(source=pair[0], target=pair[1], converter="c", cost=cost, **more)


def cheapest(hops, source, target):
    """Try every way of up to four steps."""
    best, ways = None, [((source,), 0.0)]
    for _ in range(4):
        ways = [
            ((*path, one.target), cost + one.cost, one)
            for path, cost, *before in ways
            for one in hops
            if one.source == path[-1] and not one.missing and not (before and before[0].last)
        ]
        for path, cost, _ in ways:
            if path[-1] == target and (best is None or cost < best):
                best = cost
    return best


def test_a_dear_step_is_gone_around():
    graph = ConversionGraph([hop("ac", 5.0), hop("ab"), hop("bc", losses=("layout",))])

    assert [one.target for one in graph.routes("a")["c"].hops] == ["b", "c"]
    assert graph.routes("a")["c"].losses == ["layout"]


def test_nothing_goes_on_from_a_last_step():
    graph = ConversionGraph([hop("ab", last=True), hop("bc")])

    assert set(graph.routes("a")) == {"b"}


def test_a_cheap_last_step_does_not_hide_a_way_that_goes_on():
    graph = ConversionGraph([hop("ab", last=True), hop("ac"), hop("cb"), hop("bd")])

    assert [one.target for one in graph.routes("a")["b"].hops] == ["b"]
    assert [one.target for one in graph.routes("a")["d"].hops] == ["c", "b", "d"]


def test_no_tables_are_taken_out_of_what_has_none_however_long_the_way():
    graph = ConversionGraph([hop("ab"), hop("bc", needs_tables=True), hop("cd")], tableless={"a"})

    assert set(graph.routes("a")) == {"b"}
    assert set(graph.routes("b")) == {"c", "d"}


def test_what_is_missing_is_left_out_and_named():
    graph = ConversionGraph([hop("ab", missing="LibreOffice Writer"), hop("bc", missing="pandoc")])

    assert not graph.routes("a")
    assert graph.routes("a", working=False)["c"].missing == ["LibreOffice Writer", "pandoc"]


@given(hops=HOPS)
def test_routes_hold_together_and_never_come_back(hops):
    for source in "abcdef":
        for target, route in ConversionGraph(hops).routes(source).items():
            places = [source, *(one.target for one in route.hops)]
            assert places[-1] == target != source
            assert [one.source for one in route.hops] == places[:-1]
            assert len(set(places)) == len(places)
            assert not route.missing
            assert not any(one.last for one in route.hops[:-1])


@given(
    hops=st.lists(
        st.builds(Hop, source=NAMES, target=NAMES, converter=st.just("x"), cost=st.just(1.0)), max_size=15
    )
)
def test_routes_are_the_shortest_there_are(hops):
    for target, route in ConversionGraph(hops).routes("a").items():
        assert route.cost == cheapest(hops, "a", target)
