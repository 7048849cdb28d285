import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from dataflowtools.src import errors
from dataflowtools.src.drivenadapters.workers.families import WorkerFamily
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers

HOSTILE = "dataflowtools.tests.unit.workers.hostile_jobs"
JOBS = [
    "echo",
    "refuse",
    "stumble",
    "segfault",
    "eat",
    "eat_natively",
    "spin",
    "hold_the_gil",
    "wait",
    "whoami",
    "litter",
    "look",
    "leave_a_child",
    "thread",
    "escape",
    "flood",
    "large",
    "grow",
]
MEBIBYTE = 1 << 20
ROOT = Path(__file__).resolve().parents[4]


def family(name="hostile", **changes) -> WorkerFamily:
    jobs = {f"{name}.{job}": f"{HOSTILE}:{job}" for job in JOBS}
    settings = {"size": 1, "memory_bytes": 256 * MEBIBYTE, "processes": 16}
    settings["read_paths"] = (str(ROOT / "dataflowtools" / "tests"),)
    return WorkerFamily(name=name, jobs=jobs, **(settings | changes))


@pytest.fixture
async def workers():
    async with LimitedWorkers([family(), family("free", may_execute=True)]) as pool:
        yield pool


async def run(pool, job, arguments=None, **changes):
    limits = {"timeout_s": 20, "memory_bytes": 100 * MEBIBYTE}
    name = job if "." in job else f"hostile.{job}"
    return await pool.run(name, arguments or {}, **(limits | changes))


async def gone(pid):
    async with asyncio.timeout(60):
        while True:
            try:
                status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except FileNotFoundError:
                return
            if status == "Z":
                return
            await asyncio.sleep(0.01)


async def test_a_job_gets_arguments_and_open_files_and_returns_values_and_bytes(workers, tmp_path):
    progress = []
    (tmp_path / "in").write_text("内容")
    with (tmp_path / "in").open("rb") as file:
        result = await run(
            workers,
            "echo",
            {"a": [1, "é"]},
            files=[file.fileno()],
            on_progress=lambda *step: progress.append(step),
        )
    assert result.value == {"arguments": {"a": [1, "é"]}, "texts": ["内容"]}
    assert result.blobs == ("内容".encode(),)
    assert progress == [(0.5, "half")]


async def test_a_typed_error_arrives_as_itself_and_the_worker_lives_on(workers):
    before = await run(workers, "whoami")
    with pytest.raises(errors.InvalidFileRequest, match="no such sheet") as caught:
        await run(workers, "refuse")
    assert caught.value.field == "sheets"
    assert (await run(workers, "whoami")).value == before.value


@pytest.mark.parametrize(
    ("job", "error"),
    [
        ("stumble", errors.WorkerCrashed),
        ("segfault", errors.WorkerCrashed),
        ("eat", errors.WorkerMemoryExceeded),
        ("eat_natively", errors.WorkerMemoryExceeded),
    ],
)
async def test_a_poisoned_input_is_one_clear_error_and_the_next_job_is_fine(workers, caplog, job, error):
    with pytest.raises(error):
        await run(workers, job)
    assert (await run(workers, "thread")).value == [1]


async def test_workers_without_work_end_and_start_anew_when_there_is_some():
    async with LimitedWorkers([family(size=2, idle_s=0.3)]) as pool:
        pids = {one.value["pid"] for one in await asyncio.gather(run(pool, "whoami"), run(pool, "whoami"))}
        assert pool.report()[0].idle == len(pids)
        for pid in pids:
            await gone(pid)
        async with asyncio.timeout(30):
            while pool.report()[0].idle:
                await asyncio.sleep(0.02)
        assert (await run(pool, "whoami")).value["pid"] not in pids


async def test_a_worker_that_works_is_never_idle_too_long():
    async with LimitedWorkers([family(idle_s=0.2)]) as pool:
        first = (await run(pool, "whoami")).value["pid"]
        with pytest.raises(errors.WorkerTimedOut):
            await run(pool, "wait", timeout_s=0.8)
        await gone(first)


async def test_a_worker_can_be_started_before_its_first_job():
    async with LimitedWorkers([family()]) as pool:
        pool.prepare("hostile.whoami")
        pool.prepare("hostile.whoami")
        async with asyncio.timeout(60):
            while not pool.report()[0].idle:
                await asyncio.sleep(0.02)
        await run(pool, "whoami")
        assert pool.report()[0].started == 1


@pytest.mark.parametrize("job", ["spin", "hold_the_gil"])
async def test_a_job_that_does_not_end_is_killed(workers, job):
    first = (await run(workers, "whoami")).value["pid"]
    with pytest.raises(errors.WorkerTimedOut):
        await run(workers, job, timeout_s=0.3)
    await gone(first)
    assert (await run(workers, "whoami")).value["pid"] != first


async def test_cancelling_kills_the_worker_and_all_it_started(workers):
    started = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        run(
            workers,
            "free.leave_a_child",
            {"hang": True},
            on_progress=lambda _, text: started.set_result(int(text)),
        )
    )
    child = await started
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await gone(child)


async def test_a_worker_killed_from_outside_is_a_503_and_replaced(workers):
    pid = (await run(workers, "whoami")).value["pid"]
    task = asyncio.create_task(run(workers, "wait"))
    async with asyncio.timeout(60):
        while not any(report.running for report in workers.report()):
            await asyncio.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(errors.WorkerLost):
        await task
    assert (await run(workers, "whoami")).value["pid"] != pid


async def test_an_idle_worker_that_was_killed_costs_nothing(workers):
    pid = (await run(workers, "whoami")).value["pid"]
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    assert (await run(workers, "whoami")).value["pid"] != pid


async def test_a_worker_cannot_reach_network_files_processes_or_the_service(workers, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("key")
    arguments = {"secret": str(secret), "outside": str(tmp_path / "out"), "service": os.getpid()}
    arguments["beside"] = str(ROOT / "pyproject.toml")  # as a .env or a data folder may lie there
    seen = (await run(workers, "escape", arguments)).value
    denied = "PermissionError"
    assert seen.pop("own") == "done"
    assert seen.pop("unshare") == -1
    # hidepid is not needed: another uid's memory is refused by the kernel itself
    assert seen == dict.fromkeys(seen, denied)


async def test_a_worker_has_its_own_uid_and_an_almost_empty_environment(workers, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    seen = (await run(workers, "whoami")).value
    assert seen["environment"] == [
        "HOME",
        "LANG",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "PATH",
        "TMPDIR",
    ]
    if os.geteuid() == 0:
        assert seen["uid"] >= 60_000
        assert {"own_uid", "network_namespace"} <= set(workers.report()[0].layers)


async def test_scratch_is_empty_for_the_next_job_and_gone_after_the_end():
    async with LimitedWorkers([family("neat")]) as pool:
        await run(pool, "neat.litter")
        assert (await run(pool, "neat.look")).value == []
        assert list(Path(tempfile.gettempdir()).glob("worker-neat-*"))
    assert not list(Path(tempfile.gettempdir()).glob("worker-neat-*"))


async def test_a_full_queue_and_a_long_wait_are_refused():
    async with LimitedWorkers([family(queue_limit=1, queue_timeout_s=0.5)]) as pool:
        await run(pool, "whoami")
        busy = asyncio.create_task(run(pool, "wait"))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(run(pool, "whoami"))
        await asyncio.sleep(0)
        with pytest.raises(errors.WorkersBusy):
            await run(pool, "whoami")
        with pytest.raises(errors.WorkersBusy):
            await waiting
        busy.cancel()
        with suppress(asyncio.CancelledError):
            await busy


async def test_workers_are_recycled_after_jobs_and_after_growth():
    async with LimitedWorkers([family(recycle_after_jobs=2, growth_bytes=30 * MEBIBYTE)]) as pool:
        pids = [(await run(pool, "whoami")).value["pid"] for _ in range(4)]
        assert pids[0] == pids[1] != pids[2] == pids[3]
        assert (await run(pool, "grow", {"bytes": 50 * MEBIBYTE})).value == 1
        assert (await run(pool, "grow", {"bytes": 1})).value == 1


async def test_a_result_that_is_too_large_is_refused_and_a_noisy_worker_is_drained():
    async with LimitedWorkers([family(result_bytes=MEBIBYTE)]) as pool:
        assert (await run(pool, "flood")).value == "survived"
        with pytest.raises(errors.WorkerResultTooLarge):
            await run(pool, "large", {"bytes": 2 * MEBIBYTE})
        assert len((await run(pool, "large", {"bytes": 1000})).blobs[0]) == 1000


async def test_every_job_is_reported_with_its_outcome():
    reports = []
    async with LimitedWorkers([family()], on_job=reports.append) as pool:
        await run(pool, "whoami")
        with pytest.raises(errors.WorkerMemoryExceeded):
            await run(pool, "eat")
    assert [(report.job, report.outcome) for report in reports] == [
        ("hostile.whoami", "ok"),
        ("hostile.eat", "memory_limit"),
    ]


async def test_workers_that_cannot_be_confined_enough_do_not_serve():
    async with LimitedWorkers([family()], required_layers=frozenset({"gvisor"})) as pool:
        with pytest.raises(errors.WorkersUnavailable, match="gvisor"):
            await run(pool, "whoami")


async def test_fifty_jobs_at_once_share_the_workers():
    async with LimitedWorkers([family(size=2)]) as pool:
        results = await asyncio.gather(*(run(pool, "echo", {"n": n}) for n in range(50)))
    assert [result.value["arguments"]["n"] for result in results] == list(range(50))
    assert pool.report()[0].started == 2


async def test_the_death_of_the_service_kills_a_busy_worker():
    program = textwrap.dedent("""
        import asyncio
        from dataflowtools.tests.unit.workers.test_limited_workers import family, run
        from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers

        async def main():
            async with LimitedWorkers([family()]) as pool:
                print((await run(pool, "whoami")).value["pid"], flush=True)
                await run(pool, "spin")
        asyncio.run(main())
    """)
    path = os.pathsep.join(str(ROOT / part) for part in (".", "deps/servicekit", "deps/rowkit"))
    service = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
    )
    worker = int(await asyncio.to_thread(service.stdout.readline))
    service.kill()
    service.wait()
    service.stdout.close()
    await gone(worker)
