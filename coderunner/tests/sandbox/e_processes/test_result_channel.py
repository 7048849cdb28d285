"""ATTACKS 68 and 69: a program that has found its token, or that closes its channel and stays."""

import asyncio

import pytest

# A frame up the stack holds the run's token: with it a program can write what the runner writes, and worse.
FORGER = """
import json, os, struct, sys, time
frame = sys._getframe()
while 'token' not in frame.f_locals: frame = frame.f_back
def send(message, raw=None):
    payload = frame.f_locals['token'] + (json.dumps(message).encode() if raw is None else raw)
    data = struct.pack('>I', len(payload)) + payload
    while data: data = data[os.write(3, data):]
END = {'type': 'end', 'status': 'success', 'value': 'forged', 'return_code': 0, 'exceptions': [], 'violations': [],
       'timing': {'compile_ms': 0.0, 'import_ms': 0.0, 'run_ms': 0.0}, 'memory_error': False}
def nested(levels, more={}):
    return json.dumps({**END, **more}).encode()[:-1] + b', "value": ' + b'[' * levels + b']' * levels + b'}'
"""
NO_FRAMES = {
    "no status": "send({'type': 'end'})",
    "an ending that only the service knows": "send({**END, 'status': 'timeout'})",
    "an unknown ending": "send({**END, 'status': 'fine'})",
    "a status that is a list": "send({**END, 'status': ['success']})",
    "a code that is a text": "send({**END, 'return_code': 'abc'})",
    "a code without end": "send({**END, 'return_code': 10**300})",
    "an infinite code": "send({**END, 'return_code': float('inf')})",
    "times that are a list": "send({**END, 'timing': [1]})",
    "exceptions that are a number": "send({**END, 'exceptions': 5})",
    "exceptions that are texts": "send({**END, 'exceptions': ['x']})",
    "exceptions of other fields": "send({**END, 'exceptions': [{'message': [1]}]})",
    "violations that are an object": "send({**END, 'violations': {'a': 1}})",
    "violations that are numbers": "send({**END, 'status': 'policy_violation', 'violations': [3]})",
    "a value too deep for a reply": "send(None, nested(900))",
    "a value too deep for a reply, with half a character": "send(None, nested(900, {'half': chr(0xd800)}))",
    "a value too deep for anything": "send(None, nested(10**5))",
    "an output that is a text": "send({'type': 'output', 'output': 'text'})",
    "an output of no kind": "send({'type': 'output', 'output': {}})",
    "an output of unknown kind": "send({'type': 'output', 'output': {'output_type': 'stream', 'data': {}, 'metadata': {}}})",
    "an output that is none": "send({'type': 'output'})",
    "a frame of no kind": "send({'kind': 'end'})",
    "a frame of unknown kind, a hundred thousand times": "for _ in range(10**5): send({'type': 'x'})",
    "no object": "send([1])",
}


@pytest.mark.parametrize("trick", NO_FRAMES.values(), ids=NO_FRAMES)
async def test_what_the_runner_would_not_write_is_a_forgery(execute, trick):
    """Attack 68: none of these is an error of the service, none is an ending that was not."""
    code = f"{FORGER}\n{trick}\ntime.sleep(5)"
    reply = await execute(code, security_level="isolated", timeout=3)
    assert reply["status"] == "killed", reply
    assert reply["value"] is None
    assert reply["outputs"] == []
    assert [one["type"] for one in reply["exceptions"]] == ["ResultChannelError"]


LIES = {
    "an ending of its own": "send(END)",
    "times that cannot be": "send({**END, 'timing': {'compile_ms': 10**400, 'import_ms': -1, 'run_ms': float('inf')}})",
    "a number that is none": "send({**END, 'value': float('nan')})",
}


@pytest.mark.parametrize("trick", LIES.values(), ids=LIES)
async def test_a_lie_about_itself_stays_a_whole_reply(execute, trick):
    """Attack 68: with its token a program can end its own run as it likes, no more; it may have changed the clocks."""
    reply = await execute(f"{FORGER}\n{trick}\ntime.sleep(5)", security_level="isolated", timeout=3)
    assert reply["status"] == "success", reply
    assert (reply["timing"]["compile"], reply["timing"]["import"], reply["timing"]["run"]) == (0, 0, 0)
    assert reply["value"] in {"forged", None}


STAYING = {
    "closed": "os.close(3)",
    "closed after a word": "print('word', flush=True); os.close(3)",
    "replaced": "os.dup2(os.open('/dev/null', 2), 3)",
    "half closed": "import socket; socket.socket(fileno=3).shutdown(socket.SHUT_WR)",
}
ANOTHER = "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(5.5); print(1)'])"


async def test_a_program_without_a_channel_is_waited_for_once(execute):
    """Attack 69: it was taken for a dead parent's after five seconds, run once more, and answered with a 503."""
    programs = [f"import os, time\n{trick}\ntime.sleep(5.5)\nos._exit(7)" for trick in STAYING.values()]
    replies = await asyncio.gather(
        *(execute(code, security_level="isolated", timeout=20) for code in [*programs, ANOTHER])
    )
    assert [(one["status"], one["return_code"]) for one in replies] == [("error", 7)] * 4 + [("success", 0)]
    assert replies[-1]["stdout"] == "1\n"
