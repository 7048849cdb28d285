"""Office documents behind a password, opened into the scratch folder."""

import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msoffcrypto
import msoffcrypto.exceptions

from dataflowtools.src.drivenadapters.documents.decrypt_odf import decrypt_odf, is_encrypted_odf
from dataflowtools.src.drivenadapters.documents.detect import ENCRYPTED
from dataflowtools.src.errors import CorruptFile, PasswordIncorrect, PasswordRequired, RequestRefused

_BROKEN = (
    OSError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    struct.error,
)


Opener = Callable[[BinaryIO, str | None, Path], BinaryIO]


def opener_for(file: BinaryIO, found: str) -> Opener | None:
    """Return what opens the file with a password, if it needs one to be read."""
    if found == ENCRYPTED or (found in ("doc", "xls", "ppt") and is_encrypted(file)):
        return decrypt
    if found in ("odt", "ods", "odp") and is_encrypted_odf(file):
        return decrypt_odf
    return None


def is_encrypted(file: BinaryIO) -> bool:
    """Tell whether an old Office file is encrypted."""
    file.seek(0)
    try:
        return bool(msoffcrypto.OfficeFile(file).is_encrypted())
    except (msoffcrypto.exceptions.FileFormatError, msoffcrypto.exceptions.ParseError, *_BROKEN):
        return False  # the reader of the format will say what is wrong with it
    finally:
        file.seek(0)


def decrypt(file: BinaryIO, password: str | None, scratch: Path) -> BinaryIO:
    """Return the plain document; raises PasswordRequired or PasswordIncorrect."""
    if not password:
        raise PasswordRequired("The document is encrypted; give its password.", field="password")
    file.seek(0)
    plain: BinaryIO = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115  # the caller closes it
    try:
        _decrypt(file, password, plain)
    except RequestRefused:
        plain.close()
        raise
    plain.seek(0)
    return plain


def _decrypt(file: BinaryIO, password: str, plain: BinaryIO) -> None:
    try:
        office = msoffcrypto.OfficeFile(file)
        office.load_key(password=password)
        office.decrypt(plain)
    except (msoffcrypto.exceptions.InvalidKeyError, msoffcrypto.exceptions.DecryptionError) as exc:
        raise PasswordIncorrect("The password does not open the document.", field="password") from exc
    except (msoffcrypto.exceptions.FileFormatError, msoffcrypto.exceptions.ParseError, *_BROKEN) as exc:
        raise CorruptFile("The encrypted document is broken.") from exc
