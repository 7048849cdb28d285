"""Runs in the guest interpreter: forks one warm child per program, as the real parent does, without its jail."""

import json
import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path


def main():
    sys.path.insert(0, sys.argv[1])
    from coderunner.guest import language

    if sys.argv[2] == "data":
        language.warm_data_science()
    else:
        language.warm_slim()
    answer_line({"ready": True})
    for line in sys.stdin:
        answer_line(serve(language, json.loads(line)))


def answer_line(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def serve(language, request):
    work = tempfile.mkdtemp(prefix="guest-")
    box = Path(tempfile.mkdtemp(prefix="box-"))
    try:
        for name, text in request.get("files", {}).items():
            path = Path(work, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (box / "in").write_bytes(request.pop("stdin", "").encode())
        pid = os.fork()
        if pid == 0:
            try:
                child(language, request, work, box)
            finally:
                os._exit(70)
        _, status = os.waitpid(pid, 0)
        return answer(box, work, status)
    finally:
        shutil.rmtree(work)
        shutil.rmtree(box)


def answer(box, work, status):
    lines = (box / "messages").read_text().splitlines() if (box / "messages").exists() else []
    messages = [json.loads(line) for line in lines]
    return {
        "stdout": (box / "out").read_bytes().decode("utf-8", "backslashreplace"),
        "stderr": (box / "err").read_bytes().decode("utf-8", "backslashreplace"),
        "outputs": [message["output"] for message in messages if "output" in message],
        "verdict": next((message["verdict"] for message in messages if "verdict" in message), None),
        "files": sorted(str(path.relative_to(work)) for path in Path(work).rglob("*") if path.is_file()),
        "status": status,
        "work_dir": work,
    }


def child(language, request, work, box):
    os.chdir(work)
    for number, name, flags in (
        (0, "in", os.O_RDONLY),
        (1, "out", os.O_WRONLY | os.O_CREAT),
        (2, "err", os.O_WRONLY | os.O_CREAT),
    ):
        descriptor = os.open(box / name, flags, 0o600)
        os.dup2(descriptor, number)
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    channel = os.open(box / "messages", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    dumps, write = json.dumps, os.write

    def emit(message):
        data = dumps(message).encode() + b"\n"
        while data:
            data = data[write(channel, data) :]

    language.reseed()
    verdict = language.run(request, emit)
    emit({"verdict": verdict})
    os._exit(0)


if __name__ == "__main__":
    main()
