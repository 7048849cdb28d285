"""Compiles coderunner/guest/syscalls.toml to the BPF programs that children load."""

import os
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyseccomp as seccomp

from coderunner.src.common.program import Walls

_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x10000
_PR_SET_SECCOMP = 22
_OPENING = {"open": 1, "openat": 2}  # calls that open files, and which argument holds the flags


@dataclass(frozen=True, slots=True)
class Filters:
    """What a run loads: a filter while it is armed, and one on top of it before its program begins."""

    base: bytes
    narrower: bytes = b""
    supervised: bool = False


class SyscallPolicy:
    """The readable policy, compiled for whoever needs it."""

    def __init__(self, policy_file: Path, *, pid_namespace: bool) -> None:
        self._policy = tomllib.loads(policy_file.read_text())
        self._pid_namespace = pid_namespace
        self._compiled: dict[Walls, Filters] = {}

    def filters(self, walls: Walls) -> Filters:
        """The filters of a run with these walls; the usual walls need one only."""
        found = self._compiled.get(walls)
        if found is None:
            narrower = self._narrower(walls)
            base = self._base(walls, then_narrower=bool(narrower))
            found = self._compiled[walls] = Filters(base, narrower, walls.network)
        return found

    def _base(self, walls: Walls, *, then_narrower: bool) -> bytes:
        """Deny by default; other ABIs than the machine's own refused as a whole."""
        policy = self._policy
        rules = seccomp.SyscallFilter(seccomp.ERRNO(_EPERM))
        rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.ERRNO(_EPERM))
        rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)
        for name in policy["allow"] + (policy["allow_with_pid_namespace"] if self._pid_namespace else []):
            _add(rules, seccomp.ALLOW, name)
        for name in policy["not_implemented"]:
            _add(rules, seccomp.ERRNO(_ENOSYS), name)
        for rule in policy["rule"]:
            _allow(rules, rule)
        if walls.network:
            for rule in policy["network"]["rule"]:
                _allow(rules, rule)
            for name in policy["network"]["supervised"]:
                _add(rules, seccomp.NOTIFY, name)
        if then_narrower:
            _add(rules, seccomp.ALLOW, "prctl", seccomp.Arg(0, seccomp.EQ, _PR_SET_SECCOMP))
        return _exported(rules)

    def _narrower(self, walls: Walls) -> bytes:
        if walls.files and walls.system_calls:
            return b""
        rules = seccomp.SyscallFilter(seccomp.ALLOW)
        rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.ERRNO(_EPERM))
        _add(rules, _REFUSE, "prctl", seccomp.Arg(0, seccomp.EQ, _PR_SET_SECCOMP))
        if not walls.files:
            _refuse_files(rules, self._policy["without_files"])
        if not walls.system_calls:
            _refuse_processes(rules, self._policy["without_system_calls"])
        return _exported(rules)


_REFUSE = seccomp.ERRNO(_EPERM)


def _refuse_files(rules: seccomp.SyscallFilter, section: dict[str, Any]) -> None:
    for name in section["deny"]:
        _add(rules, _REFUSE, name)
    for name, argument in _OPENING.items():
        for bit in section["open_for_writing"]:
            _add(rules, _REFUSE, name, seccomp.Arg(argument, seccomp.MASKED_EQ, bit, bit))


def _refuse_processes(rules: seccomp.SyscallFilter, section: dict[str, Any]) -> None:
    for name in section["deny"]:
        _add(rules, _REFUSE, name)
    for name in section["threads_only"]:
        _add(rules, _REFUSE, name, seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0))


def _allow(rules: seccomp.SyscallFilter, rule: dict[str, Any]) -> None:
    for conditions in _alternatives(rule):
        _add(rules, seccomp.ALLOW, rule["call"], *conditions)


def _alternatives(rule: dict[str, Any]) -> list[list[seccomp.Arg]]:
    """Sets of conditions, of which one must hold as a whole."""
    if both := rule.get("both"):
        return [[_condition(one) for one in both]]
    if one := rule.get("masked") or rule.get("argument"):
        return [[_condition(one)]]
    among = rule["any"]
    return [[seccomp.Arg(among["argument"], seccomp.EQ, value)] for value in among["of"]]


def _condition(one: dict[str, Any]) -> seccomp.Arg:
    if "mask" in one:
        return seccomp.Arg(one["argument"], seccomp.MASKED_EQ, one["mask"], one["equals"])
    return seccomp.Arg(one["argument"], seccomp.EQ, one["equals"])


def _add(rules: seccomp.SyscallFilter, action: int, name: str, *conditions: seccomp.Arg) -> None:
    try:
        number = seccomp.resolve_syscall(seccomp.system_arch(), name)
    except ValueError:
        return  # this machine has no such call
    if number >= 0:
        rules.add_rule(action, name, *conditions)


def _exported(rules: seccomp.SyscallFilter) -> bytes:
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.flush()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        return file.read()
