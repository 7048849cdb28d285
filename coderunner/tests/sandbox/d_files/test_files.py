"""ATTACKS D: files of the host, of the service and of other runs; names, links and quotas."""

import asyncio
import json
import os

import pytest

from coderunner.tests.running import ROOT, SECRET
from coderunner.tests.sandbox.attacks import TRIES, Attack

HELD = ("policy_violation", "success")
SECRETS = [
    "/etc/shadow", "/etc/sudoers", "/root/.bashrc", "/root", "/home", "/var/tmp", "/srv", "@CANARY@", "@DATA@",
    "@DATA@/keys.json", str(ROOT), str(ROOT / "coderunner/src/main.py"), "/root/.aws/credentials", "/var/run/docker.sock",
    "/run/systemd", "/proc/@SERVICE@/environ", "/proc/@SERVICE@/root@CANARY@", "/sys/fs/cgroup", "/usr/bin/env", "/usr/sbin", "/bin/sh",
    "/work/../../../@CANARY@", "/proc/self/root/@CANARY@", "/proc/self/cwd/../../..@CANARY@", "/dev/mem", "/dev/vda", "/boot",
]  # fmt: skip


async def test_what_the_host_keeps_is_not_there(attack, level):
    """Attack 54: open and list every place where a host keeps secrets; the kernel's answer is: no such file."""
    attempts = ", ".join(f"lambda: open('{path}').read()" for path in SECRETS)
    await attack(Attack(f"{TRIES}tries({attempts})", HELD), level)
    listing = ", ".join(f"lambda: os.listdir('{path}')" for path in SECRETS)
    reply = await attack(Attack(f"{TRIES}import os\ntries({listing})", ("policy_violation",)), level)
    if level == "isolated":
        lines = [line for line in reply["stdout"].splitlines() if line.startswith("refused")]
        assert all("FileNotFoundError" in line for line in lines), lines


async def test_the_root_holds_the_runtime_and_nothing_else(execute):
    """Attack 54: an isolated program looks around."""
    reply = await execute(
        "import os\nsorted(os.listdir('/')), sorted(os.listdir('/etc')), sorted(os.listdir('/dev')), os.listdir('/run')",
        security_level="isolated",
    )
    root, etc, dev, run = reply["value"]
    assert set(root) <= {
        "bin",
        "dev",
        "etc",
        "lib",
        "lib32",
        "lib64",
        "opt",
        "proc",
        "run",
        "tmp",
        "usr",
        "var",
        "work",
    }
    assert set(etc) <= {"group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd"}
    assert set(dev) == {"null", "zero", "full", "random", "urandom", "fd", "shm", "stdin", "stdout", "stderr"}
    assert run == ["box"]


WRITES = [
    "/owned", "/etc/passwd", "/usr/lib/owned", "/opt/coderunner/coderunner/guest/child.py", "/proc/sys/kernel/hostname",
    "/proc/self/oom_score_adj", "/proc/self/mem", "/proc/self/uid_map", "/run/owned", "/dev/owned", "@FOLDER@/open/owned",
]  # fmt: skip


async def test_nothing_outside_the_box_can_be_written(attack, level):
    """Attack 55: create, change and remove files of the runtime, of the guest code, of /proc and of the host."""
    writes = ", ".join(
        f"lambda: open('{path}', 'w').write('x') and 1/0" for path in WRITES if "self/mem" not in path
    )
    await attack(Attack(f"{TRIES}tries({writes})", HELD), level)
    removes = ", ".join(f"lambda: os.{act}('{path}'{more})" for path in WRITES[1:4] for act, more in
                        (("remove", ""), ("rename", ", '/work/x'"), ("chmod", ", 0o777"), ("truncate", ", 0")))  # fmt: skip
    await attack(Attack(f"{TRIES}import os\ntries({removes})"), level)


async def test_no_bytecode_is_left_in_the_runtime(execute, service):
    """Attack 55: .pyc caches of libraries and of our own code stay unwritten."""
    before = set(service.temp_dir.rglob("*.pyc"))
    await execute("import statistics, json.tool, wave, colorsys", security_level="isolated")
    assert set(service.temp_dir.rglob("*.pyc")) == before


LINKS = TRIES + """
import os, socket
os.symlink('@CANARY@', 'link'); os.symlink('/', 'root'); os.symlink('link2', 'link2')
tries(lambda: open('link').read(), lambda: open('root@CANARY@').read(), lambda: open('link2').read(),
      lambda: os.link('/etc/passwd', 'hard'), lambda: os.mkfifo('fifo'), lambda: os.mknod('device', 0o60666, os.makedev(8, 0)),
      lambda: socket.socket(socket.AF_UNIX).bind('sock'), lambda: os.link('@CANARY@', 'hard2'))
"""  # fmt: skip


async def test_links_and_special_files_lead_nowhere(attack, level):
    """Attack 57: symlinks, hard links, FIFOs, devices and sockets left in the work folder; the service follows none."""
    await attack(Attack(LINKS), level)


SWAP = """
import os, threading
os.mkdir('a'); os.symlink('/', 'b')
def swap():
    for _ in range(20000):
        os.rename('a', 't'); os.rename('b', 'a'); os.rename('t', 'b')
thread = threading.Thread(target=swap); thread.start()
seen = set()
while thread.is_alive():
    try:
        seen.add(open('a@CANARY@').read())
    except OSError:
        pass
print(seen)
"""


async def test_a_folder_swapped_for_a_link_at_the_right_moment_leads_nowhere(attack):
    """Attack 58: a race between check and open; the jail has no check that could be raced, only walls."""
    reply = await attack(Attack(SWAP), "isolated")
    assert reply["stdout"] == "set()\n"


QUOTAS = {
    "59 disk": ("f = open('x', 'wb')\nwhile 1: f.write(b'x' * 2**20); f.flush()", {"disk_limit": 16}),
    "59 disk by many": (
        "i = 0\nwhile 1:\n    i += 1\n    open(f'x{i}', 'wb').write(b'x' * 2**18)",
        {"disk_limit": 16},
    ),
    "59 inodes": ("i = 0\nwhile 1:\n    i += 1\n    open(f'x{i}', 'w').close()", {"max_files": 200}),
    "59 default inodes": ("i = 0\nwhile 1:\n    i += 1\n    open(f'x{i}', 'w').close()", {}),
    "59 sparse": ("f = open('x', 'wb')\nf.truncate(2**40)", {"disk_limit": 16}),
    "59 tmp": ("f = open('/tmp/x', 'wb')\nwhile 1: f.write(b'x' * 2**20); f.flush()", {"disk_limit": 16}),
    "59 shm": ("f = open('/dev/shm/x', 'wb')\nwhile 1: f.write(b'x' * 2**20); f.flush()", {"disk_limit": 16}),
}


@pytest.mark.parametrize(("code", "body"), QUOTAS.values(), ids=QUOTAS)
async def test_a_full_box_is_an_error_of_the_program(execute, service, code, body):
    """Attack 59: disk fill, inode fill, sparse terabytes; the quota answers and the host's disk does not change."""
    free_before = os.statvfs(service.temp_dir).f_bavail
    reply = await execute(code, security_level="isolated", timeout=10, **body)
    assert (reply["status"], reply["exceptions"][0]["type"]) == ("error", "OSError"), reply
    assert any(word in reply["exceptions"][0]["message"] for word in ("No space left", "File too large")), (
        reply
    )
    assert free_before - os.statvfs(service.temp_dir).f_bavail < 4 * 16 * 1024**2 // 4096


async def test_a_full_box_is_an_error_under_the_policy_too(execute):
    """Attack 59: with the guarded open."""
    reply = await execute("f = open('x', 'wb')\nwhile True: f.write(b'x' * 2**20)", disk_limit=16)
    assert (reply["status"], reply["exceptions"][0]["type"]) == ("error", "OSError"), reply


async def test_very_deep_folders_are_removed_with_the_run(execute):
    """Attack 59: 10,000 folders in each other, which no path can name; the mount goes with its last process."""
    code = "import os\nfor i in range(7000):\n    os.mkdir('d'); os.chdir('d')\nprint('made')"
    assert (await execute(code, security_level="isolated"))["stdout"] == "made\n"


async def test_what_was_said_before_the_deadline_is_kept(execute, level):
    """Attack 62: a file that is still being written at the deadline is gone, and output so far is kept and flagged."""
    code = "f = open('x', 'w')\nprint('before', flush=True)\nwhile True: f.write('x')\n"
    reply = await execute(code, security_level=level, timeout=0.3, disk_limit=1024)
    assert reply["stdout"] == "before\n"
    assert reply["status"] == "timeout", reply
    assert reply["limit"]["name"] == "wall_time"


async def test_runs_see_nothing_of_each_other(execute):
    """Attack 54: two runs at once leave files everywhere they can; neither finds anything of the other."""
    code = (
        "import glob, os, time\n"
        "for place in ('.', '/tmp', '/dev/shm', os.environ['HOME']):\n"
        "    open(f'{place}/mine-' + os.environ['WHO'], 'w').write('x')\n"
        "time.sleep(0.3)\n"
        "print(sorted({name.rpartition('-')[2] for place in ('.', '/tmp', '/dev/shm') for name in glob.glob(place + '/mine-*')}))"
    )
    replies = await asyncio.gather(
        *(execute(code, security_level="isolated", env={"WHO": who}) for who in ("a", "b", "c"))
    )
    assert [reply["stdout"] for reply in replies] == ["['a']\n", "['b']\n", "['c']\n"]


async def test_the_reply_names_no_place_of_the_host(execute, service, level):
    """Attacks 54, 104: tracebacks and errors show the program's own frames and no path of the service."""
    reply = await execute("def f():\n    return 1 / 0\nf()", security_level=level)
    text = json.dumps(reply)
    assert reply["exceptions"][0]["line"] == 2
    assert str(ROOT) not in text
    assert str(service.home) not in text
    assert "guest" not in reply["exceptions"][0]["traceback"]
    assert SECRET not in text
