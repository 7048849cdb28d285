"""What is learnt of a file's bytes while they stream past: size, hash and kind."""

import hashlib

from dataflowtools.src.errors import TypeMismatch
from dataflowtools.src.logics.file.clean_names import extension_of
from dataflowtools.src.logics.file.find_kind import (
    HEAD_BYTES,
    OLE_NAMES,
    TAIL_BYTES,
    is_ole,
    kind_of_head,
    kind_of_ole,
    kind_of_zip,
)
from dataflowtools.src.logics.file.media_types import CLAIMS, MEDIA_TYPE_OF_KIND, OCTET_STREAM

_REFINED = {"zip", "ole"}
_OVERLAP_BYTES = max(map(len, OLE_NAMES))


class ContentInspector:
    """Takes the chunks of one file; raises TypeMismatch as soon as they belie the name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._claim = CLAIMS.get(extension_of(name))
        self._hash = hashlib.sha256()
        self._head = b""
        self._tail = bytearray()
        self._streams: set[str] = set()
        self.size_bytes = 0

    def take(self, chunk: bytes) -> None:
        """Learn from the next chunk."""
        early = len(self._head) < HEAD_BYTES
        if early:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        if is_ole(self._head):
            self._find_streams(chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        self._keep_tail(chunk)
        if early and len(self._head) == HEAD_BYTES:
            self._refuse_early()

    def finish(self) -> tuple[str, str]:
        """Return the SHA-256 and the media type; raises TypeMismatch."""
        return self._hash.hexdigest(), self._media_type(self._kind())

    def _kind(self) -> str:
        kind = kind_of_head(self._head)
        if kind == "zip":
            return kind_of_zip(self._head, bytes(self._tail), self.size_bytes)
        return kind_of_ole(frozenset(self._streams)) if kind == "ole" else kind

    def _refuse_early(self) -> None:
        kind = kind_of_head(self._head)
        if kind not in _REFINED:
            self._media_type(kind)

    def _media_type(self, kind: str) -> str:
        claim = self._claim
        if claim is None:
            return MEDIA_TYPE_OF_KIND.get(kind, OCTET_STREAM)
        if kind == "empty" or kind in claim.kinds:
            return MEDIA_TYPE_OF_KIND["rtf"] if kind == "rtf" else claim.media_type
        found = MEDIA_TYPE_OF_KIND.get(kind, "of no known type")
        raise TypeMismatch(
            f"{self._name!r} claims {claim.media_type}, but the content is {found}.",
            field="file",
            found=found,
        )

    def _find_streams(self, chunk: bytes) -> None:
        window = bytes(self._tail[-_OVERLAP_BYTES:]) + chunk
        self._streams.update(kind for name, kind in OLE_NAMES.items() if name in window)

    def _keep_tail(self, chunk: bytes) -> None:
        self._tail += chunk[-TAIL_BYTES:]
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]
