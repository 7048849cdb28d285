"""ATTACKS H: the network and the sockets of the host, judged by what arrives at real listeners."""

import asyncio
import contextlib
import os
import socket

import pytest

from coderunner.tests.running import SECRET
from coderunner.tests.sandbox.attacks import TRIES, Attack


@pytest.fixture
def listeners(grounds):
    """A TCP, a UDP, a Unix and an abstract socket of the host that anybody may reach."""
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("0.0.0.0", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("0.0.0.0", 0))
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(f"/tmp/coderunner-test-{os.getpid()}.sock")
        stack.callback(os.unlink, f"/tmp/coderunner-test-{os.getpid()}.sock")
        os.chmod(f"/tmp/coderunner-test-{os.getpid()}.sock", 0o777)
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0coderunner-test-{os.getpid()}")
        for server in (unix, abstract):
            server.listen()
        for server in (tcp, udp, unix, abstract):
            server.setblocking(False)
        yield tcp, udp, unix, abstract


def arrived(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            return bool(listener.recv(100))
        connection, _ = listener.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True


async def test_nothing_of_the_network_is_reached(attack, listeners, service, level):
    """Attack 85: TCP, UDP, DNS, ICMP, metadata, the service itself and Unix sockets; the listeners hear nothing."""
    tcp, udp, _, _ = listeners
    port = service.base_url.rpartition(":")[2]
    code = (
        TRIES
        + f"""
import socket, urllib.request, os
def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('127.0.0.1', {udp.getsockname()[1]}))
def unix(address):
    s = socket.socket(socket.AF_UNIX); s.connect(address)
tries(lambda: socket.create_connection(('127.0.0.1', {tcp.getsockname()[1]}), 1), udp,
      lambda: unix('/tmp/coderunner-test-{os.getpid()}.sock'), lambda: unix('\\0coderunner-test-{os.getpid()}'),
      lambda: unix('/var/run/docker.sock'), lambda: unix('/run/systemd/private'), lambda: unix('/run/dbus/system_bus_socket'),
      lambda: socket.create_connection(('127.0.0.1', {port}), 1), lambda: urllib.request.urlopen('http://127.0.0.1:{port}/api/health', timeout=1),
      lambda: urllib.request.urlopen('http://169.254.169.254/latest/', timeout=1), lambda: socket.create_connection(('1.1.1.1', 53), 1),
      lambda: socket.getaddrinfo('example.com', 80), lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1), lambda: socket.create_server(('', 0)),
      lambda: socket.socket(socket.AF_INET6), lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
"""
    )
    await attack(Attack(code), level)
    assert [arrived(listener) for listener in listeners] == [False] * 4


async def test_a_socket_pair_is_still_there(execute):
    """Attack 86: pairs lead nowhere else, and asyncio and multiprocessing need them."""
    code = (
        "import socket, asyncio\na, b = socket.socketpair()\na.send(b'x')\nprint(b.recv(1))\n"
        "async def f():\n    await asyncio.sleep(0)\n    return 5\nprint(asyncio.run(f()))"
    )
    assert (await execute(code, security_level="isolated"))["stdout"] == "b'x'\n5\n"


async def test_runs_at_the_same_time_are_in_different_networks(execute):
    """Networks are used again, but never by two runs at once; each has nothing but a loopback that is down."""
    code = (
        "import os, time\ntime.sleep(0.5)\n[os.stat('/proc/self/ns/net').st_ino, open('/proc/net/dev').read().count(':')"
        " if os.path.exists('/proc/net/dev') else 1]"
    )
    rounds = [
        await asyncio.gather(*(execute(code, security_level="isolated", timeout=30) for _ in range(6)))
        for _ in range(3)
    ]
    own = os.stat("/proc/self/ns/net").st_ino
    for replies in rounds:
        seen = [reply["value"][0] for reply in replies]
        assert len(set(seen)) == len(seen), seen
        assert own not in seen
        assert {reply["value"][1] for reply in replies} == {1}


async def test_a_descriptor_sent_over_the_channel_goes_nowhere(execute):
    """Attack 86: SCM_RIGHTS on the control channel; the service takes bytes only, and its descriptors do not grow."""
    code = (
        "import socket, os\ns = socket.socket(fileno=3)\n"
        "for _ in range(100): socket.send_fds(s, [b''], [os.open('/dev/null', os.O_RDONLY)] * 8) if False else None\n"
        "socket.send_fds(s, [b'\\0\\0\\0\\1x'], [os.open('/dev/null', os.O_RDONLY)] * 8)\nimport time; time.sleep(2)"
    )
    reply = await execute(code, security_level="isolated", timeout=2)
    assert reply["status"] == "killed", reply


async def test_environment_and_arguments_hold_no_secret(execute, service):
    """Attack 91: the service was started with DB_PASSWORD; os.environ, /proc and argv of a run hold none of it."""
    code = (
        "import os, sys, glob\nfound = [dict(os.environ), sys.argv, sys.orig_argv]\n"
        "for path in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n"
        "    try: found.append([path, open(path, 'rb').read().decode('latin1')])\n    except OSError as e: found.append(e.errno)\nfound"
    )
    reply = await execute(code, security_level="isolated")
    assert SECRET not in str(reply)
    assert set(reply["value"][0]) <= {
        "PATH", "LANG", "TZ", "HOME", "TMPDIR", "PWD", "MPLCONFIGDIR", "MPLBACKEND", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS", "ARROW_DEFAULT_MEMORY_POOL", "JE_ARROW_MALLOC_CONF", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "GUEST_SHARE", "LC_CTYPE",
    }  # fmt: skip
