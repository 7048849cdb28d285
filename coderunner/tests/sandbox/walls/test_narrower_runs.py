"""Requests that give up what programs may do otherwise: writing files, starting processes."""

import pytest

ISOLATED = {"security_level": "isolated"}
WRITES = {
    "a new file": "open('x', 'w')",
    "an old file": "open('mine.txt', 'a')",
    "both ways": "open('mine.txt', 'r+')",
    "a folder": "import os; os.mkdir('d')",
    "removing": "import os; os.remove('mine.txt')",
    "renaming": "import os; os.rename('mine.txt', 'yours.txt')",
    "a link": "import os; os.symlink('/etc', 'link')",
    "a name without a file": "import tempfile; tempfile.TemporaryFile()",
    "the shared memory": "open('/dev/shm/x', 'w')",
    "modes": "import os; os.chmod('mine.txt', 0o777)",
    "cutting": "import os; os.truncate('mine.txt', 1)",
    "a raw call": "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
    "fd = libc.open(b'x', 0o101, 0o600); raise PermissionError(1, 'no') if fd < 0 and ctypes.get_errno() == 1 else 0",
}
PROCESSES = {
    "fork": "import os; os.fork()",
    "exec": "import os, sys; os.execv(sys.executable, ['python'])",
    "subprocess": "import subprocess, sys; subprocess.run([sys.executable, '-c', '1'])",
    "posix_spawn": "import os, sys; os.posix_spawn(sys.executable, ['python'], {})",
    "multiprocessing": "import multiprocessing; multiprocessing.Process(target=print).start()",
}


@pytest.mark.parametrize("code", WRITES.values(), ids=WRITES)
async def test_without_file_access_nothing_is_written(execute, code):
    reply = await execute(code, **ISOLATED, enable_file_access=False, files={"mine.txt": "here"})
    assert reply["status"] == "error", reply
    assert reply["exceptions"][0]["type"] in {"PermissionError", "FileNotFoundError"}, reply


async def test_without_file_access_a_program_still_imports_reads_its_own_files_and_shows_plots(execute):
    code = (
        "import mine, matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint(mine.answer, open('mine.py').read())"
    )
    reply = await execute(code, **ISOLATED, enable_file_access=False, files={"mine.py": "answer = 42"})
    assert reply["stdout"] == "42 answer = 42\n", reply
    assert "image/png" in reply["outputs"][-1]["data"]


@pytest.mark.parametrize("code", PROCESSES.values(), ids=PROCESSES)
async def test_without_system_calls_no_process_starts(execute, code):
    reply = await execute(code, **ISOLATED, security_settings={"enable_system_calls": False})
    assert reply["exceptions"][0]["type"] in {"PermissionError", "BlockingIOError"}, reply


async def test_without_system_calls_threads_still_work(execute):
    code = "import threading\nt = threading.Thread(target=print, args=(1,))\nt.start()\nt.join()"
    reply = await execute(code, **ISOLATED, enable_system_calls=False)
    assert reply["stdout"] == "1\n", reply


async def test_what_was_given_up_cannot_be_taken_back(execute):
    """A further filter, or none: the run itself has no way to change its own."""
    code = (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.prctl(22, 2, 0, 0, 0), ctypes.get_errno(), libc.syscall(317, 1, 0, 0), ctypes.get_errno())"
    )
    reply = await execute(code, **ISOLATED, enable_file_access=False)
    assert reply["stdout"] == "-1 1 -1 1\n", reply


async def test_restricted_programs_hold_to_the_same_switches(execute):
    reply = await execute("open('x', 'w')", security_level="restricted", enable_file_access=False)
    assert reply["status"] in {"policy_violation", "error"}, reply
