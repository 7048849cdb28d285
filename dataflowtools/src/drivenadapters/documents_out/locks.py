"""Documents behind a password: opened to be changed, and locked again with the same one."""

import io
import os
import zipfile
from typing import Any, BinaryIO

import msoffcrypto.format.ooxml
from pypdf import PasswordType, PdfReader, PdfWriter

from dataflowtools.src.drivenadapters.documents_out.office_package import CONTENT_TYPES
from dataflowtools.src.errors import PasswordIncorrect, PasswordRequired

_ALGORITHM = "AES-256"
_LEAST_BYTES = 4096


def lock_office(plain: BinaryIO, password: str, out: BinaryIO) -> None:
    """Write an Office document so that the password opens it."""
    roomy = plain if plain.seek(0, os.SEEK_END) >= _LEAST_BYTES else _grown(plain)
    roomy.seek(0)
    msoffcrypto.format.ooxml.OOXMLFile(roomy).encrypt(password, out)


def _grown(plain: BinaryIO) -> BinaryIO:
    """Write a small package larger, for the library spoils what fits its container's smallest blocks."""
    held = io.BytesIO()
    with zipfile.ZipFile(plain) as package, zipfile.ZipFile(held, "w") as out:
        for entry in package.infolist():
            room = b"\n" * _LEAST_BYTES if entry.filename == CONTENT_TYPES else b""
            out.writestr(entry, package.read(entry) + room, zipfile.ZIP_STORED)
    return held


class PdfLock:
    """How a PDF is locked; what is made of it is locked in the same way."""

    def __init__(self, reader: PdfReader, password: str | None) -> None:
        self._password = password or ""
        self._is_locked = reader.is_encrypted
        if not self._is_locked:
            return
        if not password:
            raise PasswordRequired("The PDF is encrypted; give its password.", field="password")
        # one that anybody may read is opened by no password; its own then stands for the right to change it
        self._is_open = reader.decrypt("") != PasswordType.NOT_DECRYPTED
        if reader.decrypt(password) == PasswordType.NOT_DECRYPTED:
            raise PasswordIncorrect("The password does not open the PDF.", field="password")
        self._rights = reader.user_access_permissions

    def __bool__(self) -> bool:
        return self._is_locked

    def put_on(self, writer: PdfWriter) -> None:
        """Lock what is about to be written."""
        if not self._is_locked:
            return
        rights: dict[str, Any] = {} if self._rights is None else {"permissions_flag": self._rights}
        reading = "" if self._is_open else self._password
        writer.encrypt(reading, self._password, algorithm=_ALGORITHM, **rights)
