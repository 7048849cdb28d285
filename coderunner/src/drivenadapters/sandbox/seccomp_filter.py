"""Compiles coderunner/guest/syscalls.toml to the BPF program that every child loads."""

import os
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pyseccomp as seccomp

_EPERM, _ENOSYS = 1, 38


def compile_filter(policy_file: Path, *, pid_namespace: bool) -> bytes:
    """The filter as BPF; deny by default, other ABIs than the machine's own refused as a whole."""
    policy = tomllib.loads(policy_file.read_text())
    rules = seccomp.SyscallFilter(seccomp.ERRNO(_EPERM))
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.ERRNO(_EPERM))
    rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)
    allowed = policy["allow"] + (policy["allow_with_pid_namespace"] if pid_namespace else [])
    for name in allowed:
        _add(rules, seccomp.ALLOW, name)
    for name in policy["not_implemented"]:
        _add(rules, seccomp.ERRNO(_ENOSYS), name)
    for rule in policy["rule"]:
        for condition in _conditions(rule):
            _add(rules, seccomp.ALLOW, rule["call"], condition)
    return _exported(rules)


def _conditions(rule: dict[str, Any]) -> list[seccomp.Arg]:
    if masked := rule.get("masked"):
        return [seccomp.Arg(masked["argument"], seccomp.MASKED_EQ, masked["mask"], masked["equals"])]
    if exact := rule.get("argument"):
        return [seccomp.Arg(exact["argument"], seccomp.EQ, exact["equals"])]
    among = rule["any"]
    return [seccomp.Arg(among["argument"], seccomp.EQ, value) for value in among["of"]]


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
