"""Who may run next: bounds, fairness, memory and cancellation, for every order of events."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderunner.src.errors import CapacityExceeded
from coderunner.src.logics.runner.admission import Admission

PLENTY = 1 << 40


def admission(*, places=2, line=10, free=lambda: PLENTY, reserve=0):
    return Admission(places=places, line=line, free_memory_bytes=free, reserve_bytes=reserve)


class Caller:
    """Holds a place until it is told to leave."""

    def __init__(self, admission, tenant="t", memory=1):
        self.leave = asyncio.Event()
        self.inside = asyncio.Event()
        self.task = asyncio.create_task(self._hold(admission, tenant, memory))

    async def _hold(self, admission, tenant, memory):
        async with admission.place(tenant, memory):
            self.inside.set()
            await self.leave.wait()


async def turn():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_the_places_run_and_the_line_is_bounded():
    desk = admission(places=2, line=1)
    callers = [Caller(desk) for _ in range(3)]
    await turn()
    assert (desk.running, desk.waiting) == (2, 1)
    with pytest.raises(CapacityExceeded) as full:
        async with desk.place("t", 1):
            pytest.fail("there was no place")
    assert full.value.retry_after_s >= 1
    for caller in callers:
        caller.leave.set()
    await asyncio.gather(*(caller.task for caller in callers))
    assert (desk.running, desk.waiting) == (0, 0)


async def test_a_tenant_with_a_long_line_does_not_hold_up_another():
    desk = admission(places=1, line=100)
    first = Caller(desk, "greedy")
    greedy = [Caller(desk, "greedy") for _ in range(20)]
    await turn()
    modest = Caller(desk, "modest")
    await turn()
    first.leave.set()
    await turn()
    greedy[0].leave.set()
    await turn()
    assert modest.inside.is_set(), "after one of the others, not after twenty"
    for caller in (*greedy, modest):
        caller.leave.set()
    await asyncio.gather(*(caller.task for caller in (first, *greedy, modest)))


async def test_alone_a_run_always_fits_and_beside_others_only_into_free_memory():
    free = [100]
    desk = admission(places=5, free=lambda: free[0], reserve=10)
    large = Caller(desk, memory=1000)
    await turn()
    assert large.inside.is_set()
    second = Caller(desk, memory=91)
    await turn()
    assert not second.inside.is_set()
    free[0] = 101
    async with asyncio.timeout(60):
        await second.inside.wait()
    for caller in (large, second):
        caller.leave.set()
    await asyncio.gather(large.task, second.task)


async def test_who_is_cancelled_while_waiting_leaves_no_trace():
    desk = admission(places=1)
    first, waiting, third = Caller(desk, "a"), Caller(desk, "b"), Caller(desk, "c")
    await turn()
    waiting.task.cancel()
    await turn()
    assert (desk.running, desk.waiting) == (1, 1)
    first.leave.set()
    await turn()
    assert third.inside.is_set()
    third.leave.set()
    await asyncio.gather(first.task, waiting.task, third.task, return_exceptions=True)
    assert (desk.running, desk.waiting) == (0, 0)


async def test_who_is_cancelled_in_the_moment_of_its_turn_passes_the_place_on():
    desk = admission(places=1)
    first, second, third = Caller(desk, "a"), Caller(desk, "b"), Caller(desk, "c")
    await turn()
    first.leave.set()
    while second.task._fut_waiter is not None and not second.task._fut_waiter.done():
        await asyncio.sleep(0)
    second.task.cancel()
    await turn()
    assert third.inside.is_set()
    third.leave.set()
    await asyncio.gather(first.task, second.task, third.task, return_exceptions=True)
    assert desk.running == 0


EVENTS = st.lists(
    st.tuples(st.sampled_from(["come", "leave", "cancel"]), st.integers(0, 9), st.sampled_from("abc")),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(events=EVENTS, places=st.integers(1, 4), line=st.integers(0, 6))
def test_whatever_happens_places_are_neither_lost_nor_doubled(events, places, line):
    async def play():
        desk = admission(places=places, line=line)
        callers = []
        for action, number, tenant in events:
            if action == "come":
                callers.append(Caller(desk, tenant))
            elif callers:
                caller = callers[number % len(callers)]
                caller.leave.set() if action == "leave" else caller.task.cancel()
            await turn()
            inside = sum(one.inside.is_set() and not one.task.done() for one in callers)
            assert desk.running == inside <= places
            assert desk.waiting <= line
            assert desk.waiting == 0 or desk.running == places, "nobody waits beside a free place"
        for caller in callers:
            caller.leave.set()
        for outcome in await asyncio.gather(*(caller.task for caller in callers), return_exceptions=True):
            assert outcome is None or isinstance(outcome, (CapacityExceeded, asyncio.CancelledError))
        assert (desk.running, desk.waiting) == (0, 0)

    asyncio.run(play())
