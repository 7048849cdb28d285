"""The result cache: in Redis where there is one, otherwise in this process."""

from contextlib import AsyncExitStack
from pathlib import Path

from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.sandbox.guest_runtime import default_guest_dir
from coderunner.src.logics.environment.run_environments import RunEnvironments
from coderunner.src.logics.runner.cached_runs import CachedRuns, CacheRules
from coderunner.src.logics.runner.execute_code import ExecuteCode
from executor.adapters.embedded.cache import MemoryResultCache
from executor.core.caching import ReplyCache
from executor.ports.cache import ResultCache

_SHARE_OF_ONE = 8  # no reply takes more than this part of the cache


def open_cached_runs(
    settings: Settings,
    resources: AsyncExitStack,
    version: str,
    *,
    execute_code: ExecuteCode,
    environments: RunEnvironments,
) -> CachedRuns:
    """Connections are made when they are needed."""
    cache = _open_cache(settings)
    resources.push_async_callback(cache.close)
    return CachedRuns(
        execute_code=execute_code,
        environments=environments,
        replies=ReplyCache(cache=cache, ttl_s=settings.cache_ttl_s),
        rules=CacheRules(
            enabled=settings.cache_enabled,
            ttl_s=settings.cache_ttl_s,
            most_bytes=settings.cache_max_bytes // _SHARE_OF_ONE,
            guest=f"{version} {_guest_build(settings.guest_dir or default_guest_dir())}",
        ),
    )


def _open_cache(settings: Settings) -> ResultCache:
    url = settings.executor_redis_url
    if url is None:
        return MemoryResultCache(max_bytes=settings.cache_max_bytes)
    from executor.adapters.redis.cache import RedisResultCache

    return RedisResultCache(url=url.get_secret_value(), prefix=settings.queue_prefix)


def _guest_build(guest: Path) -> int:
    """When the guest interpreter was finished: replicas of one image share it, another build is another guest."""
    marker = guest / ".complete"
    return marker.stat().st_mtime_ns if marker.exists() else 0
