"""Zip files from strangers: checked before anything is unpacked, counted while it is."""

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

from dataflowtools.src.errors import CorruptFile, DecompressionLimit, PasswordRequired

MAX_ENTRIES = 20_000
MAX_TOTAL_BYTES = 1 << 30
MAX_RATIO = 100
# Small parts may be all zeros; a ratio is a bomb only when what comes out is large.
RATIO_FREE_BYTES = 16 << 20
_LOCAL_HEADER_BYTES = 30
_CHUNK_BYTES = 1 << 18
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|\0")


class ZipPackage:
    """The parts of a zip file by name; raises CorruptFile or DecompressionLimit instead of trusting it."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0, 2)
        self._size = file.tell()
        file.seek(0)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as exc:
            raise CorruptFile("The file is no complete zip package.") from exc
        self._left = MAX_TOTAL_BYTES
        self._parts = {entry.filename: entry for entry in self._zip.infolist()}
        self._check()

    def _check(self) -> None:
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise DecompressionLimit(f"The package has {len(entries)} entries; {MAX_ENTRIES} are read.")
        for entry in entries:
            if _OUTSIDE.search(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
                raise DecompressionLimit("The package holds an entry that leads outside of it.")
            if entry.flag_bits & 1:
                raise PasswordRequired("The package is encrypted entry by entry.", field="password")
        total = sum(entry.file_size for entry in entries)
        if total > MAX_TOTAL_BYTES or (total > RATIO_FREE_BYTES and total > MAX_RATIO * self._size):
            raise DecompressionLimit(f"The package unpacks to {total} bytes.")
        places = sorted(entries, key=lambda entry: entry.header_offset)
        for one, following in pairwise(places):
            if one.header_offset + _LOCAL_HEADER_BYTES + one.compress_size > following.header_offset:
                raise DecompressionLimit("Entries of the package overlap.")

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def names(self) -> list[str]:
        """List the parts."""
        return list(self._parts)

    def entry(self, name: str) -> zipfile.ZipInfo:
        """Return what the package's directory says of a part."""
        return self._parts[name]

    def chunks(self, name: str) -> Iterator[bytes]:
        """Unpack a part piece by piece."""
        entry = self._parts.get(name)
        if entry is None:
            raise CorruptFile(f"The package lacks its part {name[:100]}.")
        allowed = max(RATIO_FREE_BYTES, MAX_RATIO * entry.compress_size)
        try:
            with self._zip.open(entry) as part:
                while chunk := part.read(_CHUNK_BYTES):
                    self._left -= len(chunk)
                    allowed -= len(chunk)
                    if self._left < 0 or allowed < 0:
                        raise DecompressionLimit("The package unpacks to more than it may.")
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as exc:
            raise CorruptFile(f"The part {name[:100]} of the package is broken.") from exc

    def read(self, name: str) -> bytes:
        """Unpack a part whole."""
        return b"".join(self.chunks(name))

    def verify(self, prefix: str = "") -> None:
        """Unpack every part once, so that a reader that trusts headers meets no surprise."""
        for name in self._parts:
            if name.startswith(prefix):
                for _ in self.chunks(name):
                    pass
