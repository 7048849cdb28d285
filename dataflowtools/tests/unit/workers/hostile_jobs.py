"""Jobs that misbehave in every way a parser may."""

import ctypes
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

from dataflowtools.src.errors import InvalidFileRequest


def echo(job, arguments):
    job.progress(0.5, "half")
    texts = [file.read().decode() for file in job.files]
    job.blobs.extend(text.encode() for text in texts)
    return {"arguments": arguments, "texts": texts}


def refuse(job, arguments):
    raise InvalidFileRequest("no such sheet", field="sheets")


def stumble(job, arguments):
    raise KeyError("unforeseen")


def segfault(job, arguments):
    ctypes.string_at(0)


def eat(job, arguments):
    held = []
    while True:
        held.append(bytearray(10_000_000))


def eat_natively(job, arguments):
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    while (block := libc.malloc(10_000_000)) is not None:
        ctypes.memset(block, 1, 10_000_000)
    os.write(2, b"memory allocation of 10000000 bytes failed")
    libc.abort()


def spin(job, arguments):
    while True:
        pass


def hold_the_gil(job, arguments):
    ctypes.PyDLL(None).sleep(60)


def wait(job, arguments):
    (job.scratch / "started").write_text(str(os.getpid()))
    time.sleep(60)


def whoami(job, arguments):
    return {"pid": os.getpid(), "uid": os.getuid(), "environment": sorted(os.environ)}


def litter(job, arguments):
    (job.scratch / "folder").mkdir()
    (job.scratch / "folder" / "file").write_text("x")


def look(job, arguments):
    return sorted(entry.name for entry in job.scratch.iterdir())


def leave_a_child(job, arguments):
    process = subprocess.Popen(["/bin/sleep", "300"], stdout=subprocess.DEVNULL)
    if arguments.get("hang"):
        job.progress(0.1, str(process.pid))
        time.sleep(60)
    return process.pid


def thread(job, arguments):
    seen = []
    worker = threading.Thread(target=seen.append, args=(1,))
    worker.start()
    worker.join()
    return seen


def _attempt(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"


def escape(job, arguments):
    own = job.scratch / "own"
    own.write_text("x")
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "inet": _attempt(lambda: socket.socket(socket.AF_INET)),
        "unix": _attempt(lambda: socket.socket(socket.AF_UNIX)),
        "execute": _attempt(lambda: os.execv("/bin/true", ["true"])),
        "fork": _attempt(lambda: subprocess.run(["/bin/true"], check=False)),
        "read": _attempt(lambda: Path(arguments["secret"]).read_bytes()),
        "beside_the_code": _attempt(lambda: Path(arguments["beside"]).read_bytes()),
        "write": _attempt(lambda: Path(arguments["outside"]).write_text("x")),
        "own": _attempt(own.read_text),
        "parent_memory": _attempt(lambda: Path(f"/proc/{arguments['service']}/mem").open("rb")),
        "parent_environment": _attempt(lambda: Path(f"/proc/{arguments['service']}/environ").read_bytes()),
        "kill_service": _attempt(lambda: os.kill(arguments["service"], 0)),
        "unshare": libc.unshare(0x10000000),
        "new_session": _attempt(os.setsid),
    }


def flood(job, arguments):
    for _ in range(200):
        os.write(2, b"x" * 65536)
    return "survived"


def large(job, arguments):
    job.blobs.append(bytes(arguments["bytes"]))
    return {}


def grow(job, arguments):
    kept.append(bytearray(os.urandom(1)) * arguments["bytes"])
    return len(kept)


kept = []
