"""ATTACKS H: the kernel's doors, asked directly by system call; what answers is the filter, not a library."""

import asyncio
from pathlib import Path

import pytest

from coderunner.tests.evidence import processes_of
from coderunner.tests.sandbox.attacks import SYSCALLS, TRIES, Attack

EPERM, ENOSYS = 1, 38

# every call with arguments that would do something if it were allowed
CALLS = {
    "86 socket unix": "NR_socket, 1, 1, 0", "86 socket inet": "NR_socket, 2, 1, 0", "86 socket inet6": "NR_socket, 10, 1, 0",
    "86 udp": "NR_socket, 2, 2, 0", "86 raw": "NR_socket, 2, 3, 1", "86 icmp": "NR_socket, 2, 2, 1", "86 packet": "NR_socket, 17, 3, 768",
    "86 netlink": "NR_socket, 16, 3, 0", "86 vsock": "NR_socket, 40, 1, 0", "86 alg": "NR_socket, 38, 5, 0",
    "86 bluetooth": "NR_socket, 31, 3, 0", "86 xdp": "NR_socket, 44, 3, 0", "86 socketpair inet": "NR_socketpair, 2, 1, 0, buffer",
    "86 socketpair dgram": "NR_socketpair, 1, 2, 0, buffer", "86 socketpair dgram with flags": "NR_socketpair, 1, 0x80802, 0, buffer",
    "86 socketpair raw": "NR_socketpair, 1, 3, 0, buffer",
    "87 inotify": "NR_inotify_init1, 0", "87 inotify old": "NR_inotify_init", "87 fcntl notify": "NR_fcntl, 0, 1026, 0x3f",
    "87 fcntl lease": "NR_fcntl, 0, 1024, 0", "87 fcntl owner": "NR_fcntl, 1, 8, 1",
    "86 bind": "NR_bind, 3, buffer, 16", "86 connect": "NR_connect, 3, buffer, 16", "86 listen": "NR_listen, 3, 1",
    "86 accept": "NR_accept4, 3, 0, 0, 0",
    "87 io_uring": "NR_io_uring_setup, 8, buffer", "87 io_uring enter": "NR_io_uring_enter, 3, 1, 0, 0, 0",
    "87 userfaultfd": "NR_userfaultfd, 0", "87 bpf": "NR_bpf, 0, buffer, 64", "87 perf": "NR_perf_event_open, buffer, 0, -1, -1, 0",
    "87 keyctl": "NR_keyctl, 0, -3, 0", "87 add_key": "NR_add_key, b'user', b'a', b'b', 1, -3",
    "87 memfd_create": "NR_memfd_create, b'x', 0", "87 memfd_secret": "NR_memfd_secret, 0",
    "87 kexec": "NR_kexec_load, 0, 0, 0, 0", "87 kexec file": "NR_kexec_file_load, 0, 0, 0, 0, 0",
    "87 init_module": "NR_init_module, buffer, 64, b''", "87 finit_module": "NR_finit_module, 0, b'', 0", "87 delete_module": "NR_delete_module, b'x', 0",
    "87 unshare user": "NR_unshare, 0x10000000", "87 unshare net": "NR_unshare, 0x40000000", "87 unshare files": "NR_unshare, 0x400",
    "87 clone user": "NR_clone, 0x10000011, 0, 0, 0, 0", "87 clone pid": "NR_clone, 0x20000011, 0, 0, 0, 0",
    "87 clone net": "NR_clone, 0x40000011, 0, 0, 0, 0", "87 clone time": "NR_clone, 0x00000080 | 0x40000011, 0, 0, 0, 0",
    "87 setns": "NR_setns, 0, 0", "87 mount": "NR_mount, b'none', b'/work', b'tmpfs', 0, 0", "87 umount": "NR_umount2, b'/proc', 2",
    "87 pivot_root": "NR_pivot_root, b'.', b'.'", "87 chroot": "NR_chroot, b'.'", "87 fsopen": "NR_fsopen, b'tmpfs', 0",
    "87 fsmount": "NR_fsmount, 0, 0, 0", "87 move_mount": "NR_move_mount, -100, b'/', -100, b'/work', 0", "87 open_tree": "NR_open_tree, -100, b'/', 1",
    "87 mount_setattr": "NR_mount_setattr, -100, b'/', 0, buffer, 32", "87 open_by_handle": "NR_open_by_handle_at, -100, buffer, 0",
    "87 name_to_handle": "NR_name_to_handle_at, -100, b'/', buffer, buffer, 0", "87 fanotify": "NR_fanotify_init, 0, 0",
    "87 quotactl": "NR_quotactl, 0, b'/', 0, 0", "87 swapon": "NR_swapon, b'/x', 0", "87 reboot": "NR_reboot, 0xfee1dead, 672274793, 0, 0",
    "87 acct": "NR_acct, b'/x'", "87 syslog": "NR_syslog, 3, buffer, 64", "87 lookup_dcookie": "NR_lookup_dcookie, 0, buffer, 64",
    "87 move_pages": "NR_move_pages, 1, 0, 0, 0, 0, 0", "87 mbind": "NR_mbind, 0, 0, 0, 0, 0, 0", "87 set_mempolicy": "NR_set_mempolicy, 0, 0, 0",
    "87 vmsplice": "NR_vmsplice, 1, 0, 0, 0", "87 modify_ldt": "NR_modify_ldt, 1, buffer, 16", "87 iopl": "NR_iopl, 3", "87 ioperm": "NR_ioperm, 0, 1, 1",
    "87 seccomp": "NR_seccomp, 1, 0, 0", "87 landlock": "NR_landlock_create_ruleset, 0, 0, 1", "87 remap_file_pages": "NR_remap_file_pages, 0, 0, 0, 0, 0",
    "87 personality": "NR_personality, 0x0040000", "87 ustat": "NR_ustat, 0, buffer", "87 nfsservctl": "NR_nfsservctl, 0, 0, 0",
    "87 vhangup": "NR_vhangup", "87 pidfd_getfd": "NR_pidfd_getfd, 0, 0, 0", "87 process_mrelease": "NR_process_mrelease, 0, 0",
    "88 remount": "NR_mount, b'none', b'/usr/lib', 0, 4096 | 32, 0", "88 bind": "NR_mount, b'/', b'/work', 0, 4096 | 16384, 0",
    "90 mknod device": "NR_mknodat, -100, b'disk', 0o60666, 0xfe00", "90 mknod fifo": "NR_mknodat, -100, b'fifo', 0o10666, 0",
    "90 sethostname": "NR_sethostname, b'x', 1", "90 setdomainname": "NR_setdomainname, b'x', 1", "90 settimeofday": "NR_settimeofday, buffer, 0",
    "90 clock_settime": "NR_clock_settime, 0, buffer", "90 adjtimex": "NR_adjtimex, buffer", "90 setuid": "NR_setuid, 0", "90 setgid": "NR_setgid, 0",
    "90 setresuid": "NR_setresuid, 0, 0, 0", "90 setgroups": "NR_setgroups, 0, 0", "90 capset": "NR_capset, buffer, buffer",
    "90 setxattr": "NR_setxattr, b'.', b'security.capability', buffer, 20, 0", "90 setfsuid": "NR_setfsuid, 0",
    "72 mlock": "NR_mlock, 0, 4096", "72 mlock2": "NR_mlock2, 0, 4096, 0", "72 prctl dumpable": "NR_prctl, 4, 0, 0, 0, 0",
    "72 prctl mm": "NR_prctl, 35, 1, 0, 0, 0", "72 prlimit of another": "NR_prlimit64, 1, 7, 0, 0", "72 prctl speculation": "NR_prctl, 53, 0, 0, 0, 0",
    "ioctl TIOCSTI": "NR_ioctl, 0, 0x5412, buffer", "ioctl TIOCLINUX": "NR_ioctl, 0, 0x541c, buffer", "ioctl high bits": "NR_ioctl, 0, 0x100005412, buffer",
}  # fmt: skip
PROGRAM = (
    SYSCALLS
    + """
buffer = ctypes.addressof(ctypes.create_string_buffer(4096))
import json
answers = {}
for name, arguments in CALLS:
    pid = os.getpid()
    try:
        call(*eval(arguments))
        answers[name] = 0
    except OSError as refusal:
        answers[name] = refusal.errno
    if os.getpid() != pid:
        os._exit(0)
answers
"""
)


async def test_every_dangerous_call_is_answered_by_the_filter(execute, grounds):
    """Attacks 72, 86-88, 90: each must be EPERM (or ENOSYS where the machine has no such call), whatever its arguments."""
    calls = [[name, grounds.aim(f"({arguments},)")] for name, arguments in CALLS.items()]
    reply = await execute(f"CALLS = {calls!r}\n{PROGRAM}", security_level="isolated")
    assert reply["status"] == "success", reply
    absent = {name for name, arguments in calls if arguments.startswith("(-")}
    wrong = {n: e for n, e in reply["value"].items() if e != EPERM and not (e == ENOSYS and n in absent)}
    assert set(reply["value"]) == set(CALLS)
    assert wrong == {}


async def test_clone3_says_that_it_does_not_exist(execute, grounds):
    """Attack 87: EPERM would end all threads of glibc; ENOSYS makes it use clone, whose flags the filter can see."""
    code = SYSCALLS + "try: call(NR_clone3, 0, 0)\nexcept OSError as e: print(e.errno)"
    assert (await execute(grounds.aim(code), security_level="isolated"))["stdout"] == f"{ENOSYS}\n"


FOREIGN_ABIS = {
    # mov eax, 0x40000027 (x32 getpid); syscall; ret
    "87 x32": "b827000040" + "0f05" + "c3",
    # mov eax, 20 (i386 getpid); int 0x80; ret
    "87 i386": "b814000000" + "cd80" + "c3",
}


@pytest.mark.parametrize("machine_code", FOREIGN_ABIS.values(), ids=FOREIGN_ABIS)
async def test_other_abis_are_closed(execute, machine_code):
    """Attack 87: the same kernel by other numbers; the reply must not be a pid. A signal is an answer too."""
    code = (
        "import ctypes, mmap, platform\nassert platform.machine() == 'x86_64'\nm = mmap.mmap(-1, 4096, prot=7)\n"
        f"m.write(bytes.fromhex('{machine_code}'))\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\nprint(f() > 0)"
    )
    reply = await execute(code, security_level="isolated")
    assert reply["stdout"] == "False\n" or reply["status"] == "killed", reply


async def test_the_dangerous_calls_are_out_of_reach_under_the_policy(execute):
    """Attacks 86-90: with the language policy there is no way to the kernel's numbers at all."""
    for code in (
        "import ctypes",
        "import socket",
        "import _socket",
        "import fcntl",
        "import resource",
        "import mmap",
    ):
        assert (await execute(code))["status"] == "policy_violation", code


async def test_a_program_file_cannot_be_made_and_run(attack, level):
    """Attacks 87, 90: memfd, a file in the work folder and setuid programs of the host; the box is noexec and nosuid."""
    code = TRIES + (
        "import os, subprocess, sys, shutil\n"
        "open('run', 'w').write('#!' + sys.executable + '\\nprint(1)'); os.chmod('run', 0o6755)\n"
        "shutil.copy(os.path.realpath(sys.executable), 'python'); os.chmod('python', 0o4755)\n"
        "tries(lambda: subprocess.run(['./run']), lambda: subprocess.run(['./python', '-c', '1']), lambda: subprocess.run(['@FOLDER@/program']),"
        " lambda: subprocess.run(['/bin/su']), lambda: subprocess.run('id', shell=True), lambda: os.memfd_create('x'), lambda: os.chown('run', 0, 0))"
    )
    await attack(Attack(code), level)


async def test_nothing_is_gained_by_a_new_interpreter(execute):
    """Attack 90: after execve the user, capabilities, no_new_privs and the filter are the same."""
    look = (
        "import os\nstatus = dict(l.split(':\\t') for l in open('/proc/self/status').read().splitlines() if ':\\t' in l)\n"
        "print(os.getresuid(), os.getgroups(), [status[k] for k in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')])"
    )
    code = f"import subprocess, sys\nlook = {look!r}\nexec(look)\nprint(subprocess.run([sys.executable, '-c', look], capture_output=True, text=True).stdout)"
    lines = (await execute(code, security_level="isolated"))["stdout"].split("\n")
    assert lines[0] == lines[1], lines
    assert lines[0].endswith("['" + "', '".join(["0" * 16] * 5 + ["1", "2"]) + "']")
    assert not lines[0].startswith("(0,")


async def test_the_hosts_user_of_a_run_is_never_root(execute, service):
    """DESIGN layer 1: what the host shows of the process, not what it sees itself."""
    running = asyncio.create_task(
        execute("import time\ntime.sleep(0.5)", security_level="isolated", timeout=5)
    )
    await asyncio.sleep(0.2)
    owners = {
        tuple(
            next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:")).split()[1:]
        )
        for pid in processes_of(service.pid)
    }  # fmt: skip
    await running
    assert all(uid != "0" for owner in owners for uid in owner), owners
    assert len(owners) >= 4, "each run has a host user of its own"


async def test_devices_of_the_host_keep_their_times(attack):
    """Attack 90: everybody may write to /dev/null, so without a read-only mount everybody may set its times."""
    code = (
        TRIES
        + "import os\ntries(lambda: os.utime('/dev/null'), lambda: os.utime('/dev/zero'), lambda: os.chmod('/dev/null', 0))"
    )
    await attack(Attack(code), "isolated")


async def test_the_kernel_ends_runs_before_anything_else_when_memory_is_short(execute, service):
    """Attack 79: memory that no limit of a process sees (sockets, pipes) must cost the run, not the service or the parent."""
    running = asyncio.create_task(execute("import time\ntime.sleep(1)", security_level="isolated"))
    await asyncio.sleep(0.3)
    scores = {pid: Path(f"/proc/{pid}/oom_score_adj").read_text() for pid in processes_of(service.pid)}
    status = {pid: Path(f"/proc/{pid}/status").read_text() for pid in scores}
    await running
    own = int(Path(f"/proc/{service.pid}/oom_score_adj").read_text())
    walled = {pid for pid in scores if "\nSeccomp:\t2\n" in status[pid]}
    assert walled
    assert all(int(scores[pid]) == (1000 if pid in walled else own) for pid in scores), scores


PROC = [
    "/proc/kallsyms", "/proc/kcore", "/proc/sysrq-trigger", "/proc/kmsg", "/proc/config.gz", "/proc/sys/kernel/core_pattern", "/proc/keys",
    "/proc/sched_debug", "/proc/mounts/..", "/proc/1/root", "/proc/1/exe", "/proc/1/environ", "/proc/1/maps", "/proc/1/cwd", "/proc/self/attr/current",
    "/sys/kernel/security", "/sys/kernel/debug", "/sys/fs/cgroup/release_agent", "/proc/modules", "/proc/interrupts", "/proc/meminfo", "/proc/cpuinfo",
    "/proc/version", "/proc/cmdline", "/proc/net/tcp", "/proc/loadavg",
]  # fmt: skip


async def test_proc_and_sys_show_nothing_of_the_host(execute, service):
    """Attack 89: each is absent or refused; what is listed is the run's own processes."""
    code = (
        "import os\nanswers = {}\nfor path in " + repr(PROC) + ":\n"
        "    try:\n        answers[path] = str(os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(64))\n"
        "    except OSError as e: answers[path] = e.errno\n"
        "[answers, sorted(int(n) for n in os.listdir('/proc') if n.isdigit()), os.getpid(), os.path.exists('/sys')]"
    )
    answers, pids, own, sys_there = (await execute(code, security_level="isolated"))["value"]
    open_ones = {path: answer for path, answer in answers.items() if answer not in {1, 2, 13, 20, 22}}
    assert set(open_ones) <= {"/proc/self/attr/current"}, open_ones
    assert pids == [own]
    assert not sys_there


async def test_the_interpreter_cannot_be_overwritten_through_proc(attack):
    """Attack 89: /proc/self/exe opened for writing (runc CVE-2019-5736 style), also by a second process."""
    code = TRIES + (
        "import os, sys\ntries(lambda: open('/proc/self/exe', 'r+b'), lambda: os.open('/proc/self/exe', os.O_WRONLY | os.O_TRUNC),"
        " lambda: os.chmod('/proc/self/exe', 0o777), lambda: open(os.path.realpath(sys.executable), 'r+b'))"
    )
    await attack(Attack(code), "isolated")
