"""Every setting of dataflowtools, named in the environment as the field in capitals."""

from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field, SecretStr

from executor.common.settings import ExecutorSettings


class Settings(ExecutorSettings):
    """The whole configuration; nothing else reads the environment."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)

    # executions: two services that share a broker or a Redis must not share queues and channels
    queue_prefix: str = Field(
        "dataflowtools",
        alias="STEPFLOW_EXECUTOR_QUEUE_PREFIX",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="First part of the names of queues and channels; one per service.",
    )

    # server
    host: str = Field(
        "127.0.0.1", description="Address to listen on; others than loopback need keys or AUTH=none."
    )
    port: int = Field(8081, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    auth: Literal["keys", "none"] = Field(
        "keys",
        description="keys: API keys, and loopback only while there is no key file; "
        "none: anybody, on any address, is the tenant default.",
    )
    api_key_file: str | None = Field(None, description="File of API keys; unset means no keys.")
    drain_s: float = Field(30, ge=0, description="Seconds that requests under way get at shutdown.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line."
    )
    max_body_bytes: int = Field(10 * 1024**2, ge=1, description="Largest body but for uploads (413 above).")
    data_dir: Path = Field(Path("data/dataflowtools"), description="Folder for SQLite, files and keys.")

    # database
    db_host: str = Field("", description="MySQL or MariaDB host; empty uses SQLite in DATA_DIR.")
    db_port: int = Field(3306, ge=1, le=65535, description="MySQL or MariaDB port.")
    db_name: str = Field("dataflow", description="Database name; made at start if the user may.")
    db_user: str = Field("root", description="Database user.")
    db_password: SecretStr = Field(SecretStr(""), description="Database password.")
    db_wait_s: float = Field(30, ge=0, description="Seconds to wait at start for a database to answer.")
    db_threads: int = Field(8, ge=1, le=128, description="Most database calls under way at once.")

    # redis
    redis_host: str = Field("", description="Redis host; empty keeps caches and locks in the process.")
    redis_port: int = Field(6379, ge=1, le=65535, description="Redis port.")

    # other services
    ocr_service_url: str = Field("", description="External OCR engine; empty uses the embedded one.")
    coderunner_url: str = Field("http://127.0.0.1:8080", description="Where coderunner answers.")
    coderunner_api_key: SecretStr = Field(
        SecretStr(""), description="Key with the scope delegate for coderunner."
    )

    # files
    file_store: Literal["local", "s3"] = Field("local", description="local: DATA_DIR/files; s3: a bucket.")
    file_threads: int = Field(8, ge=1, le=128, description="Most blocking calls of the file store at once.")
    file_max_bytes: int = Field(4 * 1024**3, ge=1, description="Largest single file, in bytes (413 above).")
    upload_max_bytes: int = Field(
        8 * 1024**3, ge=1, description="Largest upload request, in bytes (413 above)."
    )
    upload_max_files: int = Field(100, ge=1, description="Most files in one upload.")
    upload_idle_s: float = Field(
        60, gt=0, description="Seconds an upload may send nothing before it is ended."
    )
    tenant_quota_bytes: int = Field(
        100 * 1024**3, ge=1, description="Bytes one tenant may store (507 above)."
    )
    orphan_age_s: float = Field(
        86_400,
        ge=60,
        description="Age at which stored bytes without a row are removed; an upload may take half.",
    )
    sweep_interval_s: float = Field(
        3600, gt=0, description="Seconds between sweeps for orphans; one runs at start."
    )
    s3_bucket: str = Field(
        "dataflow", alias="S3_BUCKET", description="Bucket for files and results; made when it is missing."
    )

    # tags
    tag_rules_max: int = Field(20_000, ge=1, description="Most rules in one extraction.")

    # ----- documents -----
    document_workers: int = Field(2, ge=1, le=64, description="Processes that read documents.")
    document_queue: int = Field(64, ge=0, description="Most documents that wait for a process (503 above).")
    document_timeout_s: float = Field(60, gt=0, description="Seconds one document may take (504 above).")
    document_memory_bytes: int = Field(
        1024**3, ge=64 * 1024**2, description="Memory that reading one document may take (422 above)."
    )
    document_max_bytes: int = Field(512 * 1024**2, ge=1, description="Largest document that is read (413).")
    document_cache_bytes: int = Field(
        128 * 1024**2, ge=0, description="Memory for kept results; with Redis they are kept there."
    )
    template_max_records: int = Field(
        10_000, ge=1, description="Most records that one request fills a template with (413 above)."
    )
    document_cache_ttl_s: float = Field(3600, gt=0, description="Seconds that results are kept.")
    # ----- converting -----
    libreoffice_path: str = Field(
        "", description="LibreOffice's folder program; empty looks where distributions put it."
    )
    convert_workers: int = Field(
        2, ge=1, le=64, description="Processes of each converter; one that holds LibreOffice takes 200 MB."
    )
    convert_timeout_s: float = Field(
        120, gt=0, description="Seconds one step of a conversion may take (504 above)."
    )
    convert_memory_bytes: int = Field(
        1024**3, ge=64 * 1024**2, description="Memory that one step of a conversion may take (422 above)."
    )
    convert_recycle_jobs: int = Field(
        50, ge=1, description="Conversions after which a LibreOffice is replaced by a fresh one."
    )
    # ----- workers -----
    worker_idle_s: float = Field(
        900, gt=0, description="Seconds after which a worker process without work ends, to free its memory."
    )
    convert_warm_start: bool = Field(
        default=False, description="Whether a LibreOffice starts with the service, not with its first file."
    )
    batch_max_files: int = Field(1000, ge=1, le=100_000, description="Most files of one batch (422 above).")
    # ----- ocr -----
    ocr_warm_start: bool = Field(
        default=False,
        description="Load PP-OCR at start (700 MB), so that the first page need not wait for it.",
    )
    ocr_workers: int = Field(
        1, ge=1, le=32, description="Processes of each text engine; PP-OCR uses two cores and 700 MB each."
    )
    ocr_picture_workers: int = Field(2, ge=1, le=64, description="Processes that decode pictures and codes.")
    ocr_timeout_s: float = Field(120, gt=0, description="Seconds that recognising one page may take.")
    ocr_service_timeout_s: float = Field(30, gt=0, description="Seconds the external OCR engine gets a page.")
    ocr_max_bytes: int = Field(200 * 1024**2, ge=1, description="Largest picture or scan (413 above).")
    ocr_max_pages: int = Field(100, ge=1, description="Most pages or frames in one request (422 above).")
    ocr_max_pixels: int = Field(
        80_000_000, ge=1, description="Most pixels of one picture, by its header (422 above)."
    )
    # ----- data_analysis -----
    analysis_workers: int = Field(2, ge=1, le=64, description="Worker processes that compute on tables.")
    analysis_timeout_s: float = Field(120, gt=0, description="Seconds one analysis may take (504 above).")
    analysis_memory_bytes: int = Field(
        2 * 1024**3, ge=64 * 1024**2, description="Memory of one analysis beyond the warm worker."
    )
    analysis_max_rows: int = Field(20_000_000, ge=1, description="Most rows of a table or a result.")
    analysis_max_cells: int = Field(200_000_000, ge=1, description="Most cells of a table or a result.")
    analysis_inline_rows: int = Field(100_000, ge=1, description="Most rows that come with a reply.")
    analysis_inline_bytes: int = Field(
        32 * 1024**2, ge=1024, description="Most bytes of a result that comes with a reply."
    )
    analysis_custom_bytes: int = Field(
        6 * 1024**2, ge=1024, description="Most bytes of Arrow that are handed to free code in coderunner."
    )
    analysis_stream_bytes: int = Field(
        200 * 1024**2,
        ge=0,
        description="Size from which csv and parquet files are streamed, not held in memory.",
    )
