"""The same service on weaker hosts: it refuses until the operator names the reduction, and then still holds.

The hosts are simulated: another user, dropped capabilities, and a seccomp filter like that of a host without user
namespaces or of an unprivileged container. What the suite's own fixtures look at is the service of an ordinary root.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from coderunner.tests.conftest import Execute
from coderunner.tests.evidence import assert_nothing_left, processes_of, traces, until
from coderunner.tests.running import SECRET, running_service
from coderunner.tests.sandbox.attacks import SYSCALLS, TRIES
from servicekit.testing import Client, assert_problem

CONFINE = [sys.executable, str(Path(__file__).with_name("confine.py"))]
ORDINARY = 54321  # a user that no other process of this host has
AS_USER = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]  # fmt: skip
CAPABILITIES = "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap"
CONTAINER_ROOT = ["setpriv", "--bounding-set=-all" + "".join(f",+{name}" for name in CAPABILITIES.split())]
REDUCED = "uid,capabilities,no_new_privs,rlimits,seccomp,landlock,proc"


@dataclass(frozen=True)
class Host:
    launcher: tuple[str, ...]
    owner: int | None
    namespaces: bool = False

    def start(self, **more):
        env = {} if self.namespaces else {"SANDBOX_MIN_LAYERS": REDUCED}
        return running_service(env=env, launcher=self.launcher, owner=self.owner, **more)


HOSTS = {
    "an ordinary user": Host((*AS_USER,), ORDINARY, namespaces=True),
    "an ordinary user without user namespaces": Host((*CONFINE, "no_user_namespaces", *AS_USER), ORDINARY),
    "root of an unprivileged container": Host((*CONFINE, "container", *CONTAINER_ROOT), None),
    "a user of an unprivileged container": Host((*CONFINE, "container", *AS_USER), ORDINARY),
}
WEAK = {name: host for name, host in HOSTS.items() if not host.namespaces}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="other hosts can only be simulated by root")


@pytest.fixture(autouse=True)
def nothing_stays():
    """The shared service has no part in these tests; each looks after its own."""


@pytest.fixture(scope="module", params=HOSTS.values(), ids=HOSTS)
def host(request):
    with request.param.start() as running:
        yield running


@pytest.fixture
async def client(host):
    client = Client(host.base_url)
    yield client
    client.close()


@pytest.fixture
def execute(client):
    return Execute(client)


@pytest.fixture
def bait():
    folder = Path(tempfile.mkdtemp(prefix="bait-", dir="/var/tmp"))
    folder.chmod(0o755)
    (folder / "readable.txt").write_text(SECRET)
    (folder / "open").mkdir()
    (folder / "open").chmod(0o1777)
    yield folder
    assert os.listdir(folder / "open") == []
    shutil.rmtree(folder)


@pytest.mark.parametrize("weak", WEAK.values(), ids=WEAK)
async def test_by_default_nothing_runs_and_health_says_why_and_what_to_do(weak):
    with running_service(launcher=weak.launcher, owner=weak.owner, until_refused=True) as service:
        client = Client(service.base_url)
        reply = await client.request("POST", "/api/runner/execute", json={"code": "print(1)"})
        problem = assert_problem(reply, 503, "sandbox_refused")
        client.close()
        status, document = service.health()
        assert status == 503
        for text in (problem["detail"], document["checks"]["sandbox"]["detail"]):
            assert "user, mount, pid, net" in text
            assert "Operation not permitted" in text
            assert "To do: allow user namespaces" in text
            assert "SANDBOX_MIN_LAYERS" in text
        assert processes_of(service.pid) == []


async def test_root_without_any_other_user_never_runs_code():
    """Root of a namespace that maps nobody else is the host's root: no setting makes code run as it."""
    launcher = ["unshare", "--user", "--map-root-user", "--"]
    with running_service(
        launcher=launcher, env={"SANDBOX_MIN_LAYERS": "rlimits"}, until_refused=True
    ) as service:
        detail = service.sandbox()["detail"]
        assert "no code may run as root" in detail
        assert "To do" in detail
        assert processes_of(service.pid) == []


async def test_layers_are_told_as_they_are(host):
    layers = {layer["name"]: layer for layer in host.sandbox()["layers"]}
    namespaced = layers["pid"]["on"]
    for name in ("capabilities", "no_new_privs", "rlimits", "seccomp", "landlock", "proc", "uid"):
        assert layers[name]["on"], name
    for name in ("user", "mount", "pid", "net", "ipc", "uts", "rootfs", "quota"):
        assert layers[name]["on"] == namespaced
        if not namespaced:
            assert layers[name]["why"]
            assert layers[name]["remedy"]


async def test_ordinary_work_works(execute):
    code = (
        "import json, threading, numpy as np, pandas as pd\nt = threading.Thread(target=print, args=(1,)); t.start(); t.join()\n"
        "open('x.txt', 'w').write('数据'); print(open('x.txt').read(), pd.DataFrame({'a': [1, 2]}).a.sum(), np.ones(3).sum())"
    )
    for level in ("isolated", "restricted"):
        reply = await execute(code, security_level=level, timeout=20)
        assert (reply["status"], reply["stdout"]) == ("success", "1\n数据 3 3.0\n"), reply
    plot = await execute("import matplotlib.pyplot as plt\nplt.plot([1, 2])", timeout=20)
    assert any("image/png" in output["data"] for output in plot["outputs"]), plot
    forked = "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(5)'], capture_output=True, text=True).stdout)"
    assert (await execute(forked, security_level="isolated"))["stdout"] == "5\n\n"


async def test_files_of_the_service_and_the_host_cannot_be_read_or_written(execute, host, bait):
    """Attacks 54, 55, 57: the bait is readable for every user; Landlock or the mount namespace hides it."""
    (host.data_dir / "keys.json").write_text(SECRET)
    (host.data_dir / "keys.json").chmod(0o644)
    places = [bait / "readable.txt", host.data_dir / "keys.json", host.home / "log.txt", "/etc/shadow", "/etc/passwd-", "/root/.bashrc",
              f"/proc/{host.pid}/environ", f"/proc/{host.pid}/maps", "/proc/1/environ", "/var/log/dpkg.log", "/usr/bin/env"]  # fmt: skip
    reads = ", ".join(f"lambda: open('{place}', 'rb').read()" for place in places)
    writes = ", ".join(
        f"lambda: open('{place}', 'w').write('x')" for place in (bait / "open/owned", host.temp_dir / "x", "/tmp/x", "/dev/shm/x")
        if host.sandbox()["layers"] and not ("pid" in _on(host) and str(place) in {"/tmp/x", "/dev/shm/x"})
    )  # fmt: skip
    link = f"import os\nos.symlink('{bait}/readable.txt', 'link')\ntries(lambda: open('link').read(), lambda: os.link('{bait}/readable.txt', 'hard'))\n"
    reply = await execute(f"{TRIES}{link}tries({reads}, {writes})", security_level="isolated")
    assert reply["status"] == "success", reply
    assert "GOT" not in reply["stdout"], reply["stdout"]
    assert SECRET not in json.dumps(reply)


def _on(host):
    return {layer["name"] for layer in host.sandbox()["layers"] if layer["on"]}


async def test_no_other_process_can_be_reached(execute, host):
    """Attacks 65, 66: kill, renice, trace and read siblings, parents and the service, who may have the same user."""
    beside = asyncio.create_task(
        execute("import time\ntime.sleep(1)\nprint('alive')", security_level="isolated")
    )
    await asyncio.sleep(0.2)
    pids = [host.pid, *processes_of(host.pid)][:40]
    import pyseccomp as seccomp

    numbers = {name: seccomp.resolve_syscall(seccomp.system_arch(), name) for name in ("ptrace", "process_vm_readv", "pidfd_getfd")}  # fmt: skip
    code = SYSCALLS + (
        f"import resource\nfor pid in {pids}:\n"
        "    tries(lambda: os.kill(pid, 9), lambda: os.kill(pid, 0), lambda: os.killpg(pid, 9), lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),"
        " lambda: os.sched_setaffinity(pid, {0}), lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0)),"
        f" lambda: call({numbers['ptrace']}, 16, pid, 0, 0), lambda: call({numbers['process_vm_readv']}, pid, 0, 0, 0, 0, 0),"
        " lambda: open(f'/proc/{pid}/mem', 'rb'), lambda: open(f'/proc/{pid}/environ', 'rb').read(), lambda: os.listdir(f'/proc/{pid}/fd'),"
        f" lambda: call({numbers['pidfd_getfd']}, os.pidfd_open(pid), 0, 0))\n"
    )
    reply = await execute(code, security_level="isolated")
    assert reply["status"] == "success", reply
    assert "GOT" not in reply["stdout"], reply["stdout"]
    assert (await beside)["stdout"] == "alive\n"


async def test_no_namespace_or_network_can_be_had(execute, host):
    """Attacks 85-88."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        code = TRIES + (
            f"import socket, os, ctypes\ntries(lambda: socket.create_connection(('127.0.0.1', {port}), 1), lambda: socket.socket(socket.AF_UNIX),"
            " lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW), lambda: socket.getaddrinfo('example.com', 80))\n"
            "libc = ctypes.CDLL(None, use_errno=True)\nprint(libc.unshare(0x10000000), libc.mount(b'none', b'/tmp', b'tmpfs', 0, 0), libc.setuid(0))"
        )
        reply = await execute(code, security_level="isolated")
        assert reply["stdout"].endswith("-1 -1 -1\n"), reply
        assert "GOT" not in reply["stdout"]
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_the_host_sees_an_unprivileged_user(execute, host):
    running = asyncio.create_task(execute("import time\ntime.sleep(0.5)", security_level="isolated"))
    await asyncio.sleep(0.2)
    for pid in processes_of(host.pid):
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )  # fmt: skip
        assert "0" not in status["Uid"].split(), status["Name"]
    await running


async def test_limits_hold(execute):
    """Attacks 63, 74, 79, 80: time, memory, output and processes; a run beside each goes on."""
    bombs = {
        "timeout": ("while True: pass", {"timeout": 0.5}),
        "memory_exceeded": ("x = []\nwhile True: x.append('x' * 10 ** 5)", {"memory_limit": 64}),
        "output_exceeded": ("while True: print('x' * 1000)", {"max_stdout_bytes": 10_000}),
    }
    for status, (code, body) in bombs.items():
        bomb, beside = await asyncio.gather(
            execute(code, security_level="isolated", **{"timeout": 10, **body}), execute("print(1)")
        )
        assert bomb["status"] == status, bomb
        assert beside["stdout"] == "1\n"


async def test_a_fork_bomb_ends_and_leaves_nothing(execute, host):
    """Attack 63: where runs share a user, the run's processes are counted from outside."""
    before = await asyncio.to_thread(traces, host)
    bomb = "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)\n"
    reply = await execute(bomb, security_level="isolated", timeout=5, max_processes=20)
    assert reply["status"] in {"killed", "timeout"}, reply
    await asyncio.to_thread(assert_nothing_left, host, before)
    assert (await execute("import os\nif os.fork(): os.wait()", security_level="isolated"))[
        "status"
    ] == "success"


LEFTOVERS = {
    "children": "import os, time\nfor _ in range(3):\n    if os.fork() == 0: time.sleep(600)\nprint('left')",
    "a family": "import os, time\nif os.fork() == 0:\n    if os.fork() == 0: time.sleep(600)\n    os._exit(0)\nprint('left')",
    "files": "import os\nfor i in range(300): open(f'f{i}', 'w').write('x')\nos.mkdir('d', 0o0)\nopen('/dev/shm/x', 'w') if os.access('/dev/shm', 2) and os.getcwd() == '/work' else 0\nprint('left')",
    "deep folders": "import os\nfor i in range(2000):\n    os.mkdir('d'); os.chdir('d')\nopen('x', 'w').close()\nprint('left')",
    "a link out": "import os\nos.symlink('/etc', 'etc')\nos.symlink('/', 'root')\nprint('left')",
}


@pytest.mark.parametrize("code", LEFTOVERS.values(), ids=LEFTOVERS)
async def test_nothing_is_left(execute, host, code):
    """Attacks 59, 64: processes and folders of a run, however it tries to keep them."""
    before = await asyncio.to_thread(traces, host)
    reply = await execute(code, security_level="isolated", timeout=5)
    assert "left" in reply["stdout"], reply
    await asyncio.to_thread(assert_nothing_left, host, before)


FILLING = {
    "many files": "n = 0\nwhile True:\n    open(f'f{n}', 'wb').write(bytes(1 << 20)); n += 1",
    "files without names": "kept = []\nwhile True:\n    f = open('f', 'wb'); f.write(bytes(1 << 20)); f.flush(); kept.append(f); os.unlink('f')\n"
    "    if len(kept) > 200: time.sleep(0.1); print('left')",
    "deep folders": "while True:\n    os.mkdir('d'); os.chdir('d'); open('f', 'wb').write(bytes(1 << 20))",
    "empty files": "n = 0\nwhile True:\n    open(f'e{n}', 'w').close(); n += 1",
}


@pytest.mark.parametrize("code", FILLING.values(), ids=FILLING)
async def test_a_run_that_fills_the_disk_is_ended(host, execute, code):
    """Attack 59: bytes and files of the whole run are bounded, whatever the walls of this host."""
    reply = await execute(
        "import os, time\n" + code,
        security_level="isolated",
        timeout=25,
        disk_limit=8,
        max_files=2000,
        max_open_files=1000,
    )
    names = {"disk", "files"} if not host_has_namespaces(host) else {"disk", "files", None}
    assert (reply["limit"] or {}).get("name") in names, reply
    assert reply["status"] in {"killed", "error"}, reply


def host_has_namespaces(host):
    return any(layer["name"] == "mount" and layer["on"] for layer in host.sandbox()["layers"])


async def test_runs_see_nothing_of_each_other(execute):
    """Attacks 54, 97: two runs at once look for each other's folders and processes."""
    code = (
        "import os, time\nopen('mine', 'w').write('x')\ntime.sleep(0.3)\nfound = []\n"
        "for folder in ('..', '../..', '../../..', '/tmp'):\n"
        "    try: found += [name for name in os.listdir(folder) if name not in ('work', 'tmp', 'shm')]\n"
        "    except OSError: pass\nprint([n for n in found if n not in ('box',)] if os.getcwd() != '/run/box/work' else [])"
    )
    replies = await asyncio.gather(*(execute(code, security_level="isolated") for _ in range(3)))
    assert {reply["stdout"] for reply in replies} == {"[]\n"}, replies


@pytest.mark.parametrize("name", HOSTS)
async def test_the_death_of_a_parent_and_then_the_service_ends_every_process(name):
    """Attacks 64, 98: kill -9 of the parents while runs have children of their own, then of the service."""
    with HOSTS[name].start() as service:
        client = Client(service.base_url)
        going = await _families(client, service)
        family = processes_of(service.pid)
        os.kill(_children_of(service.pid)[0], signal.SIGKILL)
        await asyncio.to_thread(until, lambda: service.health()[0] == 200, "the pool is back")
        family = set(family) | set(processes_of(service.pid))
        service.ended = True
        os.kill(service.pid, signal.SIGKILL)
        await _all_gone(family)
        await asyncio.gather(*going, return_exceptions=True)
        client.close()


@pytest.mark.parametrize("spared", ["service", "guard", "parent"])
async def test_whichever_two_die_at_once_the_third_ends_the_runs(spared):
    """Attacks 64, 98 where no PID namespace ends them: service, guard and parent each clean up alone."""
    with WEAK["an ordinary user without user namespaces"].start() as service:
        client = Client(service.base_url)
        going = await _families(client, service)
        guards = _children_of(service.pid)
        everybody = {
            "service": [service.pid],
            "guard": guards,
            "parent": [pid for guard in guards for pid in _children_of(guard)],
        }
        runs = set(processes_of(service.pid)) - {pid for pids in everybody.values() for pid in pids}
        assert len(runs) > len(guards)
        service.ended = spared != "service"
        for name, pids in everybody.items():
            for pid in pids if name != spared else ():
                os.kill(pid, signal.SIGKILL)
        await _all_gone(runs)
        if spared != "service":
            await _all_gone(set(everybody[spared]))
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        client.close()


async def _families(client, service):
    """Three runs that have children and would go on for long."""
    body = {"code": "import os, time\nos.fork()\ntime.sleep(25)", "security_level": "isolated"}
    going = [asyncio.create_task(client.request("POST", "/api/runner/execute", json=body)) for _ in range(3)]
    await asyncio.to_thread(until, lambda: _running(service) >= 3, "runs have started")
    return going


async def _all_gone(family):
    """Long before they would have ended by themselves."""
    gone = lambda: not [pid for pid in family if _alive(pid)]  # noqa: E731
    await asyncio.to_thread(until, gone, "every process is gone", deadline_s=20)


def _children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _running(service):
    pools = service.sandbox().get("pools", {}).values()
    return sum(pool["children"] - pool["parked"] for pool in pools)


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
