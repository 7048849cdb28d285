"""From wishes to limits: never above the operator's maximum, never silently less."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderunner.src.common.settings import Settings
from coderunner.src.errors import LimitAboveMaximum
from coderunner.src.logics.runner.limits import WIRE_LIMITS, LimitRules

SETTINGS = Settings()
RULES = LimitRules(SETTINGS.default_limits(), SETTINGS.max_limits(), 2)


def test_without_wishes_a_run_gets_the_defaults():
    assert RULES.limits_for({}) == replace(SETTINGS.default_limits(), cpu_s=RULES.limits_for({}).cpu_s)
    assert RULES.limits_for({}).cpu_s <= 30 * 2 + 1


def test_a_timeout_of_a_fraction_is_that_fraction():
    assert RULES.limits_for({"timeout": 0.25}).wall_s == 0.25


@pytest.mark.parametrize("name", sorted(WIRE_LIMITS))
def test_exactly_the_maximum_is_given_and_one_more_is_refused_by_name(name):
    field, factor = WIRE_LIMITS[name]
    most = getattr(SETTINGS.max_limits(), field) / factor
    assert getattr(RULES.limits_for({name: most}), field) == pytest.approx(most * factor)
    with pytest.raises(LimitAboveMaximum) as refused:
        RULES.limits_for({name: most + 1})
    assert refused.value.errors[0]["pointer"] == f"/{name}"
    assert name in str(refused.value)


@given(wishes=st.dictionaries(st.sampled_from(sorted(WIRE_LIMITS)), st.integers(1, 10**12)))
def test_every_answer_is_what_was_asked_or_a_refusal(wishes):
    try:
        limits = RULES.limits_for(wishes)
    except LimitAboveMaximum:
        return
    for name, wish in wishes.items():
        field, factor = WIRE_LIMITS[name]
        assert getattr(limits, field) == pytest.approx(wish * factor)
    for field in replace(limits).__slots__:
        assert getattr(limits, field) <= getattr(SETTINGS.max_limits(), field) or field == "cpu_share"


def test_cpu_time_follows_the_wall_time_unless_it_is_asked_for():
    assert RULES.limits_for({"timeout": 2}).cpu_s <= 2 * 2 + 1
    assert RULES.limits_for({"timeout": 2, "cpu_time": 7}).cpu_s == 7
