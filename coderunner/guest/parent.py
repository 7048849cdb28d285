"""The parent: libraries loaded, no secret, no user code; forks children on request and reports how they end."""

from __future__ import annotations

import gc
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from coderunner.guest import child, kernel, networks, unwalled, usage, wire

CHILD_NAMESPACES = kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP
SAMPLE_INTERVAL_S = 0.04
SAMPLE_REST = (
    3  # a look that took long is followed by a rest of so many times as long: children are waited for
)


@dataclass(slots=True)
class Run:
    """One child and everything that must be released when its last process is gone."""

    number: int
    slot: int
    first: kernel.Process | None
    program: kernel.Process
    network: int = -1
    watch: usage.Watch | None = None
    open_pidfds: set[int] = field(default_factory=set)


def serve(
    channel: socket.socket, config: dict[str, Any], ruleset: int | None, guard: int | None = None
) -> None:
    """Warm up, say so, and fork on request until the service closes the channel or the guard is gone."""
    if not config["namespaces"]:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    warm = _warm_up(config["kind"])
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        wire.send_message(
            channel, {"event": "refused", "why": f"{threads} threads after warming up; forks need one"}
        )
        sys.exit(1)
    gc.collect()
    gc.freeze()
    birth = child.Birth.of_this_process(config["kind"])
    rss_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wire.send_message(
        channel, {"event": "ready", "rss_kb": rss_kb, "landlock": ruleset is not None, "warm": warm}
    )
    Parent(channel, child.Setup.from_config(config, ruleset, birth), guard).loop()


def _warm_up(kind: str) -> list[str]:
    from coderunner.guest import language

    before = set(sys.modules)
    match kind:
        case "slim":
            language.warm_slim()
        case "tables":
            language.warm_tables()
        case _:
            _show_font_cache()
            language.warm_data_science()
    return sorted(name for name in set(sys.modules) - before if "." not in name and not name.startswith("_"))


def _show_font_cache() -> None:
    """Matplotlib insists on a folder that it may write to; ours starts with the guest's ready-made cache."""
    source, target = f"{os.environ['GUEST_SHARE']}/matplotlib", os.environ["MPLCONFIGDIR"]
    if os.path.isdir(source) and not os.path.isdir(target):
        shutil.copytree(source, target)


class Parent:
    def __init__(self, channel: socket.socket, setup: child.Setup, guard: int | None = None) -> None:
        self._channel = channel
        self._guard = guard
        self._setup = setup
        self._runs: dict[int, Run] = {}
        self._by_pidfd: dict[int, Run] = {}
        self._free_slots = list(range(setup.uid_slots, 0, -1)) if setup.uid_slots else []
        self._stacks = [kernel.ReaperStack() for _ in range(setup.max_children)]
        self._used_stacks: dict[int, kernel.ReaperStack] = {}
        self._networks = networks.Networks() if setup.namespaces else None
        self._cleaners: set[int] = set()  # processes that remove runs' folders
        self._ending: dict[int, int] = {}  # process groups that are being ended, and their runs
        self._epoll = select.epoll()
        self._epoll.register(channel.fileno(), select.EPOLLIN)
        if guard is not None:
            self._epoll.register(guard, select.EPOLLIN)
        self._self_pidfd = os.pidfd_open(os.getpid())
        self._sample_at_s = 0.0

    def loop(self) -> None:
        try:
            while self._turn():
                self._sample()
                if self._ending or self._cleaners:
                    self._end_groups()
        except (BrokenPipeError, ConnectionResetError):
            return  # the service went while we were telling it something
        finally:
            for run in self._runs.values():
                self._kill(run)
            for group in self._ending:
                unwalled.end_group(group)

    def _turn(self) -> bool:
        """Wait for what happens and deal with it; False when the service or the guard is gone."""
        for fd, _ in self._epoll.poll(self._patience_s()):
            if fd == self._channel.fileno():
                if not self._obey():
                    return False
            elif fd == self._guard:
                return False
            elif fd in self._by_pidfd:
                self._reap(fd)
        return True

    def _patience_s(self) -> float | None:
        if any(run.watch for run in self._runs.values()):
            return max(0.0, self._sample_at_s - time.monotonic())
        return SAMPLE_INTERVAL_S if self._ending or self._cleaners else None

    def _obey(self) -> bool:
        received = wire.receive_message(self._channel)
        if received is None:
            return False
        message = received[0]
        number = message["run"]
        match message["do"]:
            case "fork":
                self._fork(number, message)
            case "kill":
                if run := self._runs.get(number):
                    self._kill(run)
            case "watch":
                if run := self._runs.get(number):
                    run.watch = usage.Watch.from_message(message)
        return True

    # --- making a run -------------------------------------------------------------------------

    def _fork(self, number: int, wishes: dict[str, Any]) -> None:
        if not self._stacks or (self._setup.uid_slots and not self._free_slots):
            wire.send_message(self._channel, {"event": "unforked", "run": number, "why": "no free place"})
            return
        slot = self._free_slots.pop() if self._setup.uid_slots else 0
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        try:
            run = self._start(number, slot, (theirs.fileno(), out_write, err_write), wishes)
            message = {"event": "forked", "run": number, "namespaced": run.first is not None}
            descriptors = [ours.fileno(), out_read, err_read, run.program.pidfd]
            wire.send_message(self._channel, message, descriptors + ([run.first.pidfd] if run.first else []))
        except kernel.KernelRefusal as refusal:
            if slot:
                self._free_slots.append(slot)
            wire.send_message(self._channel, {"event": "unforked", "run": number, "why": str(refusal)})
        finally:
            ours.close()
            theirs.close()
            for fd in (out_read, out_write, err_read, err_write):
                os.close(fd)

    def _start(self, number: int, slot: int, stdio: tuple[int, int, int], wishes: dict[str, Any]) -> Run:
        if self._networks is None:
            return self._remember(Run(number, slot, None, self._clone(0, slot, stdio, wishes)))
        stack = self._stacks.pop()
        first = kernel.start_pid_namespace(stack)
        self._used_stacks[number] = stack
        try:
            kernel.setns(first.pidfd, kernel.CLONE_NEWPID)
            try:
                with self._networks.entered() as network:
                    program = self._clone(CHILD_NAMESPACES, slot, stdio, wishes)
            finally:
                kernel.setns(self._self_pidfd, kernel.CLONE_NEWPID)
        except kernel.KernelRefusal:
            signal.pidfd_send_signal(first.pidfd, signal.SIGKILL)
            os.waitpid(first.pid, 0)
            os.close(first.pidfd)
            self._stacks.append(self._used_stacks.pop(number))
            raise
        return self._remember(Run(number, slot, first, program, network))

    def _clone(
        self, flags: int, slot: int, stdio: tuple[int, int, int], wishes: dict[str, Any]
    ) -> kernel.Process:
        process = kernel.fork_into(flags)
        if process is None:
            child.live(self._setup, slot, stdio, wishes)
        return process

    def _remember(self, run: Run) -> Run:
        self._runs[run.number] = run
        for process in (run.first, run.program):
            if process:
                self._by_pidfd[process.pidfd] = run
                run.open_pidfds.add(process.pidfd)
                self._epoll.register(process.pidfd, select.EPOLLIN)
        return run

    # --- ending a run -------------------------------------------------------------------------

    def _kill(self, run: Run) -> None:
        target = run.first or run.program
        if target.pidfd in run.open_pidfds:
            if run.first is None:
                unwalled.end_group(run.program.pid)
            else:
                signal.pidfd_send_signal(target.pidfd, signal.SIGKILL)

    def _reap(self, pidfd: int) -> None:
        run = self._by_pidfd.pop(pidfd)
        run.open_pidfds.discard(pidfd)
        self._epoll.unregister(pidfd)
        if pidfd == run.program.pidfd:
            if run.first is None:
                unwalled.end_group(run.program.pid)
            _, status, used = os.wait4(run.program.pid, 0)
            self._report_exit(run, status, used)
            run.watch = None
            self._kill(run)
        elif run.first is not None:
            os.waitpid(run.first.pid, 0)
        os.close(pidfd)
        if not run.open_pidfds:
            self._release(run)

    def _report_exit(self, run: Run, status: int, used: resource.struct_rusage) -> None:
        report = {
            "event": "exited",
            "run": run.number,
            "code": os.waitstatus_to_exitcode(status),
            "cpu_ms": round((used.ru_utime + used.ru_stime) * 1000, 3),
            "peak_rss_kb": used.ru_maxrss,
            "faults": used.ru_minflt,
            "watched_kb": run.watch.peak_kb if run.watch else 0,
        }
        wire.send_message(self._channel, report)

    def _release(self, run: Run) -> None:
        del self._runs[run.number]
        if run.slot:
            self._free_slots.append(run.slot)
        if run.number in self._used_stacks:
            self._stacks.append(self._used_stacks.pop(run.number))
        if self._networks is not None:
            self._networks.give_back(run.network)
        if run.first is None:
            self._ending[run.program.pid] = run.number
            self._end_groups()
        else:
            wire.send_message(self._channel, {"event": "gone", "run": run.number})

    def _end_groups(self) -> None:
        """Without a PID namespace a run is over when its process group is empty; then its folder goes."""
        for group in [group for group in self._ending if unwalled.group_is_gone(group)]:
            self._cleaners.add(unwalled.remove_box(f"{self._setup.boxes}/{group}"))
            wire.send_message(self._channel, {"event": "gone", "run": self._ending.pop(group)})
        self._cleaners -= {pid for pid in self._cleaners if os.waitpid(pid, os.WNOHANG)[0]}

    def _sample(self) -> None:
        """Sum what the watched runs' processes use; end at once what is over its limit, then say so.

        A look costs more the more runs there are, so looks keep their distance whatever else happens.
        """
        watched = [(run, watch) for run in self._runs.values() if (watch := run.watch)]
        if not watched or time.monotonic() < self._sample_at_s:
            return
        started_s = time.monotonic()
        programs = [run.program.pid for run, _ in watched]
        processes = usage.processes_by_program(programs, namespaced=self._setup.namespaces)
        for run, watch in watched:
            over = watch.sample(run.program.pid, processes[run.program.pid])
            if over:
                self._kill(run)
                wire.send_message(self._channel, {"event": "over", "run": run.number, **over})
                run.watch = None
        now_s = time.monotonic()
        self._sample_at_s = now_s + max(SAMPLE_INTERVAL_S, SAMPLE_REST * (now_s - started_s))
