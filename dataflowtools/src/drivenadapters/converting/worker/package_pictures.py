"""The pictures within an office package or a book, as data; a name is looked up among its entries and nowhere else."""

import base64
import mimetypes
import posixpath
from collections.abc import Callable
from typing import BinaryIO
from urllib.parse import unquote

from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage


def pictures_in(file: BinaryIO) -> Callable[[str], str]:
    """Give what makes an address of data out of a name within the package, and nothing out of any other."""
    package = ZipPackage(file)
    found: dict[str, str] = {}

    def held(address: str) -> str:
        if address not in found:
            found[address] = _data(package, address)
        return found[address]

    return held


def _data(package: ZipPackage, address: str) -> str:
    wanted = posixpath.normpath(unquote(address)).removeprefix("../")
    names = [name for name in package.names() if name == wanted or name.endswith(f"/{wanted}")]
    kind = mimetypes.guess_type(wanted)[0] or ""
    if not names or not kind.startswith("image/"):
        return ""
    data = b"".join(package.chunks(min(names, key=len)))
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
