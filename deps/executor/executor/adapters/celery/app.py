"""How Celery is set so that it only carries: late acknowledgement, nothing prefetched, nothing remembered."""

from typing import Any

from celery import Celery
from kombu.entity import Queue

from executor.common.settings import ExecutorSettings
from executor.errors import ConfigurationError

TASK = "executor.run"
REDIS_TRANSPORT = "executor.adapters.celery.redis_broker:Transport"
HARD_LIMIT_GRACES = 2


def queue_of(settings: ExecutorSettings) -> str:
    return f"{settings.queue_prefix}.executions"


def make_celery(settings: ExecutorSettings) -> Celery:
    """An application of its own, never the current one of the process."""
    if settings.broker_url is None:
        raise ConfigurationError("EXECUTOR_BACKEND=celery needs STEPFLOW_EXECUTOR_BROKER_URL.")
    url = settings.broker_url.get_secret_value()
    app = Celery("executor", broker=url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_transport=REDIS_TRANSPORT if url.startswith("redis") else None,
        broker_transport_options=_transport_options(url, settings),
        task_acks_late=True,
        task_default_queue=queue_of(settings),
        task_ignore_result=True,
        task_queues=[Queue(queue_of(settings), durable=True)],  # type: ignore[no-untyped-call]
        task_reject_on_worker_lost=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Our dispatcher counts free slots: fetching less after a reconnection would leave some of them empty.
        worker_enable_prefetch_count_reduction=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_proc_alive_timeout=60.0,
    )
    return app


def _transport_options(url: str, settings: ExecutorSettings) -> dict[str, Any]:
    if not url.startswith("redis"):
        return {"confirm_publish": True, "max_retries": 3}
    longest_s = settings.max_timeout_s + settings.kill_grace_s * HARD_LIMIT_GRACES
    return {
        # Redis gives a message to a second worker after this time, so it must outlast every execution;
        # what a dead worker held comes back sooner through the sweep of the rows.
        "visibility_timeout": longest_s + 60,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "global_keyprefix": f"{settings.queue_prefix}.",
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "max_retries": 3,
    }
