"""Limited worker processes: everything that parses what strangers sent runs here, never in the service.

One job at a time in a process of the service's own Python that was started clean (no fork of the service),
imported its libraries once, and then gave up everything: own session, own uid when the service is root, no
network (an empty network namespace where the kernel gives one, and a seccomp filter that refuses sockets),
no new privileges, Landlock (reads the interpreter and the code, writes its scratch folder only), an almost
empty environment, and limits on memory, processor time, open files, file size and processes. It is killed
with its whole process group when its time is over, when the caller is cancelled (the client left) and when
the service dies; replaced after a crash, after `recycle_after_jobs` jobs and after growth.

A family is one kind of worker. Declare it beside its jobs::

    OCR = WorkerFamily(
        name="ocr",
        jobs={"ocr.recognise": "dataflowtools.src.drivenadapters.ocr.jobs:recognise"},
        warm_up=("dataflowtools.src.drivenadapters.ocr.jobs:warm_up",),  # modules, or module:function to call
        size=1, memory_bytes=1 << 30, environment={"OMP_NUM_THREADS": "2"},
    )

and a job as a plain function of the worker's side; it gets open files, never paths or names::

    def recognise(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
        picture = job.files[0].read()          # binary file objects on the descriptors that the caller passed
        job.progress(0.5, "page 2 of 4")       # reaches the caller's on_progress
        (job.scratch / "x.png").write_bytes()  # private, emptied after the job
        job.blobs.append(rendered)             # bytes for the caller that do not pass through JSON
        raise CorruptFile("...")               # any DataflowError arrives at the caller as itself

The caller, an adapter, holds the pool that `bootstrap` made (its name there is `workers`)::

    result = await workers.run(
        "ocr.recognise", {"language": "zh"}, files=[handle.fileno()],
        timeout_s=30, memory_bytes=512 << 20,
        on_progress=lambda fraction, message: ...,
    )
    result.value      # what the function returned, through JSON
    result.blobs      # tuple of bytes

A descriptor that is passed shares its file offset with the caller's: open the file for this one job. Memory
is what the job may use beyond the warm worker. `run` raises WorkersBusy (queue full or waited too long),
WorkerTimedOut, WorkerMemoryExceeded, WorkerCrashed, WorkerLost, WorkerResultTooLarge, WorkersUnavailable,
or what the job raised. Workers start at the first job of their family. `workers.report()` gives what each
family does and which layers of confinement its workers reached; `on_job` is called with a JobReport after
every job, for metrics.
"""
