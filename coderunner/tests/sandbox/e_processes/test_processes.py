"""ATTACKS E: too many processes, processes that stay, and what signals and handles can reach."""

import asyncio

import pytest

from coderunner.tests.evidence import processes_of
from coderunner.tests.sandbox.attacks import SYSCALLS, TRIES, Attack

FORK_BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
THREAD_BOMB = (
    "import threading, time\nn = 0\ntry:\n    while True:\n        threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); n += 1\n"
    "except RuntimeError: print(n)\nimport os; os._exit(0)"
)


async def test_a_fork_bomb_stays_small_and_touches_no_other_run(execute, service, untouched):
    """Attack 63: fork without end; the host never shows more processes than the limit, and a run beside it goes on."""
    before = len(processes_of(service.pid))
    bomb = asyncio.create_task(execute(FORK_BOMB, security_level="isolated", timeout=1.5, max_processes=20))
    await asyncio.sleep(0.3)
    beside = [await execute("print(sum(range(10)))", security_level="isolated") for _ in range(3)]
    most = len(processes_of(service.pid))
    reply = await bomb
    assert reply["status"] == "timeout", reply
    assert [one["stdout"] for one in beside] == ["45\n"] * 3
    assert most - before <= 20 + 2 * 6, "the bomb's processes and children that the pool makes meanwhile"


async def test_a_thread_bomb_ends_at_the_limit(execute):
    """Attack 63: threads count as processes do."""
    reply = await execute(THREAD_BOMB, security_level="isolated", max_processes=30)
    assert reply["status"] == "success", reply
    assert 20 <= int(reply["stdout"]) <= 30


async def test_a_thread_bomb_under_the_policy_is_refused_or_bounded(execute):
    """Attack 63: the policy hands out no way to fork, and threads meet the same limit."""
    assert (await execute(FORK_BOMB))["status"] == "policy_violation"
    code = (
        "import threading, time\n"
        "ts = [threading.Thread(target=time.sleep, args=(2,)) for _ in range(500)]\nfor t in ts: t.start()"
    )
    assert (await execute(code, max_processes=30))["status"] in {"policy_violation", "error"}


DAEMONS = {
    "64 double fork": "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n    os._exit(0)\nprint('left')",
    "64 deaf": "if os.fork() == 0:\n    [signal.signal(s, signal.SIG_IGN) for s in range(1, 32) if s not in (9, 19)]\n"
    "    while 1: time.sleep(600)\nprint('left')",
    "64 stopped": "pid = os.fork()\nif pid == 0: time.sleep(600)\nos.kill(pid, signal.SIGSTOP)\nprint('left')",
    "64 many generations": "for _ in range(5):\n    if os.fork(): break\n    os.setpgid(0, 0)\nelse:\n    time.sleep(600)\ntime.sleep(0.2)\nprint('left')",
    "64 vfork and exec": "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\nprint('left')",
    "64 holds stdout": "if os.fork() == 0: time.sleep(600)\nprint('left')",
}


@pytest.mark.parametrize("code", DAEMONS.values(), ids=DAEMONS)
async def test_a_process_that_outlives_its_program_does_not_outlive_the_run(execute, code):
    """Attack 64: daemons, deaf and stopped processes, new sessions; the run ends soon and the host shows none of them."""
    reply = await execute("import os, signal, time\n" + code, security_level="isolated", timeout=10)
    assert "left" in reply["stdout"], reply
    assert reply["status"] in {"success", "timeout"}
    if "holds" not in code:
        assert reply["execution_time_ms"] < 10_000


async def test_signals_reach_only_the_own_run(execute, grounds):
    """Attack 65: kill everything, the service, the first process; a run beside it, and the service, go on."""
    beside = asyncio.create_task(
        execute("import time\ntime.sleep(1)\nprint('alive')", security_level="isolated")
    )
    await asyncio.sleep(0.1)
    code = TRIES + (
        "import os, signal\n"
        "tries(lambda: os.kill(@SERVICE@, 9), lambda: os.kill(@SERVICE@, 0), lambda: os.killpg(@SERVICE@, 9),"
        " lambda: os.pidfd_open(@SERVICE@), *[lambda pid=pid: os.kill(pid, 9) for pid in range(3, 3000) if pid != os.getpid()])\n"
        "for pid in (1, -1, 0):\n    try: os.kill(pid, 9)\n    except OSError as e: print(e)\n"
    )
    reply = await execute(grounds.aim(code), security_level="isolated")
    assert reply["return_code"] == -9, "its own process group is its own to kill"
    assert "GOT" not in reply["stdout"]
    assert (await beside)["stdout"] == "alive\n"


async def test_the_first_process_of_the_namespace_cannot_be_taken_over(execute):
    """Attack 65: signals that would stop or end process 1; the run goes on and ends as it says."""
    code = (
        "import os, signal\n"
        "for number in range(1, 65):\n    try: os.kill(1, number)\n    except OSError: pass\nprint(os.getppid(), 'on')"
    )
    reply = await execute(code, security_level="isolated")
    assert reply["stdout"].endswith(" on\n"), reply


HANDLES = SYSCALLS + (
    "import struct\n"
    "buffer = ctypes.create_string_buffer(64)\n"
    "vector = struct.pack('QQ', ctypes.addressof(buffer), 64)\n"
    "vectors = ctypes.create_string_buffer(vector, 16)\n"
    "tries(lambda: call(NR_ptrace, 16, @SERVICE@, 0, 0), lambda: call(NR_ptrace, 0, 0, 0, 0), lambda: call(NR_ptrace, 16, 1, 0, 0),"
    " lambda: call(NR_process_vm_readv, @SERVICE@, ctypes.addressof(vectors), 1, ctypes.addressof(vectors), 1, 0),"
    " lambda: call(NR_process_vm_writev, 1, ctypes.addressof(vectors), 1, ctypes.addressof(vectors), 1, 0),"
    " lambda: call(NR_pidfd_getfd, os.pidfd_open(1), 0, 0), lambda: call(NR_kcmp, 1, os.getpid(), 0, 0, 0),"
    " lambda: open('/proc/@SERVICE@/mem', 'rb'), lambda: open('/proc/1/mem', 'r+b'), lambda: open('/proc/1/environ').read(),"
    " lambda: os.listdir('/proc/1/fd'), lambda: call(NR_process_madvise, 0, 0, 0, 0, 0))"
)


async def test_no_other_process_can_be_looked_into(attack, level):
    """Attack 66: ptrace, process_vm_*, pidfd_getfd and /proc/<pid>/mem on the supervisor, the service and siblings."""
    await attack(Attack(HANDLES), level)


async def test_only_the_streams_and_the_channel_are_open(execute):
    """Attack 67: descriptors of the service (sockets, logs, databases) that a fork would hand down."""
    code = (
        "import os\nopen_fds = []\n"
        "for fd in range(1024):\n    try: os.fstat(fd); open_fds.append((fd, os.readlink(f'/proc/self/fd/{fd}')))\n    except OSError: pass\n"
        "open_fds"
    )
    found = dict(map(tuple, (await execute(code, security_level="isolated"))["value"]))
    assert set(found) == {0, 1, 2, 3}
    assert found[0].endswith("null"), found
    assert found[1].startswith("pipe:")
    assert found[2].startswith("pipe:")
    assert found[3].startswith("socket:")


FORGERIES = {
    "68 a frame with no token": "struct.pack('>I', len(m)) + m",
    "68 a frame with a wrong token": "struct.pack('>I', len(m) + 16) + b'x' * 16 + m",
    "68 a huge frame": "b'\\xff\\xff\\xff\\xff' + b'x' * 100",
    "68 rubbish": "b'\\0\\0\\0\\2{}' * 100",
    "68 deep JSON": "struct.pack('>I', 100000) + b'[' * 100000",
}


@pytest.mark.parametrize("frame", FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_frame_is_no_result(execute, frame):
    """Attack 68: success with a value of its choice, written to the control channel by hand."""
    code = (
        'import os, struct, time\nm = b\'{"type":"end","status":"success","value":"forged","return_code":0}\'\n'
        f"data = {frame}\nwhile data: data = data[os.write(3, data):]\ntime.sleep(5)"
    )
    reply = await execute(code, security_level="isolated", timeout=3)
    assert reply["status"] == "killed", reply
    assert reply["value"] is None
    assert reply["exceptions"][0]["type"] == "ResultChannelError"


async def test_markers_on_stdout_are_text(execute, level):
    """Attack 68: what looks like a result on stdout is stdout."""
    text = '{"type":"end","status":"success","value":"forged"}'
    reply = await execute(f"print({text!r})\n'mine'", security_level=level)
    assert (reply["value"], reply["stdout"]) == ("mine", text + "\n")


EXITS = {
    "69 _exit 0": ("os._exit(0)", "success", 0),
    "69 _exit 3": ("os._exit(3)", "error", 3),
    "69 exit 5": ("sys.exit(5)", "error", 5),
    "69 exit text": ("sys.exit('why')", "error", 1),
    "69 segfault": ("import ctypes; ctypes.string_at(0)", "killed", -11),
    "69 abort": ("os.abort()", "killed", -6),
    "69 kill self": ("os.kill(os.getpid(), 9)", "killed", -9),
    "69 term self": ("os.kill(os.getpid(), 15)", "killed", -15),
    "69 closed control": ("os.close(3); os._exit(4)", "error", 4),
    "69 closed stdout": ("os.close(1); os._exit(0)", "success", 0),
    "69 dup over control": ("os.dup2(1, 3); os._exit(6)", "error", 6),
}


@pytest.mark.parametrize(("code", "status", "return_code"), EXITS.values(), ids=EXITS)
async def test_every_way_to_end_is_told_as_it_was(execute, code, status, return_code):
    """Attack 69: exits past the interpreter, signals, closed channels; never a success with stale data."""
    reply = await execute(
        f"import os, sys\nprint('said', flush=True)\n{code}\n'stale'", security_level="isolated"
    )
    assert (reply["status"], reply["return_code"], reply["value"]) == (status, return_code, None), reply
    assert reply["stdout"] == "said\n"


async def test_a_lost_channel_is_no_success(execute):
    """Attack 69: the control channel closed or replaced, and the program goes on to its end."""
    for trick in ("os.close(3)", "os.dup2(1, 3)", "os.closerange(0, 100)", "os.dup2(os.open('x', 66), 3)"):
        reply = await execute(f"import os\n{trick}\n'value'", security_level="isolated")
        assert reply["status"] != "success", (trick, reply)
        assert reply["value"] is None


AFTER_MAIN = {
    "70 atexit": "import atexit\natexit.register(lambda: time.sleep(600))",
    "70 thread": "import threading\nthreading.Thread(target=time.sleep, args=(600,)).start()",
    "70 excepthook": "import sys\nsys.excepthook = lambda *a: time.sleep(600)\n1 / 0",
    "70 faulthandler": "import faulthandler\nfaulthandler.dump_traceback_later(0.1, repeat=True)\ntime.sleep(600)",
    "70 threading excepthook": "import threading\nthreading.excepthook = lambda *a: time.sleep(600)\nthreading.Thread(target=lambda: 1 / 0).start()",
}


async def test_what_runs_after_main_is_inside_the_deadline(execute):
    """Attack 70: exit handlers, hooks and threads that outlast the program's last line."""
    replies = await asyncio.gather(
        *(
            execute("import time\n" + code, security_level="isolated", timeout=1)
            for code in AFTER_MAIN.values()
        )
    )
    for name, reply in zip(AFTER_MAIN, replies, strict=True):
        assert (reply["status"], reply["limit"]["name"]) == ("timeout", "wall_time"), (name, reply)
        assert reply["execution_time_ms"] < 10_000, name


SIGNALS = {
    "71 alarm": "signal.signal(signal.SIGALRM, lambda *a: None); signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)",
    "71 SIGXCPU": "signal.signal(signal.SIGXCPU, signal.SIG_IGN); signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))",
    "71 handler that loops": "def h(*a):\n    while 1: pass\nsignal.signal(signal.SIGALRM, h); signal.setitimer(signal.ITIMER_REAL, 0.1)",
}


@pytest.mark.parametrize("body", [{"timeout": 1.5}, {"timeout": 28, "cpu_time": 1}], ids=["wall", "cpu"])
async def test_no_signal_trick_outlives_a_deadline(execute, body):
    """Attack 71: timers, blocked signals and looping handlers; wall time and CPU time are kept from outside."""
    replies = await asyncio.gather(
        *(
            execute(f"import signal\n{code}\nwhile True: pass", security_level="isolated", **body)
            for code in SIGNALS.values()
        )
    )
    for name, reply in zip(SIGNALS, replies, strict=True):
        assert reply["status"] == "timeout", (name, reply)
        assert reply["limit"]["name"] == ("cpu" if "cpu_time" in body else "wall_time"), (
            name,
            reply["limit"],
        )


RAISES = SYSCALLS + (
    "import resource, sys\n"
    "def up(which):\n    soft, hard = resource.getrlimit(which); resource.setrlimit(which, (hard + 1, hard + 1))\n"
    "tries(lambda: up(resource.RLIMIT_NPROC), lambda: up(resource.RLIMIT_DATA), lambda: up(resource.RLIMIT_NOFILE),"
    " lambda: up(resource.RLIMIT_CPU), lambda: up(resource.RLIMIT_FSIZE), lambda: os.nice(-20),"
    " lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)), lambda: call(NR_mlockall, 3),"
    " lambda: call(NR_setpriority, 0, 0, -20) and None, lambda: open('/proc/self/oom_score_adj', 'w').write('-1000'),"
    " lambda: call(NR_ioprio_set, 1, 0, 0), lambda: call(NR_prctl, 22, 0, 0), lambda: call(NR_sched_setattr, 0, 0, 0))"
)


async def test_limits_and_priorities_cannot_be_raised(attack, level):
    """Attack 72: rlimits above their hard value, priorities, real-time scheduling, locked memory, the OOM score."""
    await attack(Attack(RAISES), level)


SHARED = SYSCALLS + (
    "tries(lambda: call(NR_shmget, 0x5eed, 4096, 0o1666), lambda: call(NR_semget, 0x5eed, 1, 0o1666),"
    " lambda: call(NR_msgget, 0x5eed, 0o1666), lambda: call(NR_mq_open, b'/x', 66, 438, 0),"
    " lambda: call(NR_keyctl, 0, -3, 1), lambda: call(NR_add_key, b'user', b'x', b'y', 1, -3), lambda: call(NR_request_key, b'user', b'x', 0, -3))"
)


async def test_nothing_shared_can_be_left_behind(attack, level):
    """Attack 73: System V memory, queues and keyrings that would outlive the run."""
    await attack(Attack(SHARED), level)


async def test_shared_memory_is_private_to_the_run(execute):
    """Attack 73: POSIX shared memory left by one run is not there for the next."""
    leave = (
        "from multiprocessing import resource_tracker\nopen('/dev/shm/left', 'w').write('x')\nprint('left')"
    )
    assert (await execute(leave, security_level="isolated"))["stdout"] == "left\n"
    look = await execute("import os\nos.listdir('/dev/shm'), os.listdir('/tmp')", security_level="isolated")
    assert look["value"] == [[], []]
