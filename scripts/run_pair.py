"""Starts both services, waits until they are ready, says how to use them, stops them cleanly on Ctrl-C."""

import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 40.0
POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the pair and where it answers."""

    name: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


PAIR = (Service("coderunner", 8080), Service("dataflowtools", 8081))


def health(service: Service) -> tuple[bool, str]:
    """Whether it is ready, and what it says where it is not."""
    try:
        with urllib.request.urlopen(f"{service.url}/api/health", timeout=2) as reply:
            return reply.status == 200, ""
    except urllib.error.HTTPError as refusal:
        return False, refusal.read().decode("utf-8", "replace")
    except OSError:
        return False, "not listening yet"


async def until_ready(service: Service, process: asyncio.subprocess.Process) -> None:
    """Wait; a service that ends or stays unready is told with its own words."""
    why = ""
    for _ in range(int(READY_TIMEOUT_S / POLL_S)):
        ready, why = await asyncio.to_thread(health, service)
        if ready:
            print(f"{service.name} is ready at {service.url} (documents: {service.url}/docs)")
            return
        if process.returncode is not None:
            sys.exit(f"{service.name} ended with {process.returncode} before it was ready")
        await asyncio.sleep(POLL_S)
    sys.exit(f"{service.name} is not ready after {READY_TIMEOUT_S:.0f} s: {why[:2000]}")


def environment(service: Service) -> dict[str, str]:
    """Each service's own port; the rest is what the caller set and the service's .env."""
    return {**os.environ, "PORT": str(service.port)}


async def start(service: Service) -> asyncio.subprocess.Process:
    """A session of its own, so that Ctrl-C comes to us and we stop both in order."""
    log = None if "VERBOSE" in os.environ else log_file(service)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"{service.name}.src.main",
        cwd=ROOT, env=environment(service), start_new_session=True, stderr=log, stdout=log,
    )  # fmt: skip


def log_file(service: Service) -> int:
    """The services' JSON lines go to a file, so that the screen shows what to do next."""
    folder = ROOT / "data" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / f"{service.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


async def stop(processes: list[asyncio.subprocess.Process]) -> None:
    """Let requests under way finish; what does not end in time is ended."""
    for process in processes:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def usage() -> str:
    """Lines to paste."""
    body = json.dumps({"code": "import pandas as pd\nprint(pd.DataFrame({'a': [1, 2, 3]}).describe())"})
    runner, tools = PAIR
    return (
        "\nRun code:\n"
        f"  curl -s {runner.url}/api/runner/execute -H 'Content-Type: application/json' \\\n"
        f"    -d '{body.replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))}'\n"
        "Upload a document:\n"
        f"  curl -s {tools.url}/api/file/upload -F file=@README.md\n"
        f"Logs: data/logs/*.log (VERBOSE=1 shows them here). Ctrl-C stops both.\n"
    )


async def main() -> int:
    """Both services up until one ends or somebody says stop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    processes: list[asyncio.subprocess.Process] = []
    try:
        print("starting", " and ".join(service.name for service in PAIR))
        processes += [await start(service) for service in PAIR]
        ready = asyncio.gather(*map(until_ready, PAIR, processes))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({asyncio.ensure_future(ready), waiting}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            ready.result()
            print(usage(), flush=True)
            ends = [asyncio.create_task(process.wait()) for process in processes]
            await asyncio.wait({waiting, *ends}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        return 0 if stopping.is_set() else 1
    finally:
        print("stopping", flush=True)
        await stop(processes)
        print("stopped", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
