"""What the language policy costs, and how soon a printed line is with the client of a stream.

The costs are measured by benchmarks/language_costs.py in the guest interpreter. The latency is that of a line from
`print` in the program to the last byte of its event in the client, over HTTP: both read the same clock.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time

from benchmarks.sandbox import ROOT, guest_python, summary, until_ready

LINES = 300
PROGRAM = f"import time\nfor _ in range({LINES}):\n    print(time.time_ns())\n    time.sleep(0.01)\n"
LEVELS = ("isolated", "restricted")
BUDGET_MS = 20
MOST_READS, MOST_LIBRARIES = 8, 1.1


def measure() -> dict:
    costs = subprocess.run(
        [guest_python(), ROOT / "benchmarks/language_costs.py"], stdout=subprocess.PIPE, check=True, text=True
    )
    figures = {"cpu": json.loads(costs.stdout), "line_latency": asyncio.run(line_latency())}
    print(table(figures))
    return figures


async def line_latency() -> dict:
    port = 18081
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "PORT": str(port), "DATA_DIR": data, "LOG_LEVEL": "ERROR"}
        service = subprocess.Popen(
            [sys.executable, ROOT / "coderunner/src/main.py"], env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await until_ready(port)
            await asyncio.sleep(2)
            return {level: summary(await latencies_ms(port, level)) for level in LEVELS}
        finally:
            service.terminate()
            service.wait()


async def latencies_ms(port: int, level: str) -> list[float]:
    body = json.dumps({"code": PROGRAM, "security_level": level}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        "POST /api/runner/execute HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    found = []
    while line := await reader.readline():
        now = time.time_ns()
        if line.startswith(b"data: ") and b'"text"' in line:
            texts = json.loads(line[6:])["text"].split()
            found += [(now - int(text)) / 1e6 for text in texts]
    writer.close()
    if len(found) != LINES:
        raise RuntimeError(f"{len(found)} lines of {LINES} came")
    return found


def table(figures: dict) -> str:
    rows = []
    for title, programs in figures["cpu"].items():
        rows += [f"\n| {title} | isolated CPU ms | restricted CPU ms | ratio |", "|---|---|---|---|"]
        rows += [
            f"| {name} | {found['isolated_ms']} | {found['restricted_ms']} | {found['ratio']} |"
            for name, found in programs.items()
        ]
    rows += [f"\n| line, print to client (aim < {BUDGET_MS} ms) | p50 ms | p95 ms |", "|---|---|---|"]
    rows += [
        f"| {level} | {found['p50_ms']} | {found['p95_ms']} |"
        for level, found in figures["line_latency"].items()
    ]
    worst = {
        title: max(found["ratio"] for found in figures["cpu"][title].values())
        for title in ("a million attribute reads", "inside the data libraries")
    }
    rows += [f"\nworst ratios {worst}, aims {MOST_READS} and {MOST_LIBRARIES}"]
    return "\n".join(rows)


if __name__ == "__main__":
    measure()
