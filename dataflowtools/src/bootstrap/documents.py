"""Reading documents: the reader, the cache of results and the use case."""

from contextlib import AsyncExitStack

from dataflowtools.src.bootstrap.programs import Programs
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.documents.modern_office import ModernOffice
from dataflowtools.src.drivenadapters.documents.result_caches import MemoryResultCache, RedisResultCache
from dataflowtools.src.drivenadapters.documents.worker_document_reader import WorkerDocumentReader
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.driveradapters.file.document_routes import DocumentUses
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from dataflowtools.src.logics.file.documents.ports.result_cache import ResultCache
from dataflowtools.src.logics.file.documents.ports.text_recogniser import TextRecogniser
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore


def open_result_cache(settings: Settings, resources: AsyncExitStack) -> ResultCache:
    """Keep results in Redis where there is one."""
    if not settings.redis_host:
        return MemoryResultCache(max_bytes=settings.document_cache_bytes, ttl_s=settings.document_cache_ttl_s)
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    client = Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )
    resources.push_async_exit(client)
    return RedisResultCache(client, ttl_s=settings.document_cache_ttl_s)


def open_document_reader(
    settings: Settings, workers: LimitedWorkers, programs: Programs
) -> WorkerDocumentReader:
    """Read in limited workers."""
    return WorkerDocumentReader(
        workers,
        timeout_s=settings.document_timeout_s,
        memory_bytes=settings.document_memory_bytes,
        max_document_bytes=settings.document_max_bytes,
        modern_office=ModernOffice(programs.steps, programs.installed),
    )


def document_uses(
    settings: Settings,
    resources: AsyncExitStack,
    *,
    workers: LimitedWorkers,
    programs: Programs,
    store: FileStore,
    catalogue: FileCatalogue,
    recogniser: TextRecogniser,
) -> DocumentUses:
    """Build the use cases of documents."""
    reader = open_document_reader(settings, workers, programs)
    cache = open_result_cache(settings, resources)
    return DocumentUses(
        parse_document=ParseDocument(
            catalogue=catalogue, store=store, reader=reader, cache=cache, recogniser=recogniser
        ),
        max_body_bytes=settings.document_max_bytes + (1 << 20),
    )
