"""What can happen to a job in a limited worker process."""

from dataflowtools.src.errors.base import RequestRefused, ServiceTrouble


class WorkerCrashed(RequestRefused):
    """The input made the program that read it crash."""

    code = "processing_crashed"


class WorkerMemoryExceeded(RequestRefused):
    """The input needs more memory than one job may use."""

    code = "memory_limit"


class WorkerResultTooLarge(RequestRefused):
    """The job's result is larger than one reply may be."""

    code = "result_too_large"


class WorkerTimedOut(RequestRefused):
    """The job did not end within its time limit."""

    code = "time_limit"


class WorkerLost(ServiceTrouble):
    """The worker process was killed from outside while it worked."""

    code = "worker_lost"
    retry_after_s = 1


class WorkersBusy(ServiceTrouble):
    """All workers are busy and the queue before them is full."""

    code = "workers_busy"
    retry_after_s = 2


class WorkersUnavailable(ServiceTrouble):
    """A worker process cannot be started as confined as it must be."""

    code = "workers_unavailable"
    retry_after_s = 30
