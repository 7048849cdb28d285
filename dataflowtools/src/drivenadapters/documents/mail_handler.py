"""Mails (eml): headers, the body as plain text or sifted HTML, and the list of attachments."""

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, ClassVar

from dataflowtools.src.drivenadapters.documents import html_walk
from dataflowtools.src.drivenadapters.documents.text_handlers import read_bytes
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Caveat,
    Document,
    Heading,
    Paragraph,
    Run,
    plain,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_MAX_PARTS = 1000


class MailHandler(DocumentHandler):
    """Reads one mail."""

    formats: ClassVar[frozenset[str]] = frozenset({"eml"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read headers, body and the names of attachments."""
        del options
        message = email.message_from_bytes(read_bytes(source.file), policy=email.policy.default)
        if not isinstance(message, EmailMessage) or not message.keys():
            raise CorruptFile("The file is no mail: it has no headers.")
        headers = {name: _header(message, name) for name in _HEADERS}
        caveats: list[Caveat] = []
        blocks: list[Block] = []
        if headers["Subject"]:
            blocks.append(Heading(level=1, runs=plain(headers["Subject"])))
        blocks.extend(
            Paragraph(runs=(Run(f"{name}: ", bold=True), Run(headers[name])))
            for name in _HEADERS[:-1]
            if headers[name]
        )
        blocks.extend(_body(message, caveats))
        metadata: dict[str, Any] = {name.lower(): value for name, value in headers.items() if value}
        if headers["Date"]:
            metadata["date"] = _moment(headers["Date"])
        metadata["title"] = headers["Subject"]
        metadata["attachments"] = _attachments(message)
        return Document(blocks=blocks, metadata=metadata, warnings=caveats)


def _moment(text: str) -> str:
    """Write a date in ISO 8601; one that is none stays as it is."""
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return text


def _header(message: Message, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())[:10_000]
    except (ValueError, IndexError, AttributeError, TypeError):  # the parser trips over some broken addresses
        return " ".join(str(dict(message.raw_items()).get(name, "")).split())[:10_000]


def _body(message: EmailMessage, caveats: list[Caveat]) -> list[Block]:
    part = message.get_body(preferencelist=("html", "plain"))
    if part is None:
        return []
    try:
        content = part.get_content()
    except (LookupError, ValueError, KeyError):
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else ""
        caveats.append(Caveat(code="undecodable", message="The body's encoding is unknown."))
    if part.get_content_subtype() != "html":
        parts = str(content).replace("\r\n", "\n").split("\n\n")
        return [Paragraph(runs=plain(text.strip("\n"))) for text in parts if text.strip()]
    if not str(content).strip():
        return []
    root = html_walk.parse_html(str(content).encode("utf-8", errors="replace"), "utf-8")
    caveats.extend(html_walk.caveats(root))
    return html_walk.blocks_of(root.body)


def _attachments(message: EmailMessage) -> list[dict[str, Any]]:
    """List what is not the body: attached files, pictures within the text, and mails that were passed on."""
    found = []
    for part in islice(_parts(message), _MAX_PARTS):
        name = part.get_filename() or ""
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            mail = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Message) else part
            name = name or f"{_header(mail, 'Subject')}.eml"
            size = _written_size(mail)
        elif part.get_content_disposition() == "attachment" or name:
            payload = part.get_payload(decode=True)
            size = len(payload) if isinstance(payload, bytes) else 0
        else:
            continue
        found.append({"name": name, "media_type": part.get_content_type(), "size": size})
    return found


def _written_size(mail: Message) -> int:
    try:
        return len(mail.as_bytes())
    except (
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    ):  # the writer trips over what the parser let pass
        return 0


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Walk the parts, but not into mails that are parts themselves."""
    pending: list[Any] = [message]
    while pending:
        part = pending.pop(0)
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            pending[:0] = payload
        else:
            yield part
