"""Who may narrow and who may widen the language policy of a run."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderunner.src.common.program import SecurityLevel
from coderunner.src.common.security import key_policy
from coderunner.src.errors import PolicyTooWide
from coderunner.src.logics.code.policy_rules import PolicyRules
from coderunner.tests.unit.language.conftest import ROOT

RESTRICTED = SecurityLevel.RESTRICTED
MODULES = ["json", "math", "os", "pandas", "numpy", "requests", "threading", "subprocess", "re"]
settings = st.fixed_dictionaries(
    {},
    optional={
        "allowed_modules": st.lists(st.sampled_from([*MODULES, "*"]), max_size=4),
        "blocked_modules": st.lists(st.sampled_from(MODULES), max_size=3),
        "allowed_functions": st.lists(
            st.sampled_from(["string.Formatter", "pandas.read_pickle"]), max_size=2
        ),
        "blocked_functions": st.lists(st.sampled_from(["open", "sum", "math.sqrt"]), max_size=2),
        "enable_file_access": st.booleans(),
        "enable_network_access": st.booleans(),
        "enable_system_calls": st.booleans(),
    },
)


ASKED = [
    *(("module", name) for name in MODULES),
    *(("builtin", name) for name in ("open", "sum")),
    *(("member", name) for name in ("string.Formatter", "pandas.read_pickle", "math.sqrt")),
    *(("switch", name) for name in ("file_access", "network_access", "system_calls")),
]


class PolicyServer:
    """The guest's policy in its own interpreter: who refuses what."""

    def __init__(self, python):
        script = Path(__file__).parent / "policy_server.py"
        self._process = subprocess.Popen(
            [python, str(script), str(ROOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, policy, asked=ASKED):
        self._process.stdin.write(json.dumps([policy, asked]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def may(self, policy):
        return {name for name, refusal in self(policy).items() if refusal is None}

    def close(self):
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def policies(guest_python):
    server = PolicyServer(guest_python)
    yield server
    server.close()


@given(settings, settings, settings, settings)
def test_nobody_but_the_operator_widens_anything(policies, operator, key, environment, request):
    rules = PolicyRules(operator)
    alone = policies.may(rules.for_run())
    held = policies.may(rules.for_run(key=key))
    together = policies.may(rules.for_run(key=key, environment=environment, request=request))
    assert together <= held <= alone


@given(settings, settings, settings)
def test_a_key_that_overrides_stands_in_the_operators_place(policies, operator, key, request):
    wide = PolicyRules(operator).for_run(key={**key, "overrides_operator": True}, request=request)
    same = PolicyRules({**operator, **key}).for_run(request=request)
    assert policies.may(wide) == policies.may(same)


WORDS = {"key": "this API key", "environment": "this environment", "request": "this request"}


@pytest.mark.parametrize("source", WORDS)
def test_a_refusal_names_whoever_made_the_rule(policies, source):
    def refused(kind, name, operator=None, **narrow):
        policy = PolicyRules(operator or {}).for_run(**{source: narrow})
        return policies(policy, [(kind, name)])[name]

    for narrow in ({"blocked_modules": ["json"]}, {"allowed_modules": ["math"]}):
        set_by, why = refused("module", "json", **narrow)
        assert set_by == source
        assert WORDS[source] in why
    assert refused("module", "json", {"blocked_modules": ["json"]})[0] == "operator"
    assert refused("module", "json", {"allowed_modules": ["math"]})[0] == "operator"
    assert refused("module", "os", allowed_modules=["math"])[0] == "service"
    assert refused("module", "os", {"enable_system_calls": True}, enable_system_calls=False)[0] == source
    assert refused("builtin", "open", blocked_functions=["open"])[0] == source
    assert refused("member", "pandas.read_sql", blocked_functions=["pandas.read_sql"])[0] == source


def test_an_installed_package_lifts_nothing_that_is_refused(policies):
    asked = [("module", name) for name in ("mine", "mine.part", "subprocess", "numpy.ctypeslib")]
    found = policies(PolicyRules().for_run(installed=["subprocess", "numpy", "mine"]), asked)
    assert [name for name, refusal in found.items() if refusal is None] == ["mine", "mine.part"]
    exact = PolicyRules({"allowed_modules": ("math",)}).for_run(installed=["mine"])
    assert policies(exact, asked)["mine"]


@pytest.mark.parametrize(
    ("wishes", "pointer"),
    [
        ({"enable_network_access": True}, "/security_settings/enable_network_access"),
        ({"enable_system_calls": True}, "/security_settings/enable_system_calls"),
        ({"enable_file_access": True}, "/security_settings/enable_file_access"),
        ({"allowed_functions": ["string.Formatter"]}, "/security_settings/allowed_functions"),
    ],
)
def test_a_wish_for_more_is_refused_by_name(wishes, pointer):
    rules, key = PolicyRules(), {"enable_file_access": False}
    with pytest.raises(PolicyTooWide) as refused:
        rules.check(RESTRICTED, wishes, key)
    assert refused.value.errors[0]["pointer"] == pointer
    rules.check(RESTRICTED, wishes, {"overrides_operator": True, **wishes})
    with pytest.raises(PolicyTooWide):
        rules.check(SecurityLevel.ISOLATED, {"blocked_modules": ["re"]})


def test_a_key_that_narrows_the_language_may_not_leave_it():
    assert key_policy({"blocked_modules": ["re"]}).levels() == {RESTRICTED}
    assert key_policy({"max_execution_time": 2}).levels() is None
    assert key_policy({"blocked_modules": ["re"], "security_levels": ["isolated"]}).levels() == {
        SecurityLevel.ISOLATED
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"blocked_module": ["re"]},
        {"blocked_modules": ["re; os"]},
        {"allowed_functions": ["eval"]},
        {"blocked_functions": ["opne"]},
        {"security_levels": []},
        {"security_levels": ["open"]},
        {"max_execution_time": 0},
    ],
)
def test_a_policy_that_is_not_understood_is_an_error(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        key_policy(wrong)
