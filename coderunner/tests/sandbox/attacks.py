"""What an attack is, and how its reply is judged against what the host shows."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyseccomp as seccomp

from coderunner.tests.evidence import folder_state
from coderunner.tests.running import SECRET

REFUSED = ("policy_violation",)
LEVELS = ("restricted", "isolated")

# A program that attacks runs each attempt through this; what it got is printed behind the word GOT.
TRIES = """
def tries(*attempts):
    for attempt in attempts:
        try:
            got = attempt()
        except Exception as refusal:
            print('refused:', type(refusal).__name__, str(refusal)[:200])
        else:
            print('GOT', repr(got)[:300])
    print('held')
"""

# Calls the kernel directly, so that no library's own refusal hides what the filter says.
SYSCALLS = (
    TRIES
    + """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    got = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in args))
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got
"""
)


_CALL_NUMBER = re.compile(r"NR_(\w+)")


def _number(call: str) -> int:
    """The machine's number of a system call; one that it lacks answers ENOSYS like any unknown number."""
    return max(int(seccomp.resolve_syscall(seccomp.system_arch(), call)), -1) if call else -1


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where the bait lies: a folder that nobody may see or change."""

    folder: Path
    data_dir: Path
    service_pid: int
    before: Mapping[str, Any]

    def aim(self, code: str) -> str:
        """The program with the real places in it."""
        places = {
            "@CANARY@": str(self.folder / "readable.txt"),
            "@FOLDER@": str(self.folder),
            "@DATA@": str(self.data_dir),
            "@SERVICE@": str(self.service_pid),
        }
        for name, place in places.items():
            code = code.replace(name, place)
        return _CALL_NUMBER.sub(lambda match: str(_number(match[1])), code)


@dataclass(frozen=True, slots=True)
class Attack:
    """A program, and how it may end under the language policy and without it."""

    code: str
    restricted: tuple[str, ...] = REFUSED
    isolated: tuple[str, ...] = ("success",)
    raises: str = ""  # the isolated program's exception
    limit: str = ""  # the limit that must have ended it
    body: Mapping[str, Any] = field(default_factory=dict)

    def endings(self, level: str) -> tuple[str, ...]:
        return self.restricted if level == "restricted" else self.isolated


async def run_attack(execute: Any, grounds: Grounds, attack: Attack, level: str) -> dict[str, Any]:
    """Run it and hold the reply and the host against what must be."""
    reply: dict[str, Any] = await execute(
        grounds.aim(attack.code), security_level=level, **{"timeout": 10, **attack.body}
    )
    judge(reply, attack, level)
    assert folder_state(grounds.folder) == grounds.before, "the bait was touched"
    return reply


def judge(reply: Mapping[str, Any], attack: Attack, level: str) -> None:
    """Nothing was had, and the run ended as it must."""
    assert SECRET not in json.dumps(reply), reply
    assert reply["status"] in attack.endings(level), reply
    if reply["status"] == "success":
        assert "GOT" not in reply["stdout"], reply["stdout"]
        assert "held" in reply["stdout"] or "tries" not in attack.code, reply
    if reply["status"] == "policy_violation":
        assert all(one["line"] and one["why"] for one in reply["violations"]), reply["violations"]
        assert reply["violations"]
    if level == "isolated" and attack.raises:
        assert [one["type"] for one in reply["exceptions"]] == [attack.raises], reply
    if attack.limit and reply["status"] != "policy_violation":
        assert reply["limit"], reply
        assert reply["limit"]["name"] == attack.limit, reply
