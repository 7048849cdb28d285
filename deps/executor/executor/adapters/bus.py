"""Which bus the settings ask for."""

from executor.adapters.embedded.bus import LocalBus
from executor.common.settings import ExecutorSettings
from executor.ports.bus import EventBus

REDIS_POLL_S = 5.0


def open_bus(settings: ExecutorSettings) -> EventBus:
    """Redis where there is one (the broker's too), otherwise calls within the process and polled rows."""
    broker = settings.broker_url if settings.executor_backend == "celery" else None
    url = settings.executor_redis_url or broker
    if url is None or not url.get_secret_value().startswith("redis"):
        return LocalBus(poll_s=settings.event_poll_s)
    from executor.adapters.redis.bus import RedisBus

    return RedisBus(url=url.get_secret_value(), prefix=settings.queue_prefix, poll_s=REDIS_POLL_S)
