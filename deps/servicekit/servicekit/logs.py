"""One JSON object per line, for requests and for everything else that is logged."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

__all__ = ["configure_logging"]

request_context: ContextVar[dict[str, str]] = ContextVar("request_context", default={})  # noqa: B039 - never mutated
MAX_MESSAGE = 8000


class JsonFormatter(logging.Formatter):
    """Escapes whatever could forge a line or move a terminal's cursor."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:MAX_MESSAGE],
            **request_context.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)[-MAX_MESSAGE:]
        return json.dumps(line, default=str).replace("\x7f", "\\u007f")


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every record to one stream as JSON; called by main only."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
