"""The network that the operator opened: what the allowlist names and nothing else, judged by real listeners."""

import asyncio
import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coderunner.tests.conftest import Execute
from coderunner.tests.evidence import assert_nothing_left, traces
from coderunner.tests.running import running_service
from coderunner.tests.sandbox.attacks import TRIES
from servicekit.testing import Client, assert_problem

ISOLATED = {"security_level": "isolated"}


@pytest.fixture(autouse=True)
def nothing_stays():
    """The shared service has no part in these tests; each looks after its own."""


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello " + self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def allowed():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def forbidden():
    """A listener that must never hear anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def heard(listener):
    with contextlib.suppress(BlockingIOError):
        listener.accept()[0].close()
        return True
    return False


@pytest.fixture(scope="module")
def opened(allowed):
    env = {
        "STEPFLOW_PYTHON_ENABLE_NETWORK_ACCESS": "true",
        "NETWORK_ALLOWLIST": f"127.0.0.1:{allowed}, localhost:{allowed}, nowhere.invalid:443",
    }
    with running_service(env=env) as service:
        yield service


@pytest.fixture
async def client(opened):
    client = Client(opened.base_url)
    yield client
    client.close()


@pytest.fixture
def execute(client):
    return Execute(client)


async def test_what_the_allowlist_names_is_reached_by_address_and_by_name(execute, opened, allowed):
    before = traces(opened)
    code = (
        "import urllib.request\n"
        f"for host in ('127.0.0.1', 'localhost'):\n"
        f"    with urllib.request.urlopen(f'http://{{host}}:{allowed}/x', timeout=20) as reply:\n"
        "        print(reply.read().decode())"
    )
    for level in ("isolated", "restricted"):
        reply = await execute(code, security_level=level)
        assert reply["stdout"] == "hello /x\nhello /x\n", reply
    await asyncio.to_thread(assert_nothing_left, opened, before)


async def test_every_kind_of_client_connects(execute, allowed):
    """Blocking, with a time limit, asyncio, many threads, and a process of the run's own."""
    code = f"""
import asyncio, concurrent.futures, os, socket, subprocess, sys
def get(timeout=None):
    with socket.create_connection(("127.0.0.1", {allowed}), timeout) as s:
        assert s.getpeername() == ("127.0.0.1", {allowed})
        s.sendall(b"GET /y HTTP/1.0\\r\\n\\r\\n")
        return s.makefile("rb").read().endswith(b"hello /y")
async def later():
    reader, writer = await asyncio.open_connection("127.0.0.1", {allowed})
    writer.write(b"GET /y HTTP/1.0\\r\\n\\r\\n")
    data = await reader.read()
    writer.close()
    return data.endswith(b"hello /y")
with concurrent.futures.ThreadPoolExecutor(10) as pool:
    threads = list(pool.map(lambda _: get(20), range(30)))
pid = os.fork()
if pid == 0:
    os._exit(0 if get() else 1)
print(get(), get(20), asyncio.run(later()), all(threads), os.waitpid(pid, 0)[1])
"""
    reply = await execute(code, **ISOLATED)
    assert reply["stdout"] == "True True True True 0\n", reply


async def test_everything_else_stays_closed(execute, opened, allowed, forbidden):
    """Attack 85 with the network open: other ports and hosts, UDP, raw, listening, Unix, fast open, the service itself."""
    port, own = forbidden.getsockname()[1], opened.base_url.rpartition(":")[2]
    code = (
        TRIES
        + f"""
import socket
def fast_open():
    s = socket.socket(); s.sendto(b'x', 0x20000000, ('127.0.0.1', {port}))
def mapped():
    s = socket.socket(socket.AF_INET6); s.connect(('::ffff:127.0.0.1', {port}))
def again():
    s = socket.create_connection(('127.0.0.1', {allowed}), 5)
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(s.fileno(), bytes(16), 16):  # AF_UNSPEC: loosen the connection
        raise OSError(ctypes.get_errno())
def unix():
    s = socket.socketpair()[0]; s.connect('/run/systemd/private')
def serve():
    s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
tries(lambda: socket.create_connection(('127.0.0.1', {port}), 5), lambda: socket.create_connection(('127.0.0.1', {own}), 5),
      lambda: socket.create_connection(('127.0.0.2', {allowed}), 5), lambda: socket.create_connection(('169.254.169.254', 80), 5),
      lambda: socket.create_connection(('nowhere.invalid', 443), 5), lambda: socket.create_connection(('other.example', 443), 5),
      lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
      lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW), fast_open, mapped, again, unix, serve)
"""
    )
    reply = await execute(code, **ISOLATED, timeout=25)
    assert reply["status"] == "success", reply
    assert "worked" not in reply["stdout"], reply["stdout"]
    assert not heard(forbidden)


async def test_an_address_that_changes_while_it_is_looked_at_reaches_nothing_else(
    execute, allowed, forbidden
):
    """The classic race against a supervisor: another thread rewrites the socket address all the time."""
    port = forbidden.getsockname()[1]
    code = f"""
import ctypes, socket, struct, threading, time
libc = ctypes.CDLL(None, use_errno=True)
good, bad = (struct.pack("=H", 2) + struct.pack("!H", p) + bytes([127, 0, 0, 1]) + bytes(8) for p in ({allowed}, {port}))
address = ctypes.create_string_buffer(good, 16)
stop = False
def flip():
    while not stop:
        ctypes.memmove(address, bad, 16); ctypes.memmove(address, good, 16)
thread = threading.Thread(target=flip); thread.start()
done = {{}}
until = time.monotonic() + 3
while time.monotonic() < until:
    s = socket.socket()
    ctypes.set_errno(0)
    result = libc.connect(s.fileno(), address, 16), ctypes.get_errno()
    if result[0] == 0: assert s.getpeername()[1] == {allowed}
    done[result] = done.get(result, 0) + 1
    s.close()
stop = True; thread.join(); print(sorted(done))
"""
    reply = await execute(code, **ISOLATED)
    assert reply["stdout"] == "[(-1, 13), (0, 0)]\n", reply
    assert not heard(forbidden)


async def test_a_request_may_close_the_network_again(execute, allowed):
    code = f"import socket\nsocket.create_connection(('127.0.0.1', {allowed}), 5)"
    for wish in ({"enable_network_access": False}, {"security_settings": {"enable_network_access": False}}):
        reply = await execute(code, **ISOLATED, **wish)
        assert reply["exceptions"][0]["type"] == "PermissionError", reply


async def test_a_run_that_leaves_in_the_middle_of_a_connection_leaves_nothing(client, opened, allowed):
    before = traces(opened)
    code = f"import os, socket\nos.fork()\nwhile True: socket.create_connection(('127.0.0.1', {allowed}), 5).close()"
    reply = await client.request(
        "POST", "/api/runner/execute", json={"code": code, "timeout": 1, **ISOLATED}, timeout_s=60
    )
    assert reply.json()["status"] == "timeout"
    await asyncio.to_thread(assert_nothing_left, opened, before)


async def test_what_the_operator_did_not_open_cannot_be_asked_for():
    with running_service() as closed:
        client = Client(closed.base_url)
        body = {"code": "1", "enable_network_access": True, **ISOLATED}
        reply = await client.request("POST", "/api/runner/execute", json=body)
        assert_problem(reply, 422, "policy_too_wide")
        client.close()
