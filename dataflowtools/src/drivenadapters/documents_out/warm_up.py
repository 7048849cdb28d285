"""What the workers of documents load before their first job."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dataflowtools.src.drivenadapters.documents.decrypt import decrypt
from dataflowtools.src.drivenadapters.documents_out import edit_job, fill_job, write_job  # noqa: F401  # its libraries are loaded with it
from dataflowtools.src.drivenadapters.documents_out.locks import lock_office
from dataflowtools.src.drivenadapters.documents_out.office_package import CONTENT_TYPES, OutPackage
from dataflowtools.src.drivenadapters.documents_out.pdf import fonts

_NO_TYPES = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def warm_up() -> None:
    """Import what libraries would import at the first document, and read the fonts."""
    from PIL import Image
    from pypdf import PdfWriter

    Image.init()
    fonts.warm_up()
    _lock_once(PdfWriter())


def _lock_once(blank: Any) -> None:
    """Have the libraries load what they lock and open documents with."""
    blank.add_blank_page(10, 10)
    blank.encrypt("x", algorithm="AES-256")
    blank.write(io.BytesIO())
    package, held = OutPackage(parts={CONTENT_TYPES: _NO_TYPES}), (io.BytesIO(), io.BytesIO())
    package.save(held[0])
    lock_office(held[0], "x", held[1])
    with TemporaryDirectory() as folder, decrypt(held[1], "x", Path(folder)):
        pass
