"""States move one way: a model of many workers, crashes and late results against the real rows."""

import asyncio
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from deps.executor.tests.conftest import make_sqlite
from deps.executor.tests.toys import request
from executor.adapters.sql.store import SqlStore
from executor.common.executions import ExecutionOutput, NewExecution, Settlement
from executor.common.ids import new_id
from executor.common.queues import Limits
from executor.common.requests import ExecutionOptions
from executor.common.states import TRANSITIONS, ExecutionStatus, check_move, sources_of, state_of_verdict
from executor.core.verdicts import after_loss
from executor.errors import ExecutionStillActive, IllegalTransition

FINALS = [status for status in ExecutionStatus if status.is_final]


def test_the_table_has_no_way_back_and_every_state_has_an_end():
    def reachable(state):
        seen, todo = set(), [state]
        while todo:
            for target in TRANSITIONS[todo.pop()] - seen:
                seen.add(target)
                todo.append(target)
        return seen

    for state in ExecutionStatus:
        assert ExecutionStatus.QUEUED not in reachable(state)
        assert state.is_final or set(FINALS) - {ExecutionStatus.SUCCEEDED} <= reachable(state)
        for target in ExecutionStatus:
            allowed = target in TRANSITIONS[state]
            assert (state in sources_of(target)) is allowed
            if not allowed:
                with pytest.raises(IllegalTransition):
                    check_move(state, target)
    assert {state_of_verdict(name) for name in ("success", "timeout", "cancelled", "killed")} == set(FINALS)


class Rows(RuleBasedStateMachine):
    """Several workers on one database; `claims` also keeps those that are long out of date."""

    ids = Bundle("ids")
    claims = Bundle("claims")

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.store = SqlStore(make_sqlite(self.folder), threads=1)
        self.seen = {}
        self.fences = {}
        self.holders = {}
        self.idempotent = {}

    def teardown(self):
        self.do(self.store.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def do(self, work):
        return self.loop.run_until_complete(work)

    @rule(target=ids, idempotent=st.booleans())
    def submit(self, idempotent):
        asked = request(options=ExecutionOptions(idempotent=idempotent))
        one = NewExecution(new_id("ex"), asked, 2, 1.0, 300.0)
        self.do(self.store.submit([one]))
        self.seen[one.execution_id] = [ExecutionStatus.QUEUED]
        self.fences[one.execution_id] = 0
        self.idempotent[one.execution_id] = idempotent
        return one.execution_id

    @rule(target=claims, worker=st.sampled_from(["w1", "w2"]), handed=st.booleans())
    def claim(self, worker, handed):
        name = None if handed else worker
        taken = self.do(self.store.claim(1, worker_id=name, lease_s=0.0, kinds=["echo"], limits=Limits()))
        if not taken:
            return None
        [claim] = taken
        assert claim.fence == self.fences[claim.execution_id] + 1
        self.fences[claim.execution_id] = claim.fence
        if handed:
            started = self.do(
                self.store.start(claim.execution_id, claim.fence, worker_id=worker, lease_s=0.0)
            )
            assert started is not None
            self.fences[claim.execution_id] = started.fence
            return started
        return claim

    @rule(claim=claims, status=st.sampled_from([*FINALS, ExecutionStatus.RETRYING]))
    def settle(self, claim, status):
        if claim is None:
            return
        before = self.do(self.store.get(claim.execution_id, None)).status
        settled = self.do(self.store.settle(claim, Settlement(status, output=ExecutionOutput(value=1))))
        newest = claim.fence == self.fences[claim.execution_id]
        assert settled is (newest and before is ExecutionStatus.RUNNING)

    @rule(claim=consumes(claims))
    def crash(self, claim):
        """The worker is gone; the sweep decides."""
        if claim is None:
            return
        for lapsed in self.do(self.store.lapsed(100)):
            if lapsed.execution_id == claim.execution_id:
                settlement = after_loss(lapsed, 15, 0.0)
                assert (settlement.status is ExecutionStatus.RETRYING) <= self.idempotent[claim.execution_id]
                assert self.do(self.store.settle(lapsed, settlement, only_lapsed=True))

    @rule(one=ids)
    def cancel(self, one):
        before = self.do(self.store.get(one, None)).status
        after = self.do(self.store.cancel(one, None))
        if before in (ExecutionStatus.QUEUED, ExecutionStatus.RETRYING):
            assert after.status is ExecutionStatus.CANCELLED
        else:
            assert after.status is before

    @rule()
    def clock(self):
        self.do(self.store.promote())
        self.do(self.store.age(0.0))

    @rule(one=ids)
    def delete_active(self, one):
        if not self.do(self.store.get(one, None)).status.is_final:
            with pytest.raises(ExecutionStillActive):
                self.do(self.store.delete(one, None))

    @invariant()
    def every_history_is_a_walk_through_the_table(self):
        for one in self.seen:
            states = [
                ExecutionStatus(event.data["status"])
                for event in self.do(self.store.events(one, 0, 1000))
                if event.type == "state"
            ]
            for current, target in pairwise(states):
                check_move(current, target)
            assert states[: len(self.seen[one])] == self.seen[one]
            assert self.do(self.store.get(one, None)).status is states[-1]
            self.seen[one] = states


Rows.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestRows = Rows.TestCase
